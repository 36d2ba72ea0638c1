// Metrics of hits and misses: predictions above thresholds, against targets that are true or not.
// Source: keras.src.metrics.confusion_metrics, whose 200 thresholds are kept, so that results
// agree.
#include "training/ThresholdCounts.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace hornet::training {
namespace {

using Rate = double (*)(const Counts &);

/// A rate at each threshold.
class RateAtThresholds : public ThresholdMetric {
public:
  RateAtThresholds(Rate rate, Selection selection, const OutputShapes &shapes)
      : ThresholdMetric(std::move(selection), shapes), rate(rate) {}
  std::vector<double> result() const override {
    std::vector<double> rates;
    rates.reserve(thresholds());
    for (size_t i = 0; i < thresholds(); ++i)
      rates.push_back(rate(counts(i)));
    return rates;
  }

private:
  Rate rate;
};

/// The best of one rate where another is at least a value.
class BestRate : public ThresholdMetric {
public:
  BestRate(Rate constrained, double least, Rate best, Selection selection,
           const OutputShapes &shapes)
      : ThresholdMetric(std::move(selection), shapes), constrained(constrained), best(best),
        least(least) {}
  std::vector<double> result() const override {
    double found = 0;
    for (size_t i = 0; i < thresholds(); ++i)
      if (constrained(counts(i)) >= least)
        found = std::max(found, best(counts(i)));
    return {found};
  }

private:
  Rate constrained, best;
  double least;
};

/// `thresholds`, `top_k` and `class_id` as most metrics take them.
Selection readSelection(Spec &spec, const OutputShapes &shapes) {
  Selection selection;
  if (spec.has("top_k"))
    selection.topK = spec.integer("top_k", 1);
  if (spec.has("class_id"))
    selection.classId = spec.integer("class_id", 0);
  auto columns = static_cast<int64_t>(lastOf(shapes.output));
  if (selection.topK && (*selection.topK < 1 || *selection.topK > columns))
    spec.refuse("top_k", fmt::format("{} of {} columns", *selection.topK, columns));
  if (selection.classId && (*selection.classId < 0 || *selection.classId >= columns))
    spec.refuse(
        "class_id",
        fmt::format("the output has {} columns, and none number {}", columns, *selection.classId),
        fmt::format("give 0 to {}", columns - 1));
  double usual = selection.topK ? ThresholdMetric::never : 0.5;
  for (double threshold : spec.numbers("thresholds", {usual})) {
    if (spec.has("thresholds") && !(threshold >= 0 && threshold <= 1))
      spec.refuse("thresholds", fmt::format("{} is not between 0 and 1", threshold));
    selection.thresholds.push_back(static_cast<float>(threshold));
  }
  if (selection.thresholds.empty())
    spec.refuse("thresholds", "there is none");
  selection.clip = areEven(selection.thresholds);
  return selection;
}

template <Rate rate> std::unique_ptr<Metric> atThresholds(Spec &spec, const OutputShapes &shapes) {
  Selection selection = readSelection(spec, shapes);
  if (!checkSameShape(spec, shapes))
    return nullptr;
  return std::make_unique<RateAtThresholds>(rate, std::move(selection), shapes);
}

constexpr Rate precision = [](const Counts &c) { return c.precision(); };
constexpr Rate recall = [](const Counts &c) { return c.recall(); };
constexpr Rate specificity = [](const Counts &c) { return c.specificity(); };
constexpr Rate truePositives = [](const Counts &c) { return c.truePositives; };
constexpr Rate falsePositives = [](const Counts &c) { return c.falsePositives; };
constexpr Rate trueNegatives = [](const Counts &c) { return c.trueNegatives; };
constexpr Rate falseNegatives = [](const Counts &c) { return c.falseNegatives; };

/// Of these, the key in the config is the name of the rate that has a least value.
std::unique_ptr<Metric> bestAt(const char *key, Rate constrained, Rate best, Spec &spec,
                               const OutputShapes &shapes) {
  Selection selection = readSelection(spec, shapes);
  selection.thresholds = evenThresholds(spec, 1);
  selection.clip = selection.thresholds.size() > 1;
  double least = spec.number(key, -1);
  if (!(least >= 0 && least <= 1))
    spec.refuse(key, "give a number between 0 and 1");
  if (!checkSameShape(spec, shapes))
    return nullptr;
  return std::make_unique<BestRate>(constrained, least, best, std::move(selection), shapes);
}

using enum Direction;
constexpr std::array<MetricKind, 10> kinds{{
    {"Precision", "precision", up, atThresholds<precision>},
    {"Recall", "recall", up, atThresholds<recall>},
    {"TruePositives", "true_positives", up, atThresholds<truePositives>},
    {"FalsePositives", "false_positives", down, atThresholds<falsePositives>},
    {"TrueNegatives", "true_negatives", up, atThresholds<trueNegatives>},
    {"FalseNegatives", "false_negatives", down, atThresholds<falseNegatives>},
    {"SensitivityAtSpecificity", "sensitivity_at_specificity", up,
     [](Spec &spec, const OutputShapes &shapes) {
       return bestAt("specificity", specificity, recall, spec, shapes);
     }},
    {"SpecificityAtSensitivity", "specificity_at_sensitivity", up,
     [](Spec &spec, const OutputShapes &shapes) {
       return bestAt("sensitivity", recall, specificity, spec, shapes);
     }},
    {"PrecisionAtRecall", "precision_at_recall", up,
     [](Spec &spec, const OutputShapes &shapes) {
       return bestAt("recall", recall, precision, spec, shapes);
     }},
    {"RecallAtPrecision", "recall_at_precision", up,
     [](Spec &spec, const OutputShapes &shapes) {
       return bestAt("precision", precision, recall, spec, shapes);
     }},
}};

} // namespace

std::span<const MetricKind> thresholdMetrics() { return kinds; }

} // namespace hornet::training
