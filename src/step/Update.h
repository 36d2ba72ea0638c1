//===- Update.h - What the formulas of optimizers are written on ----------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
// Internal to src/step.
#pragma once

#include "keras/Spec.h"
#include "step/Optimizers.h"

namespace hornet::step {

/// The slots of one step, made when they are first asked for.
class Slots {
public:
  explicit Slots(const Training &training) : training(training) {}

  Slot &get(int parameter, std::string_view name, int group, llvm::ArrayRef<int64_t> shape,
            double initial);
  /// In Keras's order: by group, and in it by parameter, what belongs to all of them last.
  std::vector<Slot> inOrder() &&;

  std::vector<Slot> slots;

private:
  const Training &training;
};

/// One parameter's update.
class Update {
public:
  Update(keras::Spec &config, const Training &training, Slots &slots, int parameter, Term value,
         Term gradient)
      : p(value), g(gradient), lr(training.learningRate), step(training.iteration + 1.0),
        path(training.paths[parameter]), config(config), slots(slots), parameter(parameter) {}

  Term p, g;              ///< the parameter before the step (decayed), and its gradient
  Term lr, step;          ///< the learning rate, and the number of this step, from 1 on
  const std::string path; ///< of the parameter
  keras::Spec &config;

  double number(std::string_view key, double fallback) { return config.number(key, fallback); }
  bool flag(std::string_view key, bool fallback = false) { return config.flag(key, fallback); }

  /// The value before the step. Slots of a later group are created after all of an earlier one.
  Term slot(std::string_view name, int group = 0, double initial = 0) {
    return slots.get(parameter, name, group, p.type().getShape(), initial).before;
  }
  Term slotOf(std::string_view name, llvm::ArrayRef<int64_t> shape) {
    return slots.get(parameter, name, 0, shape, 0).before;
  }
  Term assign(std::string_view name, Term value) {
    return slots.get(parameter, name, 0, {}, 0).after = value;
  }
  /// Of all parameters together.
  Slot &shared(std::string_view name, int group, double initial) {
    return slots.get(-1, name, group, {}, initial);
  }
  bool isFirst() const { return parameter == 0; }

private:
  Slots &slots;
  int parameter;
};

/// base ^ exponent for a number.
inline Term power(double base, Term exponent) { return pow(exponent.scalar(base), exponent); }

/// Adam with the slots "momentum" and "velocity" at the rate `lr`.
Term adamStep(Update &u, Term lr, double beta1, double beta2, double epsilon);

/// Orthogonalized momenta for matrices, AdamW for the rest.
/// Source: https://keras.io/api/optimizers/muon/
Term muon(Update &u);
/// Whether Muon leaves this parameter to AdamW. Patterns that are none are refused in `config`.
bool muonLeavesToAdam(keras::Spec &config, mlir::RankedTensorType type, llvm::StringRef path);

} // namespace hornet::step
