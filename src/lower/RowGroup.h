//===- RowGroup.h - Structured ops that share the rows of their tensors -----------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include "llvm/ADT/MapVector.h"

namespace hornet::lower {

/// Of each loop of an op, or dimension of a tensor, the loop over rows that it is; `noRow` of
/// others.
using RowLoops = llvm::SmallVector<int64_t>;
inline constexpr int64_t noRow = -1;

/// What a reduction along rows (the greatest of a softmax, the sum of a layer normalization) shares
/// its outer loops with: ops that need of each other's results no more than the row that they are
/// at. They are the elementwise ops and reductions that use its result, directly or not, and what
/// computes its input for this group alone. Products join where both factors belong to the sample
/// (attention): those with a filter go through many rows with each part of it.
class RowGroup {
public:
  /// Nothing where `op` is no such reduction.
  static std::optional<RowGroup> around(mlir::linalg::GenericOp op);

  /// In their order in the block; all loops of an op that are a row's.
  const llvm::MapVector<mlir::linalg::GenericOp, RowLoops> &members() const { return ops; }
  bool has(mlir::Operation *op) const;
  bool hasUsesOutside(mlir::linalg::GenericOp op) const;
  /// Of the loops over rows, outermost first. The first may be open, the last one is not.
  llvm::ArrayRef<int64_t> extents() const { return rowExtents; }
  /// Loop nests that the group is without being fused: an elementwise op on a reduction's result is
  /// a part of the reduction's.
  int64_t kernels() const;
  /// Bytes of a row of all that is in memory, and need not leave the group.
  int64_t innerBytes() const;
  /// Multiply-adds of one row, or what takes as long.
  int64_t work() const;

private:
  explicit RowGroup(mlir::linalg::GenericOp seed);
  void addUsers(mlir::linalg::GenericOp seed);
  bool addProducers();
  bool addProducer(mlir::linalg::GenericOp producer);
  bool fits(mlir::linalg::GenericOp op, const RowLoops &rows) const;
  bool usersFollow(mlir::linalg::GenericOp last) const;
  std::optional<RowLoops> rowsOfReader(mlir::linalg::GenericOp op) const;
  std::optional<RowLoops> rowsOfProducer(mlir::linalg::GenericOp op) const;
  RowLoops rowsOfResult(mlir::linalg::GenericOp op) const;

  llvm::MapVector<mlir::linalg::GenericOp, RowLoops> ops;
  llvm::SmallVector<int64_t> rowExtents;
};

} // namespace hornet::lower
