#include "training/Schedules.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <numbers>

namespace hornet::training {

using keras::namesOf;
using keras::sameName;
namespace {

using Rate = std::function<float(float)>;

constexpr auto pi = std::numbers::pi_v<float>;

float real(Spec &spec, const char *key, double fallback) {
  return static_cast<float>(spec.number(key, fallback));
}

/// A number that must be given.
float required(Spec &spec, const char *key) {
  if (!spec.has(key))
    spec.refuse(key, "is missing", "give a number");
  return real(spec, key, 0);
}

float stepsOf(Spec &spec, const char *key) {
  float steps = required(spec, key);
  if (spec.has(key) && !(steps > 0))
    spec.refuse(key, fmt::format("{} is not greater than 0", steps));
  return steps;
}

// One function a schedule; the formulas are those of keras.optimizers.schedules.

Rate exponentialDecay(Spec &spec) {
  float initial = required(spec, "initial_learning_rate"), rate = required(spec, "decay_rate");
  float steps = stepsOf(spec, "decay_steps");
  bool stairs = spec.flag("staircase", false);
  return [=](float step) {
    float p = step / steps;
    return initial * std::pow(rate, stairs ? std::floor(p) : p);
  };
}

Rate inverseTimeDecay(Spec &spec) {
  float initial = required(spec, "initial_learning_rate"), rate = required(spec, "decay_rate");
  float steps = stepsOf(spec, "decay_steps");
  bool stairs = spec.flag("staircase", false);
  return [=](float step) {
    float p = step / steps;
    return initial / (1 + rate * (stairs ? std::floor(p) : p));
  };
}

Rate polynomialDecay(Spec &spec) {
  float initial = required(spec, "initial_learning_rate"), steps = stepsOf(spec, "decay_steps");
  float end = real(spec, "end_learning_rate", 0.0001), power = real(spec, "power", 1);
  bool cycle = spec.flag("cycle", false);
  return [=](float step) {
    float span = cycle && step > 0 ? steps * std::ceil(step / steps) : steps;
    float p = (cycle ? step : std::min(step, steps)) / span;
    return (initial - end) * std::pow(1 - p, power) + end;
  };
}

Rate piecewiseConstantDecay(Spec &spec) {
  std::vector<double> boundaries = spec.numbers("boundaries", {});
  std::vector<double> values = spec.numbers("values", {});
  if (boundaries.empty() || values.size() != boundaries.size() + 1)
    spec.refuse(
        "values",
        fmt::format("there are {} values for {} boundaries", values.size(), boundaries.size()),
        "give one value more than boundaries");
  return [=](float step) {
    auto passed = std::ranges::count_if(boundaries, [&](double b) { return step > b; });
    return static_cast<float>(values[passed]);
  };
}

Rate cosineDecay(Spec &spec) {
  float initial = required(spec, "initial_learning_rate"), steps = stepsOf(spec, "decay_steps");
  float alpha = real(spec, "alpha", 0);
  bool warms = spec.has("warmup_target");
  float target = warms ? real(spec, "warmup_target", 0) : initial;
  float warmup = warms ? real(spec, "warmup_steps", 0) : 0;
  return [=](float step) {
    if (step < warmup)
      return (target - initial) * (step / warmup) + initial;
    float done = std::min(step - warmup, steps) / steps;
    float cosine = 0.5f * (1 + std::cos(pi * done));
    return target * ((1 - alpha) * cosine + alpha);
  };
}

Rate cosineDecayRestarts(Spec &spec) {
  float initial = required(spec, "initial_learning_rate");
  float steps = stepsOf(spec, "first_decay_steps");
  float longer = real(spec, "t_mul", 2), lower = real(spec, "m_mul", 1);
  float alpha = real(spec, "alpha", 0);
  return [=](float step) {
    float done = step / steps, restarts = std::floor(done);
    if (longer == 1) {
      done -= restarts;
    } else {
      restarts = std::floor(std::log(1 - done * (1 - longer)) / std::log(longer));
      float scale = std::pow(longer, restarts);
      done = (done - (1 - scale) / (1 - longer)) / scale;
    }
    float cosine = 0.5f * std::pow(lower, restarts) * (1 + std::cos(pi * done));
    return initial * ((1 - alpha) * cosine + alpha);
  };
}

struct Kind {
  std::string_view name;
  Rate (*make)(Spec &);
};
constexpr std::array<Kind, 6> kinds{{{"ExponentialDecay", exponentialDecay},
                                     {"InverseTimeDecay", inverseTimeDecay},
                                     {"PolynomialDecay", polynomialDecay},
                                     {"PiecewiseConstantDecay", piecewiseConstantDecay},
                                     {"CosineDecay", cosineDecay},
                                     {"CosineDecayRestarts", cosineDecayRestarts}}};

} // namespace

Expected<Schedule> Schedule::fromConfig(const Json &json, const Problem &where) {
  if (json.is_number())
    return Schedule(json.get<float>());
  Spec spec = HORNET_TRY(Spec::read(json, where));
  const auto *found =
      std::ranges::find_if(kinds, [&](const Kind &kind) { return sameName(kind.name, spec.name); });
  Rate rate;
  if (found != kinds.end()) {
    rate = found->make(spec);
  } else {
    spec.refuseName("learning-rate schedule", namesOf(kinds));
  }
  HORNET_TRY(spec.check());
  return Schedule(std::move(rate), false);
}

double defaultRate(const Json &optimizer) {
  std::string name = optimizer.is_string() ? optimizer.get<std::string>()
                                           : optimizer.value("class_name", std::string());
  static constexpr std::pair<std::string_view, double> others[] = {
      {"Adadelta", 1.0}, {"Lion", 1e-4}, {"SGD", 0.01}};
  for (const auto &[other, rate] : others)
    if (sameName(other, name))
      return rate;
  return 1e-3;
}

} // namespace hornet::training
