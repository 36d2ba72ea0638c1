// Intersection over union. Source: keras.src.metrics.iou_metrics.
#include "training/MetricKinds.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>

namespace hornet::training {
namespace {

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
        "", fmt::format("there are {} targets and {} predictions a sample", targetRows, outputRows),
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

using enum Direction;
constexpr std::array<MetricKind, 5> kinds{
    {{"IoU", "io_u", up, iou<true, false>},
     {"BinaryIoU", "binary_io_u", up, binaryIou},
     {"MeanIoU", "mean_io_u", up, iou<true, true>},
     {"OneHotIoU", "one_hot_io_u", up, iou<false, false>},
     {"OneHotMeanIoU", "one_hot_mean_io_u", up, iou<false, true>}}};

} // namespace

std::span<const MetricKind> overlapMetrics() { return kinds; }

} // namespace hornet::training
