//===- Schedules.h - The learning rate as a function of the step --------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "keras/Spec.h"

#include <functional>

namespace hornet::training {

using keras::Json;
using keras::Spec;

/// A learning rate: a number, or one of Keras 3's schedules. Computed in float32, as Keras does.
class Schedule {
public:
  explicit Schedule(float constant) : rate([constant](float) { return constant; }) {}
  /// `json` as an optimizer's `learning_rate`: a number, or an object with class and config. Input
  /// error: no such schedule, or a config that it does not take.
  static Expected<Schedule> fromConfig(const Json &json, const Problem &where = {});

  /// The rate of step number `step`, from 0.
  float at(int64_t step) const { return rate(static_cast<float>(step)); }
  bool isConstant() const { return constant; }

private:
  using Rate = std::function<float(float)>;
  Schedule(Rate rate, bool constant) : rate(std::move(rate)), constant(constant) {}

  Rate rate;
  bool constant = true;
};

/// The learning rate that an optimizer begins with where nothing is said: Keras's default of its
/// class, but 1 for Adadelta, as in the paper and in Keras 2. Keras 3 has 0.001 there, with which
/// it hardly learns.
double defaultRate(const Json &optimizer);

} // namespace hornet::training
