//===- MetricKinds.h - The tables of metrics ----------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

// Internal to src/training.

#include "training/Metrics.h"

#include <functional>
#include <numeric>

namespace hornet::training {

/// One class of keras.metrics.
struct MetricKind {
  std::string_view name;
  std::string_view defaultName; ///< what its instances are called
  Direction direction;
  /// Checks the shapes and reads the config; null when something was refused.
  std::unique_ptr<Metric> (*make)(Spec &spec, const OutputShapes &shapes);
};

// Each in a file of its own.
std::span<const MetricKind> rowMetrics(); ///< means of a value a row
std::span<const MetricKind> thresholdMetrics();
std::span<const MetricKind> areaMetrics();
std::span<const MetricKind> fScoreMetrics();
std::span<const MetricKind> overlapMetrics();
std::span<const MetricKind> r2Metrics();

inline int64_t product(const Shape &shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
}
inline size_t lastOf(const Shape &shape) {
  return shape.empty() ? 1 : static_cast<size_t>(shape.back());
}

/// Each element of the output has a target. Refuses other shapes.
bool checkSameShape(Spec &spec, const OutputShapes &shapes);
/// Each row of the output has an integer label.
bool checkLabels(Spec &spec, const OutputShapes &shapes);
/// A row a sample, with a target an element.
bool checkOneRow(Spec &spec, const OutputShapes &shapes);

/// The first of the largest.
size_t argmax(std::span<const float> row);

inline double divideNoNan(double a, double b) { return b == 0 ? 0 : a / b; }

/// Keras's backend.epsilon().
inline constexpr double epsilon = 1e-7;

} // namespace hornet::training
