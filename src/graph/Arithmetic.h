//===- Arithmetic.h - Formulas in C++ that build graph ops -------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "graph/Graph.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace hornet::graph {

/// A tensor in a formula. `x * sigmoid(x) + 1.0` on Terms appends the ops at the builder's place
/// and location. Scalars become constants of the other operand's element type, shapes broadcast;
/// shapes that do not broadcast are a bug of the caller.
struct Term {
  mlir::ImplicitLocOpBuilder *builder;
  mlir::Value value;

  mlir::RankedTensorType type() const {
    return mlir::cast<mlir::RankedTensorType>(value.getType());
  }
  /// A rank 0 constant of this term's element type.
  Term scalar(double number) const {
    mlir::FloatAttr attribute = builder->getFloatAttr(type().getElementType(), number);
    auto scalarType = mlir::RankedTensorType::get({}, type().getElementType());
    return {builder,
            ConstantOp::create(*builder, mlir::DenseElementsAttr::get(scalarType, attribute))};
  }
};

/// Appends `Op` on terms and attributes.
template <class Op, class... Terms> Term apply(Term x, Terms... more) {
  return {x.builder, Op::create(*x.builder, x.value, more.value...)};
}

#define HORNET_GRAPH_BINARY(function, Op)                                                          \
  inline Term function(Term x, Term y) { return apply<Op>(x, y); }                                 \
  inline Term function(Term x, double y) { return apply<Op>(x, x.scalar(y)); }                     \
  inline Term function(double x, Term y) { return apply<Op>(y.scalar(x), y); }
HORNET_GRAPH_BINARY(operator+, AddOp)
HORNET_GRAPH_BINARY(operator-, SubtractOp)
HORNET_GRAPH_BINARY(operator*, MultiplyOp)
HORNET_GRAPH_BINARY(operator/, DivideOp)
HORNET_GRAPH_BINARY(atan2, Atan2Op)
HORNET_GRAPH_BINARY(max, MaximumOp)
HORNET_GRAPH_BINARY(min, MinimumOp)
HORNET_GRAPH_BINARY(pow, PowerOp)
#undef HORNET_GRAPH_BINARY

#define HORNET_GRAPH_UNARY(function, Op)                                                           \
  inline Term function(Term x) { return apply<Op>(x); }
HORNET_GRAPH_UNARY(operator-, NegateOp)
HORNET_GRAPH_UNARY(abs, AbsOp)
HORNET_GRAPH_UNARY(cos, CosOp)
HORNET_GRAPH_UNARY(erf, ErfOp)
HORNET_GRAPH_UNARY(exp, ExpOp)
HORNET_GRAPH_UNARY(expm1, ExpM1Op)
HORNET_GRAPH_UNARY(log, LogOp)
HORNET_GRAPH_UNARY(log1p, Log1pOp)
HORNET_GRAPH_UNARY(relu, ReluOp)
HORNET_GRAPH_UNARY(rsqrt, RsqrtOp)
HORNET_GRAPH_UNARY(sigmoid, SigmoidOp)
HORNET_GRAPH_UNARY(sign, SignOp)
HORNET_GRAPH_UNARY(sin, SinOp)
HORNET_GRAPH_UNARY(softplus, SoftplusOp)
HORNET_GRAPH_UNARY(sqrt, SqrtOp)
HORNET_GRAPH_UNARY(tanh, TanhOp)
#undef HORNET_GRAPH_UNARY

#define HORNET_GRAPH_COMPARISON(function, comparison)                                              \
  inline Term function(Term x, Term y) {                                                           \
    return {x.builder, CompareOp::create(*x.builder, Comparison::comparison, x.value, y.value)};   \
  }                                                                                                \
  inline Term function(Term x, double y) { return function(x, x.scalar(y)); }
HORNET_GRAPH_COMPARISON(operator<, lt)
HORNET_GRAPH_COMPARISON(operator<=, le)
HORNET_GRAPH_COMPARISON(operator>, gt)
HORNET_GRAPH_COMPARISON(operator>=, ge)
HORNET_GRAPH_COMPARISON(equals, eq)
#undef HORNET_GRAPH_COMPARISON

/// Keras's backend.epsilon(): what keeps divisors and logarithms from 0.
inline constexpr double fuzz = 1e-7;

inline Term square(Term x) { return x * x; }

/// `predicate ? x : y`, elementwise.
inline Term where(Term predicate, Term x, Term y) { return apply<SelectOp>(predicate, x, y); }
inline Term where(Term predicate, Term x, double y) { return where(predicate, x, x.scalar(y)); }
inline Term where(Term predicate, double x, Term y) { return where(predicate, y.scalar(x), y); }

/// `x` repeated to the shape of `like`.
inline Term broadcastTo(Term x, Term like) {
  return {x.builder, BroadcastOp::create(*x.builder, like.type(), x.value, like.value)};
}

inline Term clip(Term x, double low, double high) { return min(max(x, low), high); }

inline Term reshape(Term x, llvm::ArrayRef<int64_t> shape) {
  auto type = mlir::RankedTensorType::get(shape, x.type().getElementType());
  return {x.builder, ReshapeOp::create(*x.builder, type, x.value)};
}

inline Term einsum(llvm::StringRef equation, Term x, Term y) {
  return {x.builder, EinsumOp::create(*x.builder, equation, x.value, y.value)};
}

/// Reduces over `dimensions` (increasing), which stay with an extent of 1.
template <class Op> Term reduceKeeping(Term x, llvm::ArrayRef<int64_t> dimensions) {
  llvm::SmallVector<int64_t> shape(x.type().getShape());
  for (int64_t dimension : dimensions)
    shape[dimension] = 1;
  return reshape({x.builder, Op::create(*x.builder, x.value, dimensions)}, shape);
}

} // namespace hornet::graph
