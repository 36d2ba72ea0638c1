//===- Optimizers.h - Keras's optimizers, as graphs ----------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"
#include "formats/Json.h"
#include "graph/Arithmetic.h"

#include <functional>
#include <string>
#include <vector>

namespace hornet::step {

using formats::Json;
using graph::Term;

/// A value that an optimizer keeps from step to step.
struct Slot {
  std::string name; ///< Keras's: "momentum", "velocity", …
  int parameter;    ///< which of the trained parameters it belongs to; -1: to all
  int group;        ///< slots of one group come parameter by parameter, before those of the next
  double initial;   ///< what all its elements are before the first step
  Term before;      ///< its value before this step,
  Term after;       ///< and after it
};

/// What there is to update. Scalars have rank 0.
struct Training {
  std::vector<Term> parameters, gradients;
  std::vector<std::string> paths; ///< of the parameters, as Keras has them: "dense/kernel"
  std::vector<bool> decays;       ///< whether weight decay applies, by parameter
  Term learningRate;
  Term iteration; ///< steps before this one
  /// Constraints of each parameter, applied to its new value.
  std::function<Expected<Term>(size_t parameter, Term value)> constrain;
  /// A slot's value before the step: an argument of the function.
  std::function<Term(llvm::ArrayRef<int64_t> shape)> addSlot;
};

/// The outcome of an update.
struct Updated {
  std::vector<Term> parameters, gradients; ///< gradients after clipping
  std::vector<Slot> slots;                 ///< in the order in which Keras creates them
};

/// One step of the optimizer that `config` describes, with accumulation of gradients, clipping,
/// weight decay and averages, all in Keras's order. Source: https://keras.io/api/optimizers/
/// Input error: an optimizer or a setting that is not known.
Expected<Updated> update(const Json &config, const Training &training);

} // namespace hornet::step
