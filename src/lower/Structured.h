//===- Structured.h - Building linalg ops on tensors --------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"

namespace hornet::lower {

/// What makes the body of a `linalg.generic`: gets the elements of the inputs and then of the init,
/// returns the element to yield.
using Body = llvm::function_ref<mlir::Value(mlir::OpBuilder &, mlir::Location, mlir::ValueRange)>;

/// A tensor of `type` without content. A dynamic extent (the batch) is that of `like` at the same
/// dimension.
mlir::Value emptyTensor(mlir::OpBuilder &builder, mlir::Location loc, mlir::RankedTensorType type,
                        mlir::Value like);

/// A tensor of `type` that holds `value` everywhere.
mlir::Value filledTensor(mlir::OpBuilder &builder, mlir::Location loc, mlir::RankedTensorType type,
                         mlir::Value like, double value);

/// A `linalg.generic` with one result, which has the type of `init`. `maps` are those of the inputs
/// and then of the result.
mlir::Value generic(mlir::OpBuilder &builder, mlir::Location loc, mlir::ValueRange inputs,
                    mlir::Value init, llvm::ArrayRef<mlir::AffineMap> maps,
                    llvm::ArrayRef<mlir::utils::IteratorType> iterators, Body body);

/// The sum of lhs * rhs, as a `linalg.generic`: the form of every sum of products, which the
/// contraction scheduler knows. Allows a fused multiply-add, which rounds less.
mlir::Value contraction(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value lhs,
                        mlir::Value rhs, mlir::RankedTensorType type,
                        llvm::ArrayRef<mlir::AffineMap> maps,
                        llvm::ArrayRef<mlir::utils::IteratorType> iterators);

/// result[i…] = body(inputs[i…]) with NumPy's broadcasting of the inputs to `type`. A splat
/// constant becomes a scalar in the body.
mlir::Value elementwise(mlir::OpBuilder &builder, mlir::Location loc, mlir::RankedTensorType type,
                        mlir::ValueRange inputs, Body body);

/// `destination` with `value` in it from the given offsets on.
mlir::Value inserted(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value,
                     mlir::Value destination, llvm::ArrayRef<int64_t> offsets);

/// `value` with a border of `fill`: `low` and `high` have one entry a dimension.
mlir::Value padded(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value,
                   llvm::ArrayRef<int64_t> low, llvm::ArrayRef<int64_t> high, double fill);

/// `value` under the shape of `type`, through collapse_shape and expand_shape, which cost nothing.
mlir::Value reshaped(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value,
                     mlir::RankedTensorType type);

} // namespace hornet::lower
