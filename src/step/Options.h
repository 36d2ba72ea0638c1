//===- Options.h - What a step of training is, besides the model --------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
// Without MLIR, for who asks for a step.
#pragma once

#include "formats/Json.h"

#include <string>
#include <vector>

namespace hornet::step {

using formats::Json;

/// What is done with one batch.
enum class Kind {
  train,    ///< predictions with dropout and the batch's statistics, losses, gradients, new state
  evaluate, ///< predictions as when predicting, and losses
  inspect,  ///< as `train` up to the losses, and of each layer whether what it computes is finite
};

/// What Keras's `compile` takes, as Keras writes it into files: {"class_name": …, "config": {…}},
/// or a name, for each loss and for the optimizer.
struct StepOptions {
  Kind kind = Kind::train;
  std::vector<Json> losses;        ///< one an output of the model; null: the output has none
  std::vector<double> lossWeights; ///< one an output; empty: all 1
  bool sampleWeights = false;      ///< takes a weight for each sample and output with a loss
  bool stepWeights = false; ///< those of outputs of a rank above 2 are one a row: a time step
  Json optimizer;
  /// Parameters whose names match (as Keras's exclude_from_weight_decay has it) do not decay.
  std::vector<std::string> withoutWeightDecay;
  /// Computes most of the forward pass a second time instead of keeping it: more time, less memory.
  bool recompute = false;
  /// Also gives the gradient of each trained parameter, after clipping.
  bool gradients = false;
};

} // namespace hornet::step
