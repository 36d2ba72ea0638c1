// Metrics that are the mean, over all rows (along the last dimension), of a value of the row.
#include "training/MetricKinds.h"
#include "training/RowValues.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>

namespace hornet::training {
namespace {

class RowMean : public Metric {
public:
  RowMean(RowValue value, const RowOptions &options, const OutputShapes &shapes, bool labels)
      : value(value), options(options), predictionWidth(lastOf(shapes.output)),
        targetWidth(labels ? 1 : predictionWidth),
        rowsPerSample(static_cast<size_t>(product(shapes.output)) / predictionWidth) {
    sums.resize(2); // of the values, of the weights
  }
  std::vector<double> result() const override { return {divideNoNan(sums[0], sums[1])}; }

protected:
  void add(const Samples &samples) override {
    for (size_t sample = 0; sample < samples.count; ++sample) {
      double sum = 0, counted = 0;
      for (size_t row = sample * rowsPerSample; row < (sample + 1) * rowsPerSample; ++row) {
        Row targets = samples.targets.subspan(row * targetWidth, targetWidth);
        sum += value(targets, samples.predictions.subspan(row * predictionWidth, predictionWidth),
                     options);
        // In Keras, rows of an ignored class count as 0, but with weights not at all.
        counted += samples.weights.empty() || !isIgnored(targets, options);
      }
      double share = samples.weight(sample) / static_cast<double>(rowsPerSample);
      sums[0] += share * sum;
      sums[1] += share * counted;
    }
  }

private:
  RowValue value;
  RowOptions options;
  size_t predictionWidth, targetWidth, rowsPerSample;
};

class RootOfMean : public RowMean {
public:
  using RowMean::RowMean;
  std::vector<double> result() const override { return {std::sqrt(RowMean::result()[0])}; }
};

/// Targets of 0 and 1 mean -1 and 1, when the batch has no others.
class SignedMean : public RowMean {
public:
  using RowMean::RowMean;

private:
  void add(const Samples &samples) override {
    if (!std::ranges::all_of(samples.targets, [](float t) { return t == 0 || t == 1; }))
      return RowMean::add(samples);
    std::vector<float> signs;
    for (float target : samples.targets)
      signs.push_back(2 * target - 1);
    Samples changed = samples;
    changed.targets = signs;
    RowMean::add(changed);
  }
};

RowOptions readOptions(Spec &spec) {
  RowOptions options;
  options.threshold = spec.number("threshold", options.threshold);
  options.k = spec.integer("k", options.k);
  options.fromLogits = spec.flag("from_logits", false);
  options.smoothing = spec.number("label_smoothing", 0);
  if (spec.has("ignore_class"))
    options.ignored = spec.integer("ignore_class", 0);
  if (spec.integer("axis", -1) != -1)
    spec.refuse("axis", fmt::format("{} is not supported", spec.at("axis").dump()), "use -1");
  if (spec.flag("from_sorted_ids", false))
    spec.refuse("from_sorted_ids", "is not supported", "give scores");
  return options;
}

template <RowValue value, class Reduction = RowMean>
std::unique_ptr<Metric> ofElements(Spec &spec, const OutputShapes &shapes) {
  RowOptions options = readOptions(spec);
  if (!checkSameShape(spec, shapes))
    return nullptr;
  return std::make_unique<Reduction>(value, options, shapes, false);
}
template <RowValue value> std::unique_ptr<Metric> ofLabels(Spec &spec, const OutputShapes &shapes) {
  RowOptions options = readOptions(spec);
  if (!checkLabels(spec, shapes))
    return nullptr;
  return std::make_unique<RowMean>(value, options, shapes, true);
}

using namespace row;
using enum Direction;
constexpr std::array<MetricKind, 23> kinds{{
    {"Accuracy", "accuracy", up, ofElements<equal>},
    {"BinaryAccuracy", "binary_accuracy", up, ofElements<binaryAccuracy>},
    {"CategoricalAccuracy", "categorical_accuracy", up, ofElements<categoricalAccuracy>},
    {"SparseCategoricalAccuracy", "sparse_categorical_accuracy", up, ofLabels<sparseAccuracy>},
    {"TopKCategoricalAccuracy", "top_k_categorical_accuracy", up, ofElements<topK>},
    {"SparseTopKCategoricalAccuracy", "sparse_top_k_categorical_accuracy", up,
     ofLabels<sparseTopK>},
    {"MeanSquaredError", "mean_squared_error", down, ofElements<squaredError>},
    {"RootMeanSquaredError", "root_mean_squared_error", down, ofElements<squaredError, RootOfMean>},
    {"MeanAbsoluteError", "mean_absolute_error", down, ofElements<absoluteError>},
    {"MeanAbsolutePercentageError", "mean_absolute_percentage_error", down,
     ofElements<percentageError>},
    {"MeanSquaredLogarithmicError", "mean_squared_logarithmic_error", down,
     ofElements<logarithmicError>},
    {"LogCoshError", "logcosh", down, ofElements<logCosh>},
    {"CosineSimilarity", "cosine_similarity", up, ofElements<cosineSimilarity>},
    {"PearsonCorrelation", "pearson_correlation", up, ofElements<pearson>},
    {"ConcordanceCorrelation", "concordance_correlation", up, ofElements<concordance>},
    {"Poisson", "poisson", down, ofElements<poisson>},
    {"KLDivergence", "kl_divergence", down, ofElements<divergence>},
    {"Hinge", "hinge", down, ofElements<hinge, SignedMean>},
    {"SquaredHinge", "squared_hinge", down, ofElements<squaredHinge, SignedMean>},
    {"CategoricalHinge", "categorical_hinge", down, ofElements<categoricalHinge>},
    {"BinaryCrossentropy", "binary_crossentropy", down, ofElements<binaryCrossentropy>},
    {"CategoricalCrossentropy", "categorical_crossentropy", down,
     ofElements<categoricalCrossentropy>},
    {"SparseCategoricalCrossentropy", "sparse_categorical_crossentropy", down,
     ofLabels<sparseCrossentropy>},
}};

} // namespace

std::span<const MetricKind> rowMetrics() { return kinds; }

} // namespace hornet::training
