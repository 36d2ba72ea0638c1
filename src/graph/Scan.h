//===- Scan.h - Building loops over time ---------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "graph/Graph.h"

namespace hornet::graph {

/// What one step gives.
struct ScanStep {
  llvm::SmallVector<mlir::Value> outputs, states;
};

/// One step of `sequence`: (batch, time, …) to (batch, …), and back.
mlir::RankedTensorType stepOf(mlir::RankedTensorType sequence);
mlir::RankedTensorType sequenceOf(mlir::RankedTensorType step, int64_t time);

/// A `graph.scan` whose body `step` builds, at the place of `builder`, from a step of each sequence
/// and the states. It may use any value from outside: these become `shared`, constants copies.
/// Null when a value that `step` gives is null.
ScanOp
buildScan(mlir::OpBuilder &builder, mlir::Location loc, mlir::ValueRange sequences,
          mlir::ValueRange states, bool reverse,
          llvm::function_ref<ScanStep(mlir::ValueRange steps, mlir::ValueRange states)> step);

} // namespace hornet::graph
