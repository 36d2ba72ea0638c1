// Metrics of counts a class (F-scores, intersection over union), and the coefficient of
// determination, which sums in the same way. Sources: keras.src.metrics.f_score_metrics,
// iou_metrics, regression_metrics.
#include "training/MetricKinds.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>

namespace hornet::training {
namespace {

/// One of the words, or empty when absent.
std::string oneOf(Spec &spec, const char *key, std::string fallback,
                  std::initializer_list<std::string_view> words) {
  std::string text = spec.text(key, std::move(fallback));
  if (!text.empty() && std::ranges::find(words, text) == words.end())
    spec.refuse(key, fmt::format("'{}' is none of its values", text),
                fmt::format("choose one of {}, or leave it out", fmt::join(words, ", ")));
  return text;
}

class FScore : public Metric {
public:
  struct Options {
    std::string average; ///< empty: one score a class
    double beta = 1;
    std::optional<double> threshold; ///< none: the largest of a row is positive
  };
  FScore(Options options, const OutputShapes &shapes)
      : options(std::move(options)), classes(lastOf(shapes.output)) {
    sums.resize(classes * 3);
  }

  std::vector<double> result() const override {
    std::vector<double> scores;
    double weighted = 0, mean = 0, all = 0;
    Hits together;
    for (size_t i = 0; i < classes; ++i) {
      Hits hits{sums[3 * i], sums[3 * i + 1], sums[3 * i + 2]};
      together = {together.right + hits.right, together.wrong + hits.wrong,
                  together.missed + hits.missed};
      scores.push_back(scoreOf(hits));
      mean += scores.back() / static_cast<double>(classes);
      weighted += scores.back() * (hits.right + hits.missed);
      all += hits.right + hits.missed;
    }
    if (options.average.empty())
      return scores;
    if (options.average == "micro")
      return {scoreOf(together)};
    return {options.average == "macro" ? mean : weighted / (all + epsilon)};
  }

private:
  struct Hits {
    double right = 0, wrong = 0, missed = 0;
  };

  void add(const Samples &samples) override {
    for (size_t sample = 0; sample < samples.count; ++sample) {
      auto predictions = samples.predictions.subspan(sample * classes, classes);
      float largest = std::ranges::max(predictions);
      for (size_t i = 0; i < classes; ++i) {
        float score = predictions[i];
        bool positive = options.threshold ? score > static_cast<float>(*options.threshold)
                                          : score >= largest && std::abs(score) > 1e-9f;
        double target = samples.targets[sample * classes + i], weight = samples.weight(sample);
        sums[3 * i] += weight * positive * target;
        sums[3 * i + 1] += weight * positive * (1 - target);
        sums[3 * i + 2] += weight * !positive * target;
      }
    }
  }

  double scoreOf(const Hits &hits) const {
    double precision = hits.right / (hits.right + hits.wrong + epsilon);
    double recall = hits.right / (hits.right + hits.missed + epsilon);
    double square = options.beta * options.beta;
    return (1 + square) * precision * recall / (square * precision + recall + epsilon);
  }

  Options options;
  size_t classes;
};

std::unique_ptr<Metric> fScore(Spec &spec, const OutputShapes &shapes) {
  FScore::Options options;
  options.average = oneOf(spec, "average", "", {"micro", "macro", "weighted"});
  options.beta = spec.number("beta", 1);
  if (!(options.beta > 0))
    spec.refuse("beta", fmt::format("{} is not greater than 0", options.beta));
  if (spec.has("threshold")) {
    options.threshold = spec.number("threshold", 0.5);
    if (!(*options.threshold > 0 && *options.threshold <= 1))
      spec.refuse("threshold", fmt::format("{} is not in (0, 1]", *options.threshold));
  }
  if (!checkOneRow(spec, shapes))
    return nullptr;
  return std::make_unique<FScore>(std::move(options), shapes);
}

/// Intersection over union, from the confusion matrix.
class Overlap : public Metric {
public:
  struct Options {
    int64_t classes = 2;
    std::vector<double> targets; ///< the classes that count
    std::optional<int64_t> ignored;
    bool targetLabels = true, predictionLabels = true; ///< labels, not one-hot or scores
    std::optional<float> threshold;                    ///< of a prediction of two classes
    bool wholeWeights = true;                          ///< Keras's integers cut weights off
  };
  Overlap(Options options, const OutputShapes &shapes)
      : options(std::move(options)),
        targetWidth(this->options.targetLabels ? 1 : lastOf(shapes.target)),
        predictionWidth(this->options.predictionLabels ? 1 : lastOf(shapes.output)) {
    sums.resize(this->options.classes * this->options.classes);
  }

