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

/// A scan whose body is being made: ops are appended to the body, which may use any value from
/// outside, and sequences and states are added as they turn out to be needed.
class ScanBuilder {
public:
  /// At the place of `builder`.
  ScanBuilder(mlir::OpBuilder &builder, mlir::Location loc, bool reverse);
  /// Takes the body back unless it was finished.
  ~ScanBuilder();
  ScanBuilder(const ScanBuilder &) = delete;
  ScanBuilder &operator=(const ScanBuilder &) = delete;

  /// The argument of the body that is a step of `sequence`, or that holds the state.
  mlir::Value addSequence(mlir::Value sequence);
  mlir::Value addState(mlir::Value initial);
  mlir::Block &body() { return holder.getBody().front(); }
  /// What stands where the scan will be.
  mlir::Operation *place() { return holder; }
  /// What the body uses from outside becomes `shared`, constants copies. There must be a sequence.
  ScanOp finish(const ScanStep &given);

private:
  llvm::SmallVector<mlir::Value> takeIn();

  ScanOp holder;
  llvm::SmallVector<mlir::Value> sequences, states;
};

/// A `graph.scan` whose body `step` builds, at the place of `builder`, from a step of each sequence
/// and the states. Null when a value that `step` gives is null.
ScanOp
buildScan(mlir::OpBuilder &builder, mlir::Location loc, mlir::ValueRange sequences,
          mlir::ValueRange states, bool reverse,
          llvm::function_ref<ScanStep(mlir::ValueRange steps, mlir::ValueRange states)> step);

} // namespace hornet::graph
