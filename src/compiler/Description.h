//===- Description.h - What a model is, short of compiling it ----------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Parameter.h"
#include "compiler/Options.h"
#include "host/Plan.h"
#include "import/Records.h"
#include "keras/Model.h"

namespace hornet {

/// A model as the compiler takes it, the code left out.
struct ModelDescription {
  std::vector<import::LayerRecord> layers; ///< in the model's order, nested ones after their model
  std::vector<import::Port> inputs, outputs;
  std::vector<Parameter> parameters;
  std::vector<Problem> notes;    ///< what differs from Keras without being wrong
  std::vector<Problem> problems; ///< of `examine`: what is wrong
  host::OpenTexts openTexts;     ///< of `examine`: what wants a shape, which the texts decide
};

/// Layers, shapes and parameters, without the weights' values. Of `options`, only the shapes,
/// importers and the target's name matter. Input error: all problems of all layers.
Expected<ModelDescription> describe(const keras::Model &model, const CompileOptions &options = {});

/// The same of a model that may be wrong: what could be found out, and the problems. Layers that
/// depend on a wrong one have no parameters, and outputs with empty shapes.
Expected<ModelDescription> examine(const keras::Model &model, const CompileOptions &options = {});

} // namespace hornet
