// The coefficient of determination. Source: keras.src.metrics.regression_metrics.
#include "training/MetricKinds.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>

namespace hornet::training {
namespace {

/// The coefficient of determination.
class R2 : public Metric {
public:
  enum class Aggregation { uniform, weighted, none }; ///< none: one score an output
  R2(Aggregation aggregation, int64_t regressors, const OutputShapes &shapes)
      : aggregation(aggregation), regressors(static_cast<double>(regressors)),
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
    if (aggregation == Aggregation::uniform)
      scores = {mean};
    else if (aggregation == Aggregation::weighted)
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

  Aggregation aggregation;
  double regressors;
  size_t width;
};

std::unique_ptr<Metric> r2(Spec &spec, const OutputShapes &shapes) {
  auto aggregation = R2::Aggregation::none;
  if (!spec.givenNull("class_aggregation"))
    aggregation = static_cast<R2::Aggregation>(
        spec.choice("class_aggregation", 0, {"uniform_average", "variance_weighted_average"}));
  int64_t regressors = spec.integer("num_regressors", 0);
  if (regressors < 0)
    spec.refuse("num_regressors", fmt::format("{} is less than 0", regressors));
  if (!checkOneRow(spec, shapes))
    return nullptr;
  return std::make_unique<R2>(aggregation, regressors, shapes);
}

constexpr std::array<MetricKind, 1> kinds{{{"R2Score", "r2_score", Direction::up, r2}}};

} // namespace

std::span<const MetricKind> r2Metrics() { return kinds; }

} // namespace hornet::training
