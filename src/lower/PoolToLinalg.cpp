// graph-to-linalg: pooling windows.

#include "graph/Graph.h"
#include "lower/GraphToLinalg.h"
#include "lower/Structured.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <limits>

using namespace mlir;

namespace hornet::lower {
namespace {

using utils::IteratorType;

/// init ∘ all elements of each window; `neutral` fills the padding and starts the reduction.
template <class Op> Value slide(Op op, OpBuilder &builder, double neutral, Body combine) {
  Location loc = op.getLoc();
  int64_t spatial = op.getWindow().size();
  SmallVector<int64_t> low = {0}, high = {0};
  low.append(op.getLow().begin(), op.getLow().end());
  high.append(op.getHigh().begin(), op.getHigh().end());
  low.push_back(0);
  high.push_back(0);
  Value input = padded(builder, loc, op.getInput(), low, high, neutral);

  // Loops: n, out…, c, window…; the extents of the window come from an operand that is never read.
  auto dim = [&](int64_t i) { return builder.getAffineDimExpr(i); };
  SmallVector<AffineExpr> in = {dim(0)}, window, out = {dim(0)};
  for (int64_t i = 0; i < spatial; ++i) {
    AffineExpr step = dim(spatial + 2 + i);
    in.push_back(dim(1 + i) * op.getStrides()[i] + step);
    window.push_back(step);
    out.push_back(dim(1 + i));
  }
  in.push_back(dim(spatial + 1));
  out.push_back(dim(spatial + 1));
  auto map = [&](ArrayRef<AffineExpr> exprs) {
    return AffineMap::get(2 * spatial + 2, 0, exprs, builder.getContext());
  };
  SmallVector<IteratorType> iterators(spatial + 2, IteratorType::parallel);
  iterators.append(spatial, IteratorType::reduction);
  Value extents =
      tensor::EmptyOp::create(builder, loc, op.getWindow(), op.getType().getElementType());
  Value init = filledTensor(builder, loc, op.getType(), op.getInput(), neutral);
  return generic(builder, loc, {input, extents}, init, {map(in), map(window), map(out)}, iterators,
                 [&](OpBuilder &nested, Location nestedLoc, ValueRange elements) {
                   return combine(nested, nestedLoc, {elements[2], elements[0]});
                 });
}

struct MaxPoolToLinalg : OpRewritePattern<graph::MaxPoolOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::MaxPoolOp op, PatternRewriter &rewriter) const override {
    // A comparison and a selection are one instruction on x86; arith.maximumf is four.
    auto greater = [](OpBuilder &builder, Location loc, ValueRange elements) -> Value {
      Value above =
          arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OGT, elements[0], elements[1]);
      return arith::SelectOp::create(builder, loc, above, elements[0], elements[1]);
    };
    rewriter.replaceOp(op, slide(op, rewriter, -std::numeric_limits<double>::infinity(), greater));
    return success();
  }
};

/// Elements of the input, padding left out, that each window along spatial dimension `i` covers.
SmallVector<int64_t> coverage(graph::AveragePoolOp op, int64_t i) {
  SmallVector<int64_t> counts;
  int64_t extent = op.getInput().getType().getDimSize(i + 1);
  for (int64_t out = 0; out < op.getType().getDimSize(i + 1); ++out) {
    int64_t start = out * op.getStrides()[i] - op.getLow()[i];
    counts.push_back(std::min(start + op.getWindow()[i], extent) - std::max<int64_t>(start, 0));
  }
  return counts;
}

/// The divisors of all positions, shaped (out…, 1).
DenseElementsAttr divisors(graph::AveragePoolOp op) {
  SmallVector<float> products = {1};
  SmallVector<int64_t> shape;
  for (size_t i = 0; i < op.getWindow().size(); ++i) {
    SmallVector<float> finer;
    SmallVector<int64_t> counts = coverage(op, i);
    for (float product : products)
      for (int64_t count : counts)
        finer.push_back(product * static_cast<float>(count));
    products = std::move(finer);
    shape.push_back(counts.size());
  }
  shape.push_back(1);
  auto type = RankedTensorType::get(shape, op.getType().getElementType());
  return cast<DenseElementsAttr>(DenseFPElementsAttr::get(type, products));
}

struct AveragePoolToLinalg : OpRewritePattern<graph::AveragePoolOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::AveragePoolOp op, PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto sum = [](OpBuilder &builder, Location loc, ValueRange elements) -> Value {
      return arith::AddFOp::create(builder, loc, elements[0], elements[1]);
    };
    Value sums = slide(op, rewriter, 0, sum);
    Value counts = arith::ConstantOp::create(rewriter, loc, divisors(op));
    rewriter.replaceOp(
        op, elementwise(
                rewriter, loc, op.getType(), {sums, counts},
                [](OpBuilder &builder, Location loc, ValueRange elements) {
                  return arith::DivFOp::create(builder, loc, elements[0], elements[1]).getResult();
                }));
    return success();
  }
};

} // namespace

void addPoolToLinalg(RewritePatternSet &patterns) {
  patterns.add<MaxPoolToLinalg, AveragePoolToLinalg>(patterns.getContext());
}

} // namespace hornet::lower
