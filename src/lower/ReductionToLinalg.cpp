// graph-to-linalg: reductions and softmax.

#include "graph/Einsum.h"
#include "graph/Graph.h"
#include "lower/GraphToLinalg.h"
#include "lower/Structured.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <limits>

using namespace mlir;

namespace hornet::lower {
namespace {

using utils::IteratorType;
using Combine = Value (*)(OpBuilder &, Location, ValueRange);

/// Reduces `dimensions` of `input`, starting from `neutral`.
Value reduce(OpBuilder &builder, Location loc, Value input, ArrayRef<int64_t> dimensions,
             double neutral, Combine combine) {
  auto type = cast<RankedTensorType>(input.getType());
  SmallVector<IteratorType> iterators(type.getRank(), IteratorType::parallel);
  SmallVector<AffineExpr> kept;
  SmallVector<int64_t> shape;
  for (int64_t i = 0; i < type.getRank(); ++i)
    if (llvm::is_contained(dimensions, i)) {
      iterators[i] = IteratorType::reduction;
    } else {
      kept.push_back(builder.getAffineDimExpr(i));
      shape.push_back(type.getDimSize(i));
    }
  auto resultType = RankedTensorType::get(shape, type.getElementType());
  Value init = filledTensor(builder, loc, resultType, input, neutral);
  SmallVector<AffineMap> maps = {builder.getMultiDimIdentityMap(type.getRank()),
                                 AffineMap::get(type.getRank(), 0, kept, builder.getContext())};
  return generic(builder, loc, input, init, maps, iterators,
                 [&](OpBuilder &nested, Location nestedLoc, ValueRange elements) {
                   return combine(nested, nestedLoc, {elements[1], elements[0]});
                 });
}

template <class Op> Value combine(OpBuilder &builder, Location loc, ValueRange elements) {
  return Op::create(builder, loc, elements[0], elements[1]);
}

constexpr double lowest = -std::numeric_limits<double>::infinity();

template <class Op> class ReduceToLinalg : public OpRewritePattern<Op> {
public:
  ReduceToLinalg(MLIRContext *context, double neutral, Combine combine)
      : OpRewritePattern<Op>(context), neutral(neutral), combine(combine) {}
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    rewriter.replaceOp(
        op, reduce(rewriter, op.getLoc(), op.getInput(), op.getDimensions(), neutral, combine));
    return success();
  }

private:
  double neutral;
  Combine combine;
};

/// f(x, row) where `row` lacks `dimension`, along which it is repeated.
Value alongRows(OpBuilder &builder, Location loc, Value x, Value row, int64_t dimension,
                Body body) {
  auto type = cast<RankedTensorType>(x.getType());
  AffineMap identity = builder.getMultiDimIdentityMap(type.getRank());
  SmallVector<IteratorType> iterators(type.getRank(), IteratorType::parallel);
  return generic(builder, loc, {x, row}, emptyTensor(builder, loc, type, x),
                 {identity, identity.dropResult(dimension), identity}, iterators, body);
}

/// exp(x - greatest) of each row, and its sum.
struct Powers {
  Value powers, sum;
};

Powers powersOf(graph::SoftmaxOp op, OpBuilder &b) {
  Location loc = op.getLoc();
  int64_t dimension = op.getDimension();
  Value greatest = reduce(b, loc, op.getInput(), dimension, lowest, combine<arith::MaximumFOp>);
  Value powers = alongRows(b, loc, op.getInput(), greatest, dimension,
                           [](OpBuilder &builder, Location loc, ValueRange elements) -> Value {
                             Value below =
                                 arith::SubFOp::create(builder, loc, elements[0], elements[1]);
                             return math::ExpOp::create(builder, loc, below);
                           });
  return {powers, reduce(b, loc, powers, dimension, 0, combine<arith::AddFOp>)};
}

struct SoftmaxToLinalg : OpRewritePattern<graph::SoftmaxOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::SoftmaxOp op, PatternRewriter &rewriter) const override {
    auto [powers, sum] = powersOf(op, rewriter);
    rewriter.replaceOp(op, alongRows(rewriter, op.getLoc(), powers, sum, op.getDimension(),
                                     combine<arith::DivFOp>));
    return success();
  }
};

