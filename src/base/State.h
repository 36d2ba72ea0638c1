//===- State.h - What goes from one call to the next -----------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Parameter.h"

#include <optional>

namespace hornet {

/// A value that goes in and comes out of every call, and is the next one's. Of a step of training:
/// a parameter of the model, or what the optimizer keeps (a slot). Of a prediction: what a stateful
/// layer remembers; its shape begins with the batch, `unknownSize`. An artifact's manifest keeps
/// it.
struct State {
  std::string name; ///< "conv2d/kernel"; of a slot "conv2d/kernel/momentum"
  std::string slot; ///< the slot's own name; empty: it is the parameter itself
  std::optional<size_t>
      parameter; ///< of the model; none: a slot of all together, or a layer's state
  Shape shape;
  double initial = 0; ///< of slots: all elements before the first step
  size_t input = 0;   ///< among the call's inputs; a layer's states follow the model's own
  std::optional<size_t> output; ///< among its outputs, likewise; none: the step does not change it
};

/// The parameters of the model and all values that a step takes from the one before. Slots come in
/// the order in which Keras keeps them.
struct StepStates {
  std::vector<Parameter> parameters;
  std::vector<State> states;
};

} // namespace hornet
