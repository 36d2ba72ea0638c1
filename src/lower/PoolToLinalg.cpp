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

/// The tensors that a sliding window reads and how the loops find them.
struct Windows {
  Value input;
  AffineMap in, window, out; ///< of the padded input, of what is in each window, of the result
  SmallVector<IteratorType> iterators;
};

/// Loops: n, out…, c, window….
template <class Op> Windows windowsOf(Op op, OpBuilder &builder, double padding) {
  int64_t spatial = op.getWindow().size();
  SmallVector<int64_t> low = {0}, high = {0};
  low.append(op.getLow().begin(), op.getLow().end());
  high.append(op.getHigh().begin(), op.getHigh().end());
  low.push_back(0);
  high.push_back(0);
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
  return {padded(builder, op.getLoc(), op.getInput(), low, high, padding), map(in), map(window),
          map(out), iterators};
}

/// init ∘ all elements of each window; `neutral` fills the padding and starts the reduction.
template <class Op> Value slide(Op op, OpBuilder &builder, double neutral, Body combine) {
  Location loc = op.getLoc();
  Windows windows = windowsOf(op, builder, neutral);
  // The extents of the window come from an operand that is never read.
  Value extents =
      tensor::EmptyOp::create(builder, loc, op.getWindow(), op.getType().getElementType());
  Value init = filledTensor(builder, loc, op.getType(), op.getInput(), neutral);
  return generic(builder, loc, {windows.input, extents}, init,
                 {windows.in, windows.window, windows.out}, windows.iterators,
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

/// The least number of an element of the window that equals the maximum.
struct MaxPoolIndexToLinalg : OpRewritePattern<graph::MaxPoolIndexOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::MaxPoolIndexOp op,
                                PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Type element = op.getType().getElementType();
    SmallVector<Attribute> numbers;
    for (int64_t i = 0, n = llvm::product_of(op.getWindow()); i <= n; ++i)
      numbers.push_back(rewriter.getFloatAttr(element, static_cast<double>(i)));
    double none = static_cast<double>(numbers.size() - 1);
    numbers.pop_back();
    auto type = RankedTensorType::get(op.getWindow(), element);
    Value number = arith::ConstantOp::create(rewriter, loc, DenseElementsAttr::get(type, numbers));
    Value init = filledTensor(rewriter, loc, op.getType(), op.getInput(), none);
    Windows windows = windowsOf(op, rewriter, -std::numeric_limits<double>::infinity());
    auto least = [&](OpBuilder &b, Location at, ValueRange elements) -> Value {
      Value no = arith::ConstantOp::create(b, at, b.getFloatAttr(element, none));
      Value here =
          arith::CmpFOp::create(b, at, arith::CmpFPredicate::OEQ, elements[0], elements[1]);
      Value candidate = arith::SelectOp::create(b, at, here, elements[2], no);
      Value below = arith::CmpFOp::create(b, at, arith::CmpFPredicate::OLT, candidate, elements[3]);
      return arith::SelectOp::create(b, at, below, candidate, elements[3]);
    };
    rewriter.replaceOp(op, generic(rewriter, loc, {windows.input, op.getMaximum(), number}, init,
                                   {windows.in, windows.out, windows.window, windows.out},
                                   windows.iterators, least));
    return success();
  }
};

struct AveragePoolToLinalg : OpRewritePattern<graph::AveragePoolOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::AveragePoolOp op, PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto sum = [](OpBuilder &builder, Location loc, ValueRange elements) -> Value {
      return arith::AddFOp::create(builder, loc, elements[0], elements[1]);
    };
    Value sums = slide(op, rewriter, 0, sum);
    Value counts = arith::ConstantOp::create(rewriter, loc, op.divisors());
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
  patterns.add<MaxPoolToLinalg, MaxPoolIndexToLinalg, AveragePoolToLinalg>(patterns.getContext());
}

} // namespace hornet::lower
