//===- RowValues.h - What metrics make of a row -------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
// Internal to src/training.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace hornet::training {

using Row = std::span<const float>;

struct RowOptions {
  double threshold = 0.5;
  int64_t k = 5;
  bool fromLogits = false;
  double smoothing = 0;
  std::optional<int64_t> ignored;
};

/// The value of a row of predictions, given its targets: as many of them, or one label.
using RowValue = double (*)(Row targets, Row predictions, const RowOptions &options);

// Formulas: keras.src.losses.losses and keras.src.metrics.
namespace row {
double squaredError(Row targets, Row predictions, const RowOptions &options);
double absoluteError(Row targets, Row predictions, const RowOptions &options);
double percentageError(Row targets, Row predictions, const RowOptions &options);
double logarithmicError(Row targets, Row predictions, const RowOptions &options);
double logCosh(Row targets, Row predictions, const RowOptions &options);
double poisson(Row targets, Row predictions, const RowOptions &options);
double cosineSimilarity(Row targets, Row predictions, const RowOptions &options);
double pearson(Row targets, Row predictions, const RowOptions &options);
double concordance(Row targets, Row predictions, const RowOptions &options);
double hinge(Row targets, Row predictions, const RowOptions &options);
double squaredHinge(Row targets, Row predictions, const RowOptions &options);
double categoricalHinge(Row targets, Row predictions, const RowOptions &options);
double divergence(Row targets, Row predictions, const RowOptions &options);
double binaryCrossentropy(Row targets, Row predictions, const RowOptions &options);
double categoricalCrossentropy(Row targets, Row predictions, const RowOptions &options);
double sparseCrossentropy(Row targets, Row predictions, const RowOptions &options);
double equal(Row targets, Row predictions, const RowOptions &options);
double binaryAccuracy(Row targets, Row predictions, const RowOptions &options);
double categoricalAccuracy(Row targets, Row predictions, const RowOptions &options);
double sparseAccuracy(Row targets, Row predictions, const RowOptions &options);
double topK(Row targets, Row predictions, const RowOptions &options);
double sparseTopK(Row targets, Row predictions, const RowOptions &options);
} // namespace row

/// Whether the label is the class that does not count.
bool isIgnored(Row labels, const RowOptions &options);

} // namespace hornet::training