  std::vector<double> result() const override {
    double total = 0, valid = 0;
    for (double target : options.targets) {
      auto index = static_cast<int64_t>(target);
      double row = 0, column = 0, both = at(index, index);
      for (int64_t i = 0; i < options.classes; ++i) {
        row += at(index, i);
        column += at(i, index);
      }
      double either = row + column - both;
      if (either > 1e-9) {
        total += both / (either + epsilon);
        ++valid;
      }
    }
    return {total / (valid + epsilon)};
  }

private:
  double at(int64_t target, int64_t prediction) const {
    return sums[target * options.classes + prediction];
  }

  static double labelOf(std::span<const float> row) {
    return row.size() == 1 ? std::trunc(double{row[0]}) : static_cast<double>(argmax(row));
  }

  void add(const Samples &samples) override {
    size_t rows = samples.predictions.size() / predictionWidth;
    auto inside = [&](double label) {
      return label >= 0 && label < static_cast<double>(options.classes);
    };
    for (size_t row = 0; row < rows; ++row) {
      double target = labelOf(samples.targets.subspan(row * targetWidth, targetWidth));
      auto scores = samples.predictions.subspan(row * predictionWidth, predictionWidth);
      double prediction = options.threshold ? scores[0] >= *options.threshold : labelOf(scores);
      if (!inside(target) || !inside(prediction) ||
          (options.ignored && target == static_cast<double>(*options.ignored)))
        continue;
      double weight = samples.weight(row * samples.count / rows);
      sums[static_cast<int64_t>(target) * options.classes + static_cast<int64_t>(prediction)] +=
          options.wholeWeights ? std::trunc(weight) : weight;
    }
  }

  Options options;
  size_t targetWidth, predictionWidth;
};

std::unique_ptr<Metric> overlap(Spec &spec, const OutputShapes &shapes, Overlap::Options options,
                                bool allClasses) {
  constexpr int64_t mostClasses = 1 << 12; // the matrix has the square of them
  if (!options.threshold)
    options.classes = spec.integer("num_classes", 0);
  if (options.classes < 1 || options.classes > mostClasses) {
    spec.refuse("num_classes",
                fmt::format("{} is not between 1 and {}", options.classes, mostClasses));
    return nullptr;
  }
  std::vector<double> all(options.classes);
  std::iota(all.begin(), all.end(), 0);
  options.targets = allClasses ? all
                               : spec.numbers("target_class_ids",
                                              options.threshold ? all : std::vector<double>());
  if (options.targets.empty())
    spec.refuse("target_class_ids", "there is none", "list the classes that count");
  for (double target : options.targets)
    if (!(target >= 0 && target < static_cast<double>(options.classes)))
      spec.refuse("target_class_ids",
                  fmt::format("{} is none of {} classes", target, options.classes));
  if (spec.has("ignore_class"))
    options.ignored = spec.integer("ignore_class", 0);
  options.targetLabels = spec.flag("sparse_y_true", options.targetLabels);
  options.predictionLabels = spec.flag("sparse_y_pred", options.predictionLabels);
  options.wholeWeights = !spec.at("dtype").is_string() ||
                         spec.at("dtype").get<std::string>().find("int") != std::string::npos;
  if (spec.integer("axis", -1) != -1)
    spec.refuse("axis", fmt::format("{} is not supported", spec.at("axis").dump()), "use -1");
  int64_t targetRows = product(shapes.target) /
                       static_cast<int64_t>(options.targetLabels ? 1 : lastOf(shapes.target));
  int64_t outputRows = product(shapes.output) /
                       static_cast<int64_t>(options.predictionLabels ? 1 : lastOf(shapes.output));
  if (targetRows != outputRows) {
    spec.refuse(
        nullptr,
        fmt::format("there are {} targets and {} predictions a sample", targetRows, outputRows),
        "set sparse_y_true and sparse_y_pred to whether they are labels");
    return nullptr;
  }
  return std::make_unique<Overlap>(std::move(options), shapes);
}

template <bool labels, bool allClasses>
std::unique_ptr<Metric> iou(Spec &spec, const OutputShapes &shapes) {
  Overlap::Options options;
  options.targetLabels = options.predictionLabels = labels;
  return overlap(spec, shapes, options, allClasses);
}
std::unique_ptr<Metric> binaryIou(Spec &spec, const OutputShapes &shapes) {
  Overlap::Options options;
  options.threshold = static_cast<float>(spec.number("threshold", 0.5));
  return overlap(spec, shapes, options, false);
}

/// The coefficient of determination.
class R2 : public Metric {
public:
  R2(std::string aggregation, int64_t regressors, const OutputShapes &shapes)
      : aggregation(std::move(aggregation)), regressors(static_cast<double>(regressors)),
        width(lastOf(shapes.output)) {
    sums.resize(width * sumsPerOutput + 1);
  }

