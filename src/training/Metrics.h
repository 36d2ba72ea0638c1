//===- Metrics.h - How good the predictions are -------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Tensor.h"
#include "keras/Spec.h"

#include <memory>

namespace hornet::training {

using keras::Json;
using keras::Spec;

/// Of one output of a model, both without the batch.
struct OutputShapes {
  Shape target; ///< of what is to be predicted, as the batches hold it: () are integer labels
  Shape output;
};

/// Which way a metric improves, for callbacks that are not told.
enum class Direction { down, up };

/// A Keras metric: sums over all batches since the last reset. Computed in double precision.
class Metric {
public:
  virtual ~Metric() = default;

  const std::string &name() const { return given; }
  Direction direction() const { return improves; }

  /// Adds one batch. `targets` of any type; `predictions` float32; both have the shapes that the
  /// metric was made for. `weights` has one number a sample, or is empty: all count alike.
  void update(const Tensor &targets, const Tensor &predictions,
              std::span<const float> weights = {});
  /// One number; of metrics with several thresholds or classes one each.
  virtual std::vector<double> result() const = 0;
  /// The sums, which a checkpoint keeps and puts back.
  std::span<double> state() { return sums; }
  void reset();

protected:
  /// One batch: both arrays in rows along the last dimension, in the samples' order.
  struct Samples {
    size_t count;
    std::span<const float> targets, predictions, weights;
    double weight(size_t sample) const { return weights.empty() ? 1 : weights[sample]; }
  };
  virtual void add(const Samples &samples) = 0;

  std::vector<double> sums;

private:
  friend Expected<std::unique_ptr<Metric>> makeMetric(const Json &, const OutputShapes &,
                                                      const Problem &);
  std::string given;
  Direction improves = Direction::down;
};

/// A metric from its name or config; "accuracy" and "acc" become binary, sparse categorical or
/// categorical accuracy by the shapes, as in Keras. `where` is for messages. Input error: no such
/// metric, a config that it does not take, shapes that do not fit it.
Expected<std::unique_ptr<Metric>> makeMetric(const Json &json, const OutputShapes &shapes,
                                             const Problem &where = {});

/// The mean of a loss over batches of several sizes.
class RunningMean {
public:
  void add(double value, double weight) {
    sum += value * weight;
    count += weight;
  }
  double result() const { return count ? sum / count : 0; }
  void reset() { sum = count = 0; }

  double sum = 0, count = 0;
};

} // namespace hornet::training
