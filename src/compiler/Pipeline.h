//===- Pipeline.h - The order of all passes ------------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Tensor.h"
#include "compiler/Stages.h"
#include "emit/Target.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Pass/PassManager.h"

namespace hornet {

/// What the passes need to know.
struct PipelineSettings {
  emit::Target target;
  int level = 3;
  int threads = 1;
  DType weightType = DType::f32; ///< of stored filters: f32, bf16, f16
  bool mergeKernels = true;      ///< equal ones; a reader wants each layer's own
  int parts = 1;                 ///< modules, most, that code is made of side by side
  int winogradTile = 2;          ///< largest tile of minimal filtering: 0 (none), 2 or 4
  bool profile = false;          ///< with the clock read between layers
};

/// The dialects and external interfaces that the pipeline uses, and no others: each costs start-up
/// time and memory.
void registerDialects(mlir::DialectRegistry &registry);

/// Adds the passes of one stage; `import` and `assembly` have none.
void addStage(mlir::OpPassManager &passes, Stage stage, const PipelineSettings &settings);

} // namespace hornet
