//===- Layers.h - Layers that do something else while training --------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
// Internal to src/step.
#pragma once

#include "base/Error.h"
#include "graph/Arithmetic.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/MapVector.h"

namespace hornet::step {

using graph::Term;

/// What the layers of a model add to a step.
struct LayerEffects {
  /// New values of moving statistics, by the argument that holds the old ones.
  llvm::MapVector<mlir::Value, mlir::Value> statistics;
};

/// Replaces dropout by a random mask, noise by random numbers, batch normalization of layers that
/// are trained by that with the batch's own statistics. `key` is that of graph.random_uniform; each
/// call of a layer has streams of its own. Input error: layers that train in a way that we do not
/// know.
Expected<LayerEffects> expandForTraining(mlir::func::FuncOp function, mlir::Value key);

/// Takes out the ops that only say that a penalty belongs to a value: the values, and their
/// regularizers as JSON.
std::vector<std::pair<mlir::Value, std::string>> takePenalties(mlir::func::FuncOp function);

} // namespace hornet::step
