// Gradients of the elementwise ops: one line an op, in the table at the end.

#include "differentiate/Rules.h"

#include <numbers>

using namespace mlir;
using namespace hornet::graph;

namespace hornet::differentiate {
namespace {

/// `derivative(x, y, dy)` is the gradient to x where y = f(x).
template <class Op, class F> void unary(MLIRContext *context, F) {
  rule<Op>(context, [](Op op, Term dy, Gradients &gradients) {
    gradients.add(op.getOperand(),
                  F()(gradients.term(op.getOperand()), gradients.term(op.getResult()), dy));
  });
}

/// `left` and `right` (l, r, y, dy) are the gradients to l and r where y = f(l, r).
template <class Op, class Left, class Right> void binary(MLIRContext *context, Left, Right) {
  rule<Op>(context, [](Op op, Term dy, Gradients &gradients) {
    Term l = gradients.term(op.getLhs()), r = gradients.term(op.getRhs());
    Term y = gradients.term(op.getResult());
    if (gradients.isNeeded(op.getLhs()))
      gradients.add(op.getLhs(), Left()(l, r, y, dy));
    if (gradients.isNeeded(op.getRhs()))
      gradients.add(op.getRhs(), Right()(l, r, y, dy));
  });
}

/// Constant almost everywhere: nothing goes back.
template <class Op> void constant(MLIRContext *context) {
  rule<Op>(context, [](Op, Term, Gradients &) {});
}

} // namespace

void addElementwiseRules(MLIRContext *c) {
  unary<AbsOp>(c, [](Term x, Term, Term dy) { return dy * sign(x); });
  constant<CeilOp>(c);
  unary<CosOp>(c, [](Term x, Term, Term dy) { return -(dy * sin(x)); });
  unary<ErfOp>(c, [](Term x, Term, Term dy) {
    return dy * (exp(-(x * x)) * (2 * std::numbers::inv_sqrtpi));
  });
  unary<ExpOp>(c, [](Term, Term y, Term dy) { return dy * y; });
  unary<ExpM1Op>(c, [](Term, Term y, Term dy) { return dy * (y + 1.0); });
  constant<FloorOp>(c);
  unary<LogOp>(c, [](Term x, Term, Term dy) { return dy / x; });
  unary<Log1pOp>(c, [](Term x, Term, Term dy) { return dy / (x + 1.0); });
  unary<NegateOp>(c, [](Term, Term, Term dy) { return -dy; });
  unary<ReluOp>(c, [](Term, Term y, Term dy) { return where(y > 0.0, dy, 0.0); });
  constant<RoundOp>(c);
  unary<RsqrtOp>(c, [](Term, Term y, Term dy) { return dy * (y * y * y * -0.5); });
  unary<SigmoidOp>(c, [](Term, Term y, Term dy) { return dy * (y * (1.0 - y)); });
  constant<SignOp>(c);
  unary<SinOp>(c, [](Term x, Term, Term dy) { return dy * cos(x); });
  unary<SoftplusOp>(c, [](Term x, Term, Term dy) { return dy * sigmoid(x); });
  unary<SqrtOp>(c, [](Term, Term y, Term dy) { return dy * 0.5 / y; });
  constant<StopGradientOp>(c);
  unary<TanhOp>(c, [](Term, Term y, Term dy) { return dy * (1.0 - y * y); });
  constant<TruncOp>(c);

  auto same = [](Term, Term, Term, Term dy) { return dy; };
  binary<AddOp>(c, same, same);
  binary<SubtractOp>(c, same, [](Term, Term, Term, Term dy) { return -dy; });
  binary<MultiplyOp>(
      c, [](Term, Term r, Term, Term dy) { return dy * r; },
      [](Term l, Term, Term, Term dy) { return dy * l; });
  binary<DivideOp>(
      c, [](Term, Term r, Term, Term dy) { return dy / r; },
      [](Term, Term r, Term y, Term dy) { return -(dy * y / r); });
  // Of equal ones the left one was taken, as TensorFlow has it.
  binary<MaximumOp>(
      c, [](Term l, Term r, Term, Term dy) { return where(l >= r, dy, 0.0); },
      [](Term l, Term r, Term, Term dy) { return where(l < r, dy, 0.0); });
  binary<MinimumOp>(
      c, [](Term l, Term r, Term, Term dy) { return where(l <= r, dy, 0.0); },
      [](Term l, Term r, Term, Term dy) { return where(l > r, dy, 0.0); });
  binary<PowerOp>(
      c, [](Term l, Term r, Term, Term dy) { return dy * r * pow(l, r - 1.0); },
      [](Term l, Term, Term y, Term dy) { return dy * where(l > 0.0, y * log(l), 0.0); });
  binary<Atan2Op>(
      c, [](Term l, Term r, Term, Term dy) { return dy * r / (l * l + r * r); },
      [](Term l, Term r, Term, Term dy) { return -(dy * l / (l * l + r * r)); });
  constant<CompareOp>(c);
  rule<SelectOp>(c, [](SelectOp op, Term dy, Gradients &gradients) {
    Term predicate = gradients.term(op.getPredicate());
    if (gradients.isNeeded(op.getOnTrue()))
      gradients.add(op.getOnTrue(), where(predicate, dy, 0.0));
    if (gradients.isNeeded(op.getOnFalse()))
      gradients.add(op.getOnFalse(), where(predicate, 0.0, dy));
  });
}

} // namespace hornet::differentiate