/// einsum(softmax(x), v) -> einsum(exp(x - greatest), v) / sum where the weights are for that
/// alone: a quotient for each result of an attention, not for each of its weights.
struct WeightedSumToLinalg : OpRewritePattern<graph::SoftmaxOp> {
  explicit WeightedSumToLinalg(MLIRContext *context) : OpRewritePattern(context, /*benefit=*/2) {}

  LogicalResult matchAndRewrite(graph::SoftmaxOp op, PatternRewriter &rewriter) const override {
    auto einsum =
        op->hasOneUse() ? dyn_cast<graph::EinsumOp>(*op->user_begin()) : graph::EinsumOp();
    if (!einsum)
      return failure();
    auto letters = *graph::EinsumLetters::parse(einsum.getEquation());
    unsigned operand = op->getUses().begin()->getOperandNumber();
    std::string rows = operand == 0 ? letters.lhs : letters.rhs;
    char summed = rows[op.getDimension()];
    rows.erase(op.getDimension(), 1);
    auto inResult = [&](char letter) { return StringRef(letters.result).contains(letter); };
    if (inResult(summed) || !llvm::all_of(rows, inResult))
      return failure();

    Location loc = einsum.getLoc();
    rewriter.setInsertionPoint(einsum);
    auto [powers, sum] = powersOf(op, rewriter);
    SmallVector<Value> factors(einsum->getOperands());
    factors[operand] = powers;
    Value total =
        graph::EinsumOp::create(rewriter, loc, einsum.getEquation(), factors[0], factors[1]);
    RankedTensorType type = einsum.getType();
    AffineMap identity = rewriter.getMultiDimIdentityMap(type.getRank());
    auto places = llvm::map_to_vector(
        rows, [&](char letter) { return rewriter.getAffineDimExpr(letters.result.find(letter)); });
    SmallVector<IteratorType> iterators(type.getRank(), IteratorType::parallel);
    rewriter.replaceOp(
        einsum,
        generic(rewriter, loc, {total, sum}, emptyTensor(rewriter, loc, type, total),
                {identity, AffineMap::get(type.getRank(), 0, places, getContext()), identity},
                iterators, combine<arith::DivFOp>));
    rewriter.eraseOp(op);
    return success();
  }
};

struct LogSoftmaxToLinalg : OpRewritePattern<graph::LogSoftmaxOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::LogSoftmaxOp op, PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    int64_t dimension = op.getDimension();
    Value greatest =
        reduce(rewriter, loc, op.getInput(), dimension, lowest, combine<arith::MaximumFOp>);
    Value below = alongRows(rewriter, loc, op.getInput(), greatest, dimension,
                            [](OpBuilder &builder, Location loc, ValueRange elements) -> Value {
                              return arith::SubFOp::create(builder, loc, elements[0], elements[1]);
                            });
    auto type = cast<RankedTensorType>(below.getType());
    Value powers = elementwise(rewriter, loc, type, below,
                               [](OpBuilder &builder, Location loc, ValueRange elements) -> Value {
                                 return math::ExpOp::create(builder, loc, elements[0]);
                               });
    Value sum = reduce(rewriter, loc, powers, dimension, 0, combine<arith::AddFOp>);
    rewriter.replaceOp(
        op, alongRows(rewriter, loc, below, sum, dimension,
                      [](OpBuilder &builder, Location loc, ValueRange elements) -> Value {
                        Value log = math::LogOp::create(builder, loc, elements[1]);
                        return arith::SubFOp::create(builder, loc, elements[0], log);
                      }));
    return success();
  }
};

} // namespace

void addReductionToLinalg(RewritePatternSet &patterns) {
  MLIRContext *context = patterns.getContext();
  patterns.add<ReduceToLinalg<graph::ReduceMaxOp>>(context, lowest, combine<arith::MaximumFOp>);
  patterns.add<ReduceToLinalg<graph::ReduceSumOp>>(context, 0.0, combine<arith::AddFOp>);
  patterns.add<SoftmaxToLinalg, WeightedSumToLinalg, LogSoftmaxToLinalg>(context);
}

} // namespace hornet::lower
