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
  /// Whether one step of `loop` is one element, so that consecutive steps make a vector.
  bool isContiguousIn(unsigned loop) const;
};

/// A structured op, and the elementwise op that takes its result, if that is its only use: computed
/// together, so that the result of the first stays in registers.
struct Kernel {
  mlir::linalg::LinalgOp root;
  mlir::linalg::GenericOp epilogue; ///< may be null
  unsigned epilogueOperand = 0;     ///< which of the epilogue's inputs is the root's result

  llvm::SmallVector<Access> inputs;         ///< of the root
  llvm::SmallVector<Access> epilogueInputs; ///< in its order, the root's result left out
  Access init;                              ///< what the root accumulates onto
  Access output;                            ///< the tensor that is written
  llvm::SmallVector<int64_t> extents;       ///< of the loops; dynamic: the batch
  llvm::SmallVector<unsigned> parallelLoops, reductionLoops;

  mlir::Operation *last() { return epilogue ? epilogue.getOperation() : root.getOperation(); }
};

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
  /// The other parallel loops, outermost first.
  llvm::SmallVector<unsigned> outer;
};

/// Nothing when no loop can be vectorized.
std::optional<Roles> rolesOf(const Kernel &kernel);

} // namespace hornet::lower
