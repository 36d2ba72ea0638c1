//===- WinogradTiles.h - What the loops of minimal filtering share --------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace hornet::lower {

/// `matrix` * `tile` * `matrix`ᵀ, for a tile of `width` by `width` vectors, row by row.
llvm::SmallVector<mlir::Value> transformed(mlir::OpBuilder &builder, mlir::Location loc,
                                           llvm::ArrayRef<double> matrix,
                                           llvm::ArrayRef<mlir::Value> tile, int64_t width);

/// Scratch memory for `matrices` of rows by columns, of all of which a transform reads or writes
/// one place. With a row more than is used between them, where these places would else meet in few
/// sets of the first cache.
mlir::Value matricesApart(mlir::OpBuilder &builder, mlir::Location loc, int64_t matrices,
                          int64_t rows, int64_t columns, mlir::Type element);

/// The matrices result[x] = lhs[x] * rhs[x], or lhs[x]ᵀ * rhs[x], as one sum of products.
mlir::linalg::GenericOp matrixProducts(mlir::OpBuilder &builder, mlir::Location loc,
                                       mlir::Value lhs, mlir::Value rhs,
                                       mlir::RankedTensorType type, bool transposeLhs);

} // namespace hornet::lower
