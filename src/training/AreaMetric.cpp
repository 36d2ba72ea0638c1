// The area under a curve. Source: keras.src.metrics.confusion_metrics.
#include "training/ThresholdCounts.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>

namespace hornet::training {
namespace {

enum class Curve { roc, pr, prGain };
enum class Summation { interpolation, majoring, minoring };

/// The area under a curve of two rates.
class Area : public ThresholdMetric {
public:
  Area(Curve curve, Summation summation, Selection selection, const OutputShapes &shapes)
      : ThresholdMetric(std::move(selection), shapes), curve(curve), summation(summation) {}

  std::vector<double> result() const override {
    double sum = 0, weights = 0;
    for (size_t label = 0; label < labels; ++label) {
      bool weighted = selection.perLabel && !selection.labelWeights.empty();
      double weight = weighted ? selection.labelWeights[label] : 1;
      sum += weight * areaOf(label);
      weights += weight;
    }
    return {divideNoNan(sum, weights)};
  }

private:
  struct Point {
    double x, y;
  };

  double areaOf(size_t label) const {
    double area = 0;
    for (size_t i = 0; i + 1 < thresholds(); ++i) {
      Counts low = counts(i, label), high = counts(i + 1, label);
      if (curve == Curve::pr && summation == Summation::interpolation) {
        area += interpolated(low, high);
        continue;
      }
      Point a = pointOf(low), b = pointOf(high);
      double height = summation == Summation::interpolation ? (a.y + b.y) / 2
                      : summation == Summation::minoring    ? std::min(a.y, b.y)
                                                            : std::max(a.y, b.y);
      area += (a.x - b.x) * height;
    }
    return area;
  }

  Point pointOf(const Counts &c) const {
    if (curve == Curve::roc)
      return {divideNoNan(c.falsePositives, c.falsePositives + c.trueNegatives), c.recall()};
    if (curve == Curve::pr)
      return {c.recall(), c.precision()};
    if (c.truePositives == 0)
      return {0, 1};
    double odds =
        divideNoNan(c.truePositives + c.falseNegatives, c.trueNegatives + c.falsePositives);
    return {std::max(0.0, 1 - odds * c.falseNegatives / c.truePositives),
            1 - odds * c.falsePositives / c.truePositives};
  }

  /// True positives are linear in all positives between two thresholds; precision is not. Source:
  /// Davis and Goadrich, "The relationship between precision-recall and ROC curves", ICML 2006.
  static double interpolated(const Counts &low, const Counts &high) {
    double hits = low.truePositives - high.truePositives;
    double positives = low.truePositives + low.falsePositives;
    double before = high.truePositives + high.falsePositives;
    double slope = divideNoNan(hits, std::max(positives - before, 0.0));
    double intercept = high.truePositives - slope * before;
    double ratio = positives > 0 && before > 0 ? positives / before : 1;
    return divideNoNan(slope * (hits + intercept * std::log(ratio)),
                       std::max(high.truePositives + high.falseNegatives, 0.0));
  }

  Curve curve;
  Summation summation;
};

std::vector<float> aucThresholds(Spec &spec, bool &even) {
  std::vector<float> thresholds;
  if (spec.has("thresholds")) {
    for (double threshold : spec.numbers("thresholds", {}))
      thresholds.push_back(static_cast<float>(threshold));
    std::ranges::sort(thresholds);
    thresholds.insert(thresholds.begin(), 0.f);
    thresholds.push_back(1.f);
    even = areEven(thresholds);
  } else {
    thresholds = evenThresholds(spec, 2);
    even = true;
  }
  // So that a prediction of 0 is above the first, and one of 1 not above the last.
  thresholds.front() = static_cast<float>(-epsilon);
  thresholds.back() = static_cast<float>(1 + epsilon);
  return thresholds;
}

std::unique_ptr<Metric> auc(Spec &spec, const OutputShapes &shapes) {
  Selection selection;
  selection.thresholds = aucThresholds(spec, selection.clip);
  selection.perLabel = spec.flag("multi_label", false);
  selection.fromLogits = spec.flag("from_logits", false);
  selection.labelWeights = spec.numbers("label_weights", {});
  if (!selection.labelWeights.empty() && selection.labelWeights.size() != lastOf(shapes.output))
    spec.refuse("label_weights", fmt::format("{} weights for {} columns",
                                             selection.labelWeights.size(), lastOf(shapes.output)));
  auto curve = static_cast<Curve>(spec.choice("curve", 0, {"ROC", "PR", "PRGAIN"}));
  auto summation = static_cast<Summation>(
      spec.choice("summation_method", 0, {"interpolation", "majoring", "minoring"}));
  if (!checkSameShape(spec, shapes))
    return nullptr;
  return std::make_unique<Area>(curve, summation, std::move(selection), shapes);
}

constexpr std::array<MetricKind, 1> kinds{{{"AUC", "auc", Direction::up, auc}}};

} // namespace

std::span<const MetricKind> areaMetrics() { return kinds; }

} // namespace hornet::training
