//===- Gradients.h - From a loss to the gradients of what it depends on --------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "graph/Arithmetic.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"

namespace hornet::differentiate {
class Gradients;
} // namespace hornet::differentiate
#include "differentiate/Differentiable.h.inc"

namespace hornet::differentiate {

using graph::Term;

/// Gives every op of the graph dialect that has a gradient its rule.
void registerGradients(mlir::DialectRegistry &registry);

/// The gradients of one scalar, found by going backwards through the ops of a block. Only what
/// depends on the variables is differentiated, so that nothing is computed for frozen parameters
/// or for data.
class Gradients {
public:
  /// Of `loss` (rank 0) to `variables`, which are defined in or before the block of the loss.
  /// Appends ops at the place of `builder`, which is behind the loss. Nothing when an op on the way
  /// has no gradient: then a diagnostic names it, at the location of its layer.
  static mlir::FailureOr<llvm::SmallVector<mlir::Value>>
  of(mlir::Value loss, mlir::ValueRange variables, mlir::OpBuilder &builder);

  /// Of a sum to `variables`, from the gradients of some values of one block, which `last` comes
  /// after: null for a variable that no value depends on.
  static mlir::FailureOr<llvm::SmallVector<mlir::Value>>
  of(llvm::ArrayRef<std::pair<mlir::Value, mlir::Value>> known, mlir::Operation *last,
     mlir::ValueRange variables, mlir::OpBuilder &builder);

  /// `variables`, and what depends on them of what the block of `last` computes up to there.
  static llvm::DenseSet<mlir::Value> dependents(mlir::Operation *last, mlir::ValueRange variables);

  //===--------------------------------------------------------------------===//
  // For rules
  //===--------------------------------------------------------------------===//

  /// Whether `value` depends on a variable: no gradient of others is asked for.
  bool isNeeded(mlir::Value value) const { return needed.contains(value); }
  /// The gradient to a result of the op whose rule is called; the one of several may have none.
  Term ofResult(mlir::Value result) { return term(sums.lookup(result)); }
  Term term(mlir::Value value) { return {&builder, value}; }
  /// Adds `gradient` to that of `value`, which may have been broadcast to the gradient's shape.
  /// Does nothing when that is not needed.
  void add(mlir::Value value, Term gradient);
  /// Lets `by` take the place of the results of the op whose rule is called, and then of the op.
  void replace(mlir::Operation *op, mlir::ValueRange by);
  /// Says that the op whose rule is called has no gradient, for a reason that was reported.
  void fail() { hasFailed = true; }

private:
  Gradients(mlir::OpBuilder &builder, mlir::Location loc) : builder(loc, builder) {}
  mlir::LogicalResult goBack(mlir::Operation &op);

  mlir::ImplicitLocOpBuilder builder;
  llvm::DenseSet<mlir::Value> needed;
  llvm::DenseMap<mlir::Value, mlir::Value> sums;
  llvm::SmallVector<mlir::Operation *> replaced;
  bool hasFailed = false;
};

/// Zeros of the type of `like`.
Term zerosLike(Term like);

/// `x` summed over the dimensions along which a tensor of the type `type` was broadcast to it.
Term sumTo(Term x, mlir::RankedTensorType type);

} // namespace hornet::differentiate
