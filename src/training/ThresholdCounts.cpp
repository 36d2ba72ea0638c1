#include "training/ThresholdCounts.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace hornet::training {

void ThresholdMetric::add(const Samples &samples) {
  size_t rows = samples.predictions.size() / width;
  for (size_t row = 0; row < rows; ++row)
    addRow(samples.targets.subspan(row * width, width),
           samples.predictions.subspan(row * width, width),
           samples.weight(row * samples.count / rows));
}

void ThresholdMetric::addRow(std::span<const float> targets, std::span<const float> predictions,
                             double weight) {
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

void ThresholdMetric::addElement(bool target, float score, double weight, size_t label) {
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
void ThresholdMetric::dropAllBut(size_t k) {
  order.resize(scores.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, [&](size_t a, size_t b) {
    return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
  });
  for (size_t i = std::min(k, order.size()); i < order.size(); ++i)
    scores[order[i]] = never;
}

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

} // namespace hornet::training
