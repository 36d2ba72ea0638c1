//===- Driver.h - What programs do with models ---------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/Description.h"
#include "compiler/MemoryPlan.h"
#include "compiler/Options.h"
#include "compiler/Stages.h"
#include "compiler/Tunables.h"
#include "keras/Model.h"
#include "runtime/Model.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace hornet::driver {

/// How a model was made ready.
struct LoadReport {
  std::vector<StageTime> times;    ///< appended to
  bool cached = false;             ///< nothing was compiled
  std::optional<Error> cacheError; ///< why nothing could be kept
};

/// The model, ready to run: its code from the cache where there is some, else compiled and kept
/// there; then its weights. `useCache` false: neither looked for nor kept. A cache that cannot be
/// used is no error, but reported. Errors: as of hornet::compile; machine error: the compiler is
/// not installed.
Expected<runtime::Model> load(const keras::Model &model, const CompileOptions &options = {},
                              bool useCache = true, LoadReport *report = nullptr);

/// A training step (options.step), ready to run, from the cache or compiled: its parameters are
/// inputs. Errors as of hornet::compileArtifact.
Expected<runtime::Model> loadStep(const keras::Model &model, const CompileOptions &options,
                                  bool useCache = true, LoadReport *report = nullptr);

/// As hornet::describe, by the compiler's library.
Expected<ModelDescription> describe(const keras::Model &model, const CompileOptions &options = {});

/// As hornet::examine, by the compiler's library.
Expected<ModelDescription> examine(const keras::Model &model, const CompileOptions &options = {});

/// Gives arrays for a model's inputs, in their types. Input error: what does not fit.
using InputsFor = std::function<Expected<std::vector<Tensor>>(const std::vector<runtime::Port> &)>;

/// Adds to `options` the shapes of what keras::openTexts names, as the model's inputs decide them,
/// where it has none. Adds nothing to a model with other mistakes, which are `load`'s to report.
/// Errors: as of `inputs`, examine and host::shapesOf.
Expected<void> addTextShapes(CompileOptions &options, const keras::Model &model,
                             const InputsFor &inputs);

/// As describe, and tries the weights on, if the model has any. Input error: every problem, in the
/// order of the model's layers; the weights of those that depend on a wrong layer are left out.
Expected<ModelDescription> check(const keras::Model &model, const CompileOptions &options = {});

/// As hornet::planMemory, by the compiler's library.
Expected<MemoryPlan> planMemory(const keras::Model &model, const CompileOptions &options = {});

/// As hornet::tunables, by the compiler's library.
Expected<std::vector<Tunable>> tunables(const keras::Model &model, const CompileOptions &options,
                                        int64_t batch);

/// As hornet::inspect and hornet::inspectStages, by the compiler's library.
Expected<std::string> inspect(const keras::Model &model, const CompileOptions &options, Stage stage,
                              const std::string &layer = "");
Expected<std::vector<std::string>> inspectStages(const keras::Model &model,
                                                 const CompileOptions &options,
                                                 const std::string &layer = "");

} // namespace hornet::driver
