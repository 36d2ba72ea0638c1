#include "training/Callbacks.h"

#include "base/Nearest.h"

#include <algorithm>
#include <fmt/format.h>

namespace hornet::training {

Expected<Direction> directionOf(const std::string &monitor, const std::string &mode,
                                std::span<const NamedDirection> known) {
  if (mode == "min" || mode == "max")
    return mode == "min" ? Direction::down : Direction::up;
  if (mode != "auto")
    return inputError({.attribute = "mode",
                       .reason = fmt::format("there is no mode '{}'", mode),
                       .mend = "choose one of auto, min, max"});
  constexpr std::string_view validation = "val_";
  std::string name = monitor.starts_with(validation) ? monitor.substr(validation.size()) : monitor;
  if (name == "loss" || name.ends_with("_loss"))
    return Direction::down;
  auto found = std::ranges::find(known, name, &NamedDirection::name);
  if (found != known.end())
    return found->direction;
  std::vector<std::string_view> names{"loss"};
  for (const NamedDirection &each : known)
    names.push_back(each.name);
  std::string mend = didYouMean(name, names);
  return inputError(
      {.attribute = "monitor",
       .reason = fmt::format("'{}' is neither the loss nor one of the metrics", monitor),
       .mend = mend.empty() ? fmt::format("choose one of {}", fmt::join(names, ", ")) : mend});
}

bool Improvement::operator()(double value, std::optional<double> reference) const {
  if (!reference)
    return true;
  return direction == Direction::down ? value + minDelta < *reference
                                      : value - minDelta > *reference;
}

EarlyStopping::Decision EarlyStopping::observe(int64_t epoch, double value) {
  Decision decision;
  if (epoch < options.startFromEpoch)
    return decision;
  if (!state.bestEpoch) {
    decision.keep = true;
    state.bestEpoch = epoch;
  }
  ++state.wait;
  if (options.better(value, state.best)) {
    state.best = value;
    state.bestEpoch = epoch;
    decision.keep = true;
    if (!options.baseline || options.better(value, options.baseline))
      state.wait = 0;
    return decision;
  }
  decision.stop = state.wait >= options.patience && epoch > 0;
  return decision;
}

Expected<ReduceOnPlateau> ReduceOnPlateau::make(const Options &options) {
  if (!(options.factor > 0 && options.factor < 1))
    return inputError({.attribute = "factor",
                       .reason = fmt::format("{} does not lower the learning rate", options.factor),
                       .mend = "give a number between 0 and 1"});
  return ReduceOnPlateau(options);
}

double ReduceOnPlateau::observe(double value, double rate) {
  if (state.cooling > 0) {
    --state.cooling;
    state.wait = 0;
  }
  if (options.better(value, state.best)) {
    state.best = value;
    state.wait = 0;
    return rate;
  }
  if (state.cooling > 0 || ++state.wait < options.patience || !(rate > options.minRate))
    return rate;
  state.cooling = options.cooldown;
  state.wait = 0;
  return std::max(rate * options.factor, options.minRate);
}

bool BestModel::observe(double value) {
  if (!better(value, best))
    return false;
  best = value;
  return true;
}

} // namespace hornet::training
