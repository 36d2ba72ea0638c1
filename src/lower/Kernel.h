//===- Kernel.h - What becomes one loop nest, and the roles of its loops ------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include <optional>

namespace hornet::lower {

/// A tensor (or a scalar) that a kernel reads or writes: element `map(loops)`.
struct Access {
  mlir::Value value;
  mlir::AffineMap map; ///< over the kernel's loops

  bool dependsOn(unsigned loop) const { return map.isFunctionOfDim(loop); }
  /// Whether one step of `loop` is one element, so that consecutive steps make a vector: anywhere,
  /// or within blocks of `packedBlock` steps.
  bool isContiguousIn(unsigned loop) const;
  /// n where the access is packed (n floordiv block, …, n mod block) along `loop`; otherwise 0.
  int64_t packedBlock(unsigned loop) const;
  /// Whether vectors along `rows` are in memory where vectors along `columns` are wanted.
  bool isTransposed(unsigned rows, unsigned columns) const {
    return isContiguousIn(rows) && !packedBlock(rows) && dependsOn(columns);
  }
};

/// The elementwise op that takes a root's result in registers; there may be none.
struct Epilogue {
  mlir::linalg::GenericOp op;
  unsigned operand = 0;             ///< which of its inputs is the root's result
  llvm::SmallVector<Access> inputs; ///< in its order, the root's result left out
  mlir::AffineMap loops;            ///< its own loops, over the root's

  explicit operator bool() { return static_cast<bool>(op); }
};

/// `op` as the epilogue of the root whose result is its input `operand`, with accesses over the
/// root's loops. `output` is where the root writes, and then where the epilogue does.
Epilogue epilogueOf(mlir::linalg::GenericOp op, unsigned operand, Access &output);

/// A structured op, and the elementwise op that takes its result, if that is its only use: computed
/// together, so that the result of the first stays in registers.
struct Kernel {
  mlir::linalg::LinalgOp root;
  Epilogue epilogue;

  llvm::SmallVector<Access> inputs;   ///< of the root
  Access init;                        ///< what the root accumulates onto
  Access output;                      ///< the tensor that is written
  llvm::SmallVector<int64_t> extents; ///< of the loops; dynamic: the batch
  llvm::SmallVector<unsigned> parallelLoops, reductionLoops;

  mlir::Operation *last() { return epilogue ? epilogue.op.getOperation() : root.getOperation(); }
};

/// Whether `op` is elementwise and of a form that the vector code can express.
bool isElementwise(mlir::linalg::LinalgOp op);

/// The kernel that ends in `op`; nothing when `op` is of a kind that stays a plain loop nest.
std::optional<Kernel> kernelEndingIn(mlir::linalg::LinalgOp op);

/// The one op that accumulates (`arith.addf`, …), if it is associative and known to
/// `vector.reduction`.
mlir::Operation *combinerOf(const Kernel &kernel);

/// What each loop of a kernel is for. Every sum of products, window and elementwise op has these:
/// columns are the elements of vectors, rows share the vectors that do not depend on them.
struct Roles {
  /// The loop along which elements become vectors: a parallel one that is contiguous in the output,
  /// or a reduction that is contiguous in the inputs (a sum along rows).
  unsigned vector;
  bool vectorIsReduction = false;
  /// The loop whose steps read the same vectors of some input (its filter, say), so that several
  /// steps at a time save loads; nothing when there is no such reuse.
  std::optional<unsigned> rows;
  /// Of elementwise work: some input is contiguous along the rows, not along the vectors, so that
  /// squares of it are read that way and turned in registers.
  bool transposes = false;
  /// The other parallel loops, outermost first.
  llvm::SmallVector<unsigned> outer;
};

/// Nothing when no loop can be vectorized.
std::optional<Roles> rolesOf(const Kernel &kernel);

} // namespace hornet::lower
