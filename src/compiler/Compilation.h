//===- Compilation.h - A model on its way through the stages -----------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
// Internal to src/compiler.
#pragma once

#include "compiler/Options.h"
#include "compiler/Pipeline.h"
#include "compiler/Threads.h"
#include "emit/Emit.h"
#include "import/Import.h"
#include "keras/Model.h"
#include "runtime/Manifest.h"

#include "mlir/IR/MLIRContext.h"

#include <chrono>
#include <optional>

namespace hornet {

/// One compilation: the context, the module on its way, and the time that each stage took.
class Compilation {
public:
  Compilation(const CompileOptions &options, std::vector<StageTime> *times)
      : options(options), times(times) {}

  /// Up to and including `last`.
  Expected<void> run(const keras::Model &model, Stage last);
  /// The model as a graph.
  Expected<void> begin(const keras::Model &model);
  /// Runs the passes of one stage; `import` and `assembly` have none.
  Expected<void> advance(const StageName &row);
  /// After Stage::llvm: machine code, or the same as text.
  Expected<std::vector<std::string>> emitObjects();
  Expected<std::string> emitAssembly();

  /// Runs a step and notes its time.
  template <class Step> std::invoke_result_t<Step> time(std::string_view stage, Step step) {
    auto start = std::chrono::steady_clock::now();
    auto result = step();
    std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - start;
    if (times)
      times->push_back({std::string(stage), taken.count()});
    return result;
  }

  PipelineSettings settings;
  std::unique_ptr<Threads> threads;           ///< of the context, if it may have several
  std::unique_ptr<mlir::MLIRContext> context; ///< outlives the module
  std::optional<import::ImportedModel> imported;
  runtime::Manifest manifest; ///< after Stage::plan

private:
  Expected<void> makeSettings();
  Expected<void> importModel(const keras::Model &model);
  Expected<void> runStage(Stage stage);

  const CompileOptions &options;
  std::vector<StageTime> *times;
};

/// The artifact of what `compilation` brought to Stage::llvm.
Expected<std::string> linkArtifact(Compilation &compilation);

} // namespace hornet
