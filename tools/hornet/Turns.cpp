#include "Turns.h"

#include "Timing.h"

#include <algorithm>
#include <cmath>

namespace hornet::tool {

Expected<Contender> Contender::make(const keras::Model &model, const CompileOptions &options,
                                    int64_t batch, bool useCache) {
  runtime::Model loaded = HORNET_TRY(driver::load(model, options, useCache));
  std::vector<Tensor> inputs = randomInputs(loaded.inputs(), batch);
  std::vector<Tensor> outputs = HORNET_TRY(loaded.run(inputs));
  return Contender{std::move(loaded), std::move(inputs), std::move(outputs), {}, {}};
}

double Contender::microseconds() const { return summarize(medians).median; }

static bool meet(const Layers &layers, const std::vector<std::string> &section) {
  return std::ranges::any_of(section, [&](const auto &layer) { return layers.contains(layer); });
}

double Contender::microseconds(const Layers &layers) const {
  const auto &sections = model.manifest().sections;
  std::vector<double> times;
  for (const std::vector<int64_t> &call : stamps) {
    int64_t nanoseconds = 0;
    for (size_t i = 0; i < sections.size(); ++i)
      if (meet(layers, sections[i]))
        nanoseconds += call[i + 1] - call[i];
    times.push_back(static_cast<double>(nanoseconds) / 1e3);
  }
  return summarize(std::move(times)).median;
}

Layers joined(Layers some, const Contender &one, const Contender &other) {
  for (size_t before = 0; before != some.size();) {
    before = some.size();
    for (const Contender *contender : {&one, &other})
      for (const auto &section : contender->model.manifest().sections)
        if (meet(some, section))
          some.insert(section.begin(), section.end());
  }
  return some;
}

static Expected<void> takeTurn(Contender &contender, double seconds) {
  constexpr size_t leastCalls = 3;
  std::vector<int64_t> nanoseconds;
  auto call = [&]() -> Expected<void> {
    HORNET_TRY(contender.model.run(contender.inputs, contender.outputs, &nanoseconds));
    contender.stamps.push_back(nanoseconds);
    return {};
  };
  size_t measured = contender.stamps.size();
  HORNET_TRY(callFor(seconds / 10, call));
  contender.stamps.resize(measured);
  std::vector<double> times = HORNET_TRY(callFor(seconds, call));
  while (times.size() < leastCalls) {
    auto more = HORNET_TRY(callFor(0, call));
    times.insert(times.end(), more.begin(), more.end());
  }
  contender.medians.push_back(summarize(std::move(times)).median);
  return {};
}

Expected<void> takeTurns(Contender &one, Contender &other, int turns, double seconds) {
  for (Contender *contender : {&one, &other}) {
    contender->stamps.clear();
    contender->medians.clear();
  }
  for (int turn = 0; turn < turns; ++turn)
    for (Contender *contender : {turn % 2 ? &other : &one, turn % 2 ? &one : &other})
      HORNET_TRY(takeTurn(*contender, seconds / turns));
  return {};
}

bool areAlike(std::span<const Tensor> some, std::span<const Tensor> others) {
  constexpr double tolerance = 1e-3; // of the largest answer: rounding is far below, bugs above
  for (size_t i = 0; i < some.size(); ++i) {
    auto a = some[i].as<float>(), b = others[i].as<float>();
    double largest = 0;
    for (float value : a)
      if (std::isfinite(value))
        largest = std::max(largest, std::abs(static_cast<double>(value)));
    for (size_t k = 0; k < a.size(); ++k) {
      bool same = a[k] == b[k] || (std::isnan(a[k]) && std::isnan(b[k]));
      if (!same && !(std::abs(static_cast<double>(a[k]) - b[k]) <= tolerance * largest))
        return false;
    }
  }
  return true;
}

} // namespace hornet::tool
