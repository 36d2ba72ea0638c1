//===- Inspect.h - A model at each stage of its way, as text ------------------------- ===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"
#include "compiler/Options.h"
#include "compiler/Stages.h"
#include "keras/Model.h"

#include <string>
#include <vector>

namespace hornet {

/// The model after `stage` as text: IR with each op's layer as its location, or assembly. Needs no
/// weights. `layer`: only what came from the layer of that name or path ("block/conv"); input error
/// with the nearest name when there is none.
Expected<std::string> inspect(const keras::Model &model, const CompileOptions &options, Stage stage,
                              const std::string &layer = "");

/// The same after every stage, in the order of `stageNames`: the way of a model, or of a layer,
/// down to its assembly.
Expected<std::vector<std::string>> inspectStages(const keras::Model &model,
                                                 const CompileOptions &options,
                                                 const std::string &layer = "");

} // namespace hornet
