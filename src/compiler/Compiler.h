//===- Compiler.h - A Keras model in, native code out ----------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"
#include "compiler/Stages.h"
#include "keras/Model.h"
#include "runtime/Model.h"

#include <string>
#include <utility>
#include <vector>

namespace hornet {

using CompiledModel = runtime::Model;

struct CompileOptions {
  /// 0: the naive, obviously right lowering, kept as the oracle of the others; 3: the fastest code.
  int level = 3;
  /// Threads that a call uses; 0: all processors.
  int threads = 0;
  /// "native", or a processor that LLVM knows: "x86-64-v3", …
  std::string target = "native";
  /// Shapes for inputs that the model leaves open, by the input's name, batch first.
  std::vector<std::pair<std::string, Shape>> shapes;
  /// Code that tells when each layer begins, for CompiledModel::run with time stamps.
  bool profile = false;
};

/// Where the time of a compilation went.
struct StageTime {
  std::string stage;
  double milliseconds;
};

/// Compiles `model` for this machine and binds its weights. One compiled model serves every batch.
/// No global state: compilations may run at the same time. Input error: every problem of the model
/// (layer, attribute, reason, mend), a model without weights, an unknown target.
Expected<CompiledModel> compile(const keras::Model &model, const CompileOptions &options = {},
                                std::vector<StageTime> *times = nullptr);

/// Reads the file and compiles it; see keras::readModel for what it may be.
Expected<CompiledModel> compile(const std::string &path, const CompileOptions &options = {});

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
