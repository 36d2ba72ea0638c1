//===- ThresholdCounts.h - Hits and misses at thresholds ----------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
// Internal to src/training.
#pragma once

#include "training/MetricKinds.h"

#include <optional>

namespace hornet::training {

/// Weights of the elements that are true and predicted so, false and predicted true, …
struct Counts {
  double truePositives, falsePositives, trueNegatives, falseNegatives;

  double precision() const { return divideNoNan(truePositives, truePositives + falsePositives); }
  double recall() const { return divideNoNan(truePositives, truePositives + falseNegatives); }
  double specificity() const { return divideNoNan(trueNegatives, trueNegatives + falsePositives); }
};

struct Selection {
  std::vector<float> thresholds;
  bool clip = false;              ///< predictions to [0, 1]: evenly spaced thresholds
  std::optional<int64_t> topK;    ///< only the k largest of a row are positive
  std::optional<int64_t> classId; ///< only this column counts
  bool perLabel = false;          ///< counts for each column
  bool fromLogits = false;
  std::vector<double> labelWeights; ///< of the columns
};

/// Keeps `Counts` for each threshold and, maybe, label.
class ThresholdMetric : public Metric {
public:
  static constexpr float never = -1e10f; ///< Keras's NEG_INF: what is never positive

protected:
  ThresholdMetric(Selection chosen, const OutputShapes &shapes)
      : selection(std::move(chosen)), width(lastOf(shapes.output)),
        labels(selection.perLabel ? width : 1) {
    sums.resize(selection.thresholds.size() * labels * 4);
  }

  size_t thresholds() const { return selection.thresholds.size(); }
  Counts counts(size_t threshold, size_t label = 0) const {
    const double *place = &sums[(threshold * labels + label) * 4];
    return {place[0], place[1], place[2], place[3]};
  }

  void add(const Samples &samples) override;

  Selection selection;
  size_t width, labels;

private:
  void addRow(std::span<const float> targets, std::span<const float> predictions, double weight);
  void addElement(bool target, float score, double weight, size_t label);
  void dropAllBut(size_t k);

  std::vector<float> scores;
  std::vector<size_t> order;
};

/// Whether they are 0, 1/n, 2/n, … 1. Of such, Keras takes predictions as within [0, 1].
bool areEven(std::span<const float> thresholds);

/// `num_thresholds` of them from 0 to 1, at least `least`; a single one is 0.5.
std::vector<float> evenThresholds(Spec &spec, int64_t least);

} // namespace hornet::training
