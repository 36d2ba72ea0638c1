// F-scores. Source: keras.src.metrics.f_score_metrics.
#include "training/MetricKinds.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>

namespace hornet::training {
namespace {

class FScore : public Metric {
public:
  enum class Average { none, micro, macro, weighted }; ///< none: one score a class
  struct Options {
    Average average = Average::none;
    double beta = 1;
    std::optional<double> threshold; ///< none: the largest of a row is positive
  };
  FScore(const Options &options, const OutputShapes &shapes)
      : options(options), classes(lastOf(shapes.output)) {
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
    if (options.average == Average::none)
      return scores;
    if (options.average == Average::micro)
      return {scoreOf(together)};
    return {options.average == Average::macro ? mean : weighted / (all + epsilon)};
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
  if (spec.has("average"))
    options.average =
        static_cast<FScore::Average>(1 + spec.choice("average", 0, {"micro", "macro", "weighted"}));
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
  return std::make_unique<FScore>(options, shapes);
}

constexpr std::array<MetricKind, 2> kinds{{{"F1Score", "f1_score", Direction::up, fScore},
                                           {"FBetaScore", "fbeta_score", Direction::up, fScore}}};

} // namespace

std::span<const MetricKind> fScoreMetrics() { return kinds; }

} // namespace hornet::training
