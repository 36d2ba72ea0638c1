//===- Recompute.h - Time for memory -------------------------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace hornet::step {

/// Lets a training step compute most of its forward pass a second time instead of keeping it. The
/// forward part is cut into about as many segments as the square root of its sums of products
/// (convolutions, dense layers); all but the last are computed again, each right before the
/// gradients that first use what is in it. What is kept besides are the segments' inputs.
/// Source: T. Chen et al., "Training Deep Nets with Sublinear Memory Cost",
/// https://arxiv.org/abs/1604.06174
///
/// `function` is what makeStep made, after whatever merges equal ops: its first result is the loss,
/// and what computes the gradients comes after it.
void recompute(mlir::func::FuncOp function);

} // namespace hornet::step