  std::vector<double> result() const override {
    std::vector<double> scores;
    double mean = 0, weighted = 0, totals = 0;
    for (size_t i = 0; i < width; ++i) {
      const double *s = &sums[i * sumsPerOutput];
      double total = s[1] - s[0] * s[0] / s[3], score = 1 - s[2] / total;
      scores.push_back(std::isinf(score) ? 0 : score);
      mean += scores.back() / static_cast<double>(width);
      weighted += total * scores.back();
      totals += total;
    }
    if (aggregation == "uniform_average")
      scores = {mean};
    else if (aggregation == "variance_weighted_average")
      scores = {weighted / totals};
    for (double &score : scores)
      score = adjusted(score);
    return scores;
  }

private:
  static constexpr size_t sumsPerOutput = 4; ///< of t, of t^2, of (t - p)^2, of the weights

  /// For how much the regressors explain by chance, when there are samples enough.
  double adjusted(double score) const {
    double count = sums.back();
    return regressors == 0 || regressors >= count - 1
               ? score
               : 1 - (1 - score) * (count - 1) / (count - regressors - 1);
  }

  void add(const Samples &samples) override {
    for (size_t i = 0; i < samples.predictions.size(); ++i) {
      double weight = samples.weight(i / width), target = samples.targets[i];
      double difference = target - samples.predictions[i];
      double *s = &sums[i % width * sumsPerOutput];
      s[0] += weight * target;
      s[1] += weight * target * target;
      s[2] += weight * difference * difference;
      s[3] += weight;
    }
    sums.back() += static_cast<double>(samples.predictions.size());
  }

  std::string aggregation; ///< empty: one score an output
  double regressors;
  size_t width;
};

std::unique_ptr<Metric> r2(Spec &spec, const OutputShapes &shapes) {
  const char *fallback = spec.givenNull("class_aggregation") ? "" : "uniform_average";
  std::string aggregation =
      oneOf(spec, "class_aggregation", fallback, {"uniform_average", "variance_weighted_average"});
  int64_t regressors = spec.integer("num_regressors", 0);
  if (regressors < 0)
    spec.refuse("num_regressors", fmt::format("{} is less than 0", regressors));
  if (!checkOneRow(spec, shapes))
    return nullptr;
  return std::make_unique<R2>(std::move(aggregation), regressors, shapes);
}

using enum Direction;
constexpr std::array<MetricKind, 8> kinds{
    {{"F1Score", "f1_score", up, fScore},
     {"FBetaScore", "fbeta_score", up, fScore},
     {"IoU", "io_u", up, iou<true, false>},
     {"BinaryIoU", "binary_io_u", up, binaryIou},
     {"MeanIoU", "mean_io_u", up, iou<true, true>},
     {"OneHotIoU", "one_hot_io_u", up, iou<false, false>},
     {"OneHotMeanIoU", "one_hot_mean_io_u", up, iou<false, true>},
     {"R2Score", "r2_score", up, r2}}};

} // namespace

std::span<const MetricKind> classMetrics() { return kinds; }

} // namespace hornet::training
