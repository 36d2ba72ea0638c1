//===- Compiler.h - A Keras model in, native code out ---------------------------- ===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/Options.h"
#include "keras/Model.h"
#include "runtime/Model.h"

#include <string>
#include <vector>

namespace hornet {

using CompiledModel = runtime::Model;

/// Compiles `model` for this machine and binds its weights. One compiled model serves every batch.
/// No global state: compilations may run at the same time. Input error: every problem of the model
/// (layer, attribute, reason, mend), a model without weights, an unknown target.
Expected<CompiledModel> compile(const keras::Model &model, const CompileOptions &options = {},
                                std::vector<StageTime> *times = nullptr);

/// Reads the file and compiles it; see keras::readModel for what it may be.
Expected<CompiledModel> compile(const std::string &path, const CompileOptions &options = {});

/// The code and its manifest alone, as the bytes of a shared object: what runtime::loadArtifact
/// takes. Needs no weights.
Expected<std::string> compileArtifact(const keras::Model &model, const CompileOptions &options = {},
                                      std::vector<StageTime> *times = nullptr);

} // namespace hornet
