// Metrics of hits and misses: predictions above thresholds, against targets that are true or not.
// Source: keras.src.metrics.confusion_metrics, whose 200 thresholds are kept, so that results
// agree.
#include "training/MetricKinds.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>

namespace hornet::training {
namespace {

/// Weights of the elements that are true and predicted so, false and predicted true, …
struct Counts {
  double truePositives, falsePositives, trueNegatives, falseNegatives;

  double precision() const { return divideNoNan(truePositives, truePositives + falsePositives); }
  double recall() const { return divideNoNan(truePositives, truePositives + falseNegatives); }
  double specificity() const { return divideNoNan(trueNegatives, trueNegatives + falsePositives); }
};
using Rate = double (*)(const Counts &);

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

  void add(const Samples &samples) override {
    size_t rows = samples.predictions.size() / width;
    for (size_t row = 0; row < rows; ++row)
      addRow(samples.targets.subspan(row * width, width),
             samples.predictions.subspan(row * width, width),
             samples.weight(row * samples.count / rows));
  }

  Selection selection;
  size_t width, labels;

private:
  void addRow(std::span<const float> targets, std::span<const float> predictions, double weight) {
    scores.assign(predictions.begin(), predictions.end());
    if (selection.fromLogits)
      for (float &score : scores)
        score = 1 / (1 + std::exp(-score));
    if (selection.topK)
      dropAllBut(static_cast<size_t>(*selection.topK));
    size_t first = selection.classId ? static_cast<size_t>(*selection.classId) : 0;
    size_t end = selection.classId ? first + 1 : width;
    for (size_t column = first; column < end; ++column) {
      double share = selection.perLabel || selection.labelWeights.empty()
                         ? weight
                         : weight * selection.labelWeights[column];
      addElement(targets[column] != 0, scores[column], share, selection.perLabel ? column : 0);
    }
  }

  void addElement(bool target, float score, double weight, size_t label) {
    if (selection.clip)
      score = std::clamp(score, 0.f, 1.f);
    for (size_t i = 0; i < thresholds(); ++i) {
      bool positive = score > selection.thresholds[i];
      // Their order in Counts.
      int place = positive ? (target ? 0 : 1) : (target ? 3 : 2);
      sums[(i * labels + label) * 4 + place] += weight;
    }
  }

  /// What is not among the k largest, of equal ones the first, is never positive.
  void dropAllBut(size_t k) {
    order.resize(scores.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::sort(order, [&](size_t a, size_t b) {
      return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
    });
    for (size_t i = std::min(k, order.size()); i < order.size(); ++i)
      scores[order[i]] = never;
  }

public:
  static constexpr float never = -1e10f; ///< Keras's NEG_INF
private:
  std::vector<float> scores;
  std::vector<size_t> order;
};

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

bool areEven(std::span<const float> thresholds) {
  if (thresholds.size() < 3)
    return false;
  for (size_t i = 0; i < thresholds.size(); ++i) {
    float even = static_cast<float>(i) / static_cast<float>(thresholds.size() - 1);
    if (std::abs(thresholds[i] - even) > 1e-7f + 1e-5f * even)
      return false;
  }
  return true;
}

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

/// n thresholds from 0 to 1.
std::vector<float> evenThresholds(Spec &spec, int64_t least) {
  int64_t count = spec.integer("num_thresholds", 200);
  constexpr int64_t most = 1 << 20;
  if (count < least || count > most) {
    spec.refuse("num_thresholds", fmt::format("{} is not between {} and {}", count, least, most));
    count = 1;
  }
  if (count == 1)
    return {0.5f};
  std::vector<float> thresholds(count);
  for (size_t i = 0; i < thresholds.size(); ++i)
    thresholds[i] = static_cast<float>(static_cast<double>(i) / static_cast<double>(count - 1));
  return thresholds;
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

template <class Value, size_t count>
Value choose(Spec &spec, const char *key,
             const std::array<std::pair<std::string_view, Value>, count> &table) {
  std::string text = spec.text(key, std::string(table[0].first));
  std::vector<std::string_view> names;
  for (auto [name, value] : table) {
    if (sameName(name, text))
      return value;
    names.push_back(name);
  }
  spec.refuse(key, fmt::format("'{}' is none of its values", text),
              fmt::format("choose one of {}", fmt::join(names, ", ")));
  return table[0].second;
}

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
  auto curve = choose<Curve, 3>(
      spec, "curve", {{{"ROC", Curve::roc}, {"PR", Curve::pr}, {"PRGAIN", Curve::prGain}}});
  auto summation = choose<Summation, 3>(spec, "summation_method",
                                        {{{"interpolation", Summation::interpolation},
                                          {"majoring", Summation::majoring},
                                          {"minoring", Summation::minoring}}});
  if (!checkSameShape(spec, shapes))
    return nullptr;
  return std::make_unique<Area>(curve, summation, std::move(selection), shapes);
}

using enum Direction;
constexpr std::array<MetricKind, 11> kinds{{
    {"AUC", "auc", up, auc},
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
