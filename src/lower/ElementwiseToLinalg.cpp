// graph-to-linalg: one line an op, in the table at the end.

#include "graph/Graph.h"
#include "lower/GraphToLinalg.h"
#include "lower/Structured.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace hornet::lower {
namespace {

using Scalar = Value (*)(OpBuilder &, Location, ValueRange);

template <class Op> class ElementwiseToLinalg : public OpRewritePattern<Op> {
public:
  ElementwiseToLinalg(MLIRContext *context, Scalar scalar)
      : OpRewritePattern<Op>(context), scalar(scalar) {}

  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(op.getType());
    rewriter.replaceOp(op, elementwise(rewriter, op.getLoc(), type, op->getOperands(), scalar));
    return success();
  }

private:
  Scalar scalar;
};

/// The scalar op of an upstream dialect that does the same.
template <class Op> Value upstream(OpBuilder &builder, Location loc, ValueRange elements) {
  return Op::create(builder, loc, elements.front().getType(), elements);
}

Value number(OpBuilder &builder, Location loc, Value like, double value) {
  return arith::ConstantOp::create(builder, loc, builder.getFloatAttr(like.getType(), value));
}

/// 0 where x < 0 and otherwise x: NaN stays NaN, and x86 has one instruction for it.
Value relu(OpBuilder &builder, Location loc, ValueRange elements) {
  Value x = elements[0], zero = number(builder, loc, x, 0);
  Value negative = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OLT, x, zero);
  return arith::SelectOp::create(builder, loc, negative, zero, x);
}

Value sigmoid(OpBuilder &builder, Location loc, ValueRange elements) {
  Value x = elements[0], one = number(builder, loc, x, 1);
  Value power = math::ExpOp::create(builder, loc, arith::NegFOp::create(builder, loc, x));
  return arith::DivFOp::create(builder, loc, one, arith::AddFOp::create(builder, loc, one, power));
}

Value sign(OpBuilder &builder, Location loc, ValueRange elements) {
  Value x = elements[0], zero = number(builder, loc, x, 0);
  Value one = math::CopySignOp::create(builder, loc, number(builder, loc, x, 1), x);
  Value other = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::ONE, x, zero);
  return arith::SelectOp::create(builder, loc, other, one, x);
}

/// max(x, 0) + ln(1 + e^-|x|), which does not overflow.
Value softplus(OpBuilder &builder, Location loc, ValueRange elements) {
  Value size = math::AbsFOp::create(builder, loc, elements[0]);
  Value power = math::ExpOp::create(builder, loc, arith::NegFOp::create(builder, loc, size));
  Value rest = math::Log1pOp::create(builder, loc, power);
  return arith::AddFOp::create(builder, loc, relu(builder, loc, elements), rest);
}

Value reciprocalRoot(OpBuilder &builder, Location loc, ValueRange elements) {
  Value root = math::SqrtOp::create(builder, loc, elements[0]);
  return arith::DivFOp::create(builder, loc, number(builder, loc, root, 1), root);
}

Value identity(OpBuilder &, Location, ValueRange elements) { return elements[0]; }

Value select(OpBuilder &builder, Location loc, ValueRange elements) {
  return arith::SelectOp::create(builder, loc, elements[0], elements[1], elements[2]);
}

/// Arithmetic on floats or on integers.
template <class FloatOp, class IntegerOp>
Value numeric(OpBuilder &builder, Location loc, ValueRange elements) {
  if (isa<FloatType>(elements[0].getType()))
    return upstream<FloatOp>(builder, loc, elements);
  return upstream<IntegerOp>(builder, loc, elements);
}

struct Predicates {
  arith::CmpFPredicate floats;
  arith::CmpIPredicate integers;
};
// In the order of graph::Comparison.
constexpr Predicates predicates[] = {
    {arith::CmpFPredicate::OEQ, arith::CmpIPredicate::eq},
    {arith::CmpFPredicate::UNE, arith::CmpIPredicate::ne},
    {arith::CmpFPredicate::OLT, arith::CmpIPredicate::slt},
    {arith::CmpFPredicate::OLE, arith::CmpIPredicate::sle},
    {arith::CmpFPredicate::OGT, arith::CmpIPredicate::sgt},
    {arith::CmpFPredicate::OGE, arith::CmpIPredicate::sge},
};

