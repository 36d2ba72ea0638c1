//===- Step.h - From a model's graph to the graph of one training step ---------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/State.h"
#include "import/Import.h"
#include "keras/Model.h"
#include "step/Options.h"

namespace hornet::step {

/// What a step takes and gives, in this order:
///
///   inputs:  the model's inputs, "target/…" and, where asked for, "weight/…" for each output that
///            has a loss; when training, "learning_rate", "iteration" (the number of steps before
///            this one, a float), "seed" (four 32-bit words: two of the seed, two of the step's
///            number); the states
///   outputs: "loss", weighted and with all penalties; with several outputs, "loss/…" of each; the
///            model's outputs; where asked for, "gradient/…" of each trained parameter; the states
///            that change
/// Turns `@predict` of `imported` into a pure function that does one step. Inputs and outputs of
/// `imported` become the step's, and no parameters are left.
/// Input error: a loss, an optimizer, a regularizer or a constraint is not known, an op on the way
/// has no gradient (by its layer), nothing is trained.
Expected<StepStates> makeStep(import::ImportedModel &imported, const keras::Model &model,
                              const StepOptions &options);

} // namespace hornet::step
