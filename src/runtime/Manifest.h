//===- Manifest.h - What an artifact says of itself ------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"
#include "base/State.h"
#include "host/Plan.h"

#include <string>
#include <string_view>
#include <vector>

namespace hornet::runtime {

/// An input or output of a model. The leading extent is the batch, `unknownSize`.
struct Port {
  std::string name;
  DType dtype = DType::f32;
  Shape shape;
};

/// A weight argument of an entry point: a parameter of the model, or a result of `hornet_prepare`.
struct WeightSlot {
  enum class Source { parameter, prepared } source;
  size_t index; ///< into Manifest::parameters or Manifest::prepared
};

/// Bytes of temporary memory that a call needs: `bytes + batch * bytesPerSample`.
struct ArenaSize {
  size_t bytes = 0;
  size_t bytesPerSample = 0;
};

/// What an entry point takes, in the order of HornetCall::buffers: inputs and states (predict
/// only), weights, outputs (prepare: the prepared values), the states after the call, arena.
struct EntrySignature {
  std::vector<WeightSlot> weights;
  ArenaSize arena;
};

/// A value that hornet_prepare writes once and hornet_predict reads.
struct Prepared {
  DType dtype = DType::f32;
  Shape shape;
};

struct Manifest {
  std::string model;
  std::vector<Port> inputs, outputs; ///< of the model, in its order
  std::vector<Parameter> parameters; ///< in the order in which Model::load takes their values
  std::vector<Prepared> prepared;
  std::vector<State> states; ///< of stateful layers: what a RecurrentState holds
  EntrySignature predict, prepare;
  /// Of code compiled for profiling: the layers of each section of hornet_predict, in order.
  std::vector<std::vector<std::string>> sections;
  /// What is computed around the code, whose inputs and outputs are then those of the plan.
  std::optional<host::Plan> host;
  /// Of a training step.
  std::optional<StepStates> step;
};

/// The manifest as JSON, as artifacts carry it.
std::string writeManifest(const Manifest &manifest);

/// Reads what writeManifest wrote. Input error: written by another version of Hornet, or not at
/// all a manifest.
Expected<Manifest> parseManifest(std::string_view json);

} // namespace hornet::runtime