struct CompareToLinalg : OpRewritePattern<graph::CompareOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::CompareOp op, PatternRewriter &rewriter) const override {
    Predicates predicate = predicates[static_cast<size_t>(op.getComparison())];
    auto compare = [&](OpBuilder &builder, Location loc, ValueRange elements) -> Value {
      if (isa<FloatType>(elements[0].getType()))
        return arith::CmpFOp::create(builder, loc, predicate.floats, elements[0], elements[1]);
      return arith::CmpIOp::create(builder, loc, predicate.integers, elements[0], elements[1]);
    };
    rewriter.replaceOp(
        op, elementwise(rewriter, op.getLoc(), op.getType(), op->getOperands(), compare));
    return success();
  }
};

struct ConstantToArith : OpRewritePattern<graph::ConstantOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::ConstantOp op, PatternRewriter &rewriter) const override {
    rewriter.replaceOpWithNewOp<arith::ConstantOp>(op, cast<TypedAttr>(op.getValue()));
    return success();
  }
};

} // namespace

template <class Op> static void add(RewritePatternSet &patterns, Scalar scalar) {
  patterns.add<ElementwiseToLinalg<Op>>(patterns.getContext(), scalar);
}

void addElementwiseToLinalg(RewritePatternSet &patterns) {
  patterns.add<CompareToLinalg, ConstantToArith>(patterns.getContext());
  add<graph::AbsOp>(patterns, upstream<math::AbsFOp>);
  add<graph::AddOp>(patterns, numeric<arith::AddFOp, arith::AddIOp>);
  add<graph::Atan2Op>(patterns, upstream<math::Atan2Op>);
  add<graph::CeilOp>(patterns, upstream<math::CeilOp>);
  add<graph::CosOp>(patterns, upstream<math::CosOp>);
  add<graph::DivideOp>(patterns, numeric<arith::DivFOp, arith::DivSIOp>);
  add<graph::ErfOp>(patterns, upstream<math::ErfOp>);
  add<graph::ExpM1Op>(patterns, upstream<math::ExpM1Op>);
  add<graph::ExpOp>(patterns, upstream<math::ExpOp>);
  add<graph::FloorOp>(patterns, upstream<math::FloorOp>);
  add<graph::Log1pOp>(patterns, upstream<math::Log1pOp>);
  add<graph::LogOp>(patterns, upstream<math::LogOp>);
  add<graph::MaximumOp>(patterns, numeric<arith::MaximumFOp, arith::MaxSIOp>);
  add<graph::MinimumOp>(patterns, numeric<arith::MinimumFOp, arith::MinSIOp>);
  add<graph::MultiplyOp>(patterns, numeric<arith::MulFOp, arith::MulIOp>);
  add<graph::NegateOp>(patterns, upstream<arith::NegFOp>);
  add<graph::PowerOp>(patterns, upstream<math::PowFOp>);
  add<graph::ReluOp>(patterns, relu);
  add<graph::RoundOp>(patterns, upstream<math::RoundEvenOp>);
  add<graph::RsqrtOp>(patterns, reciprocalRoot);
  add<graph::SelectOp>(patterns, select);
  add<graph::SigmoidOp>(patterns, sigmoid);
  add<graph::SignOp>(patterns, sign);
  add<graph::SinOp>(patterns, upstream<math::SinOp>);
  add<graph::SoftplusOp>(patterns, softplus);
  add<graph::SqrtOp>(patterns, upstream<math::SqrtOp>);
  add<graph::StopGradientOp>(patterns, identity);
  add<graph::SubtractOp>(patterns, numeric<arith::SubFOp, arith::SubIOp>);
  add<graph::TanhOp>(patterns, upstream<math::TanhOp>);
  add<graph::TruncOp>(patterns, upstream<math::TruncOp>);
}

} // namespace hornet::lower
