// graph-to-linalg: ops that only move elements.

#include "graph/Graph.h"
#include "lower/GraphToLinalg.h"
#include "lower/Structured.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace hornet::lower {
namespace {

struct ReshapeToTensor : OpRewritePattern<graph::ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::ReshapeOp op, PatternRewriter &rewriter) const override {
    rewriter.replaceOp(op, reshaped(rewriter, op.getLoc(), op.getInput(), op.getType()));
    return success();
  }
};

struct TransposeToLinalg : OpRewritePattern<graph::TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::TransposeOp op, PatternRewriter &rewriter) const override {
    int64_t rank = op.getType().getRank();
    SmallVector<AffineExpr> exprs(rank);
    for (auto [to, from] : llvm::enumerate(op.getPermutation()))
      exprs[from] = rewriter.getAffineDimExpr(to);
    AffineMap read = AffineMap::get(rank, 0, exprs, getContext());
    Location loc = op.getLoc();
    SmallVector<Value> dynamic;
    for (auto [to, from] : llvm::enumerate(op.getPermutation()))
      if (op.getType().isDynamicDim(to))
        dynamic.push_back(tensor::DimOp::create(rewriter, loc, op.getInput(), from));
    Value init = tensor::EmptyOp::create(rewriter, loc, op.getType(), dynamic);
    SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
    rewriter.replaceOp(
        op,
        generic(rewriter, loc, op.getInput(), init, {read, rewriter.getMultiDimIdentityMap(rank)},
                iterators, [](OpBuilder &, Location, ValueRange elements) { return elements[0]; }));
    return success();
  }
};

struct PadToTensor : OpRewritePattern<graph::PadOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::PadOp op, PatternRewriter &rewriter) const override {
    rewriter.replaceOp(op, padded(rewriter, op.getLoc(), op.getInput(), op.getLow(), op.getHigh(),
                                  op.getValue().convertToDouble()));
    return success();
  }
};

struct SliceToTensor : OpRewritePattern<graph::SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::SliceOp op, PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    bool dense = llvm::all_of(op.getStrides(), [](int64_t stride) { return stride == 1; });
    rewriter.replaceOp(op, dense ? view(op, rewriter, loc) : gather(op, rewriter, loc));
    return success();
  }

private:
  static Value view(graph::SliceOp op, OpBuilder &builder, Location loc) {
    SmallVector<OpFoldResult> starts, sizes, strides;
    for (auto [i, start] : llvm::enumerate(op.getStart())) {
      starts.push_back(builder.getIndexAttr(start));
      strides.push_back(builder.getIndexAttr(1));
      sizes.push_back(op.getType().isDynamicDim(i)
                          ? tensor::getMixedSize(builder, loc, op.getInput(), i)
                          : builder.getIndexAttr(op.getType().getDimSize(i)));
    }
    return tensor::ExtractSliceOp::create(builder, loc, op.getType(), op.getInput(), starts, sizes,
                                          strides);
  }

  /// A copy, so that every tensor that is read has its elements side by side.
  static Value gather(graph::SliceOp op, OpBuilder &builder, Location loc) {
    int64_t rank = op.getType().getRank();
    SmallVector<AffineExpr> exprs;
    for (int64_t i = 0; i < rank; ++i)
      exprs.push_back(builder.getAffineDimExpr(i) * op.getStrides()[i] + op.getStart()[i]);
    SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
    Value init = emptyTensor(builder, loc, op.getType(), op.getInput());
    return generic(builder, loc, op.getInput(), init,
                   {AffineMap::get(rank, 0, exprs, builder.getContext()),
                    builder.getMultiDimIdentityMap(rank)},
                   iterators,
                   [](OpBuilder &, Location, ValueRange elements) { return elements[0]; });
  }
};

struct ConcatenateToTensor : OpRewritePattern<graph::ConcatenateOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::ConcatenateOp op, PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value joined = emptyTensor(rewriter, loc, op.getType(), op.getInputs().front());
    SmallVector<int64_t> offsets(op.getType().getRank(), 0);
    for (Value input : op.getInputs()) {
      joined = inserted(rewriter, loc, input, joined, offsets);
      offsets[op.getDimension()] +=
          cast<RankedTensorType>(input.getType()).getDimSize(op.getDimension());
    }
    rewriter.replaceOp(op, joined);
    return success();
  }
};

struct InterleaveToTensor : OpRewritePattern<graph::InterleaveOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::InterleaveOp op, PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value joined = emptyTensor(rewriter, loc, op.getType(), op.getInputs().front());
    SmallVector<OpFoldResult> offsets(op.getType().getRank(), rewriter.getIndexAttr(0)),
        strides(op.getType().getRank(), rewriter.getIndexAttr(1));
    strides[op.getDimension()] = rewriter.getIndexAttr(op.getInputs().size());
    for (auto [k, input] : llvm::enumerate(op.getInputs())) {
      offsets[op.getDimension()] = rewriter.getIndexAttr(k);
      joined = tensor::InsertSliceOp::create(rewriter, loc, input, joined, offsets,
                                             tensor::getMixedSizes(rewriter, loc, input), strides);
    }
    rewriter.replaceOp(op, joined);
    return success();
  }
};

struct ReverseToLinalg : OpRewritePattern<graph::ReverseOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::ReverseOp op, PatternRewriter &rewriter) const override {
    RankedTensorType type = op.getType();
    SmallVector<AffineExpr> exprs;
    for (int64_t i = 0; i < type.getRank(); ++i) {
      AffineExpr dim = rewriter.getAffineDimExpr(i);
      bool turned = llvm::is_contained(op.getDimensions(), i);
      exprs.push_back(turned ? type.getDimSize(i) - 1 - dim : dim);
    }
    AffineMap read = AffineMap::get(type.getRank(), 0, exprs, getContext());
    SmallVector<utils::IteratorType> iterators(type.getRank(), utils::IteratorType::parallel);
    Value init = emptyTensor(rewriter, op.getLoc(), type, op.getInput());
    rewriter.replaceOp(
        op, generic(rewriter, op.getLoc(), op.getInput(), init,
                    {read, rewriter.getMultiDimIdentityMap(type.getRank())}, iterators,
                    [](OpBuilder &, Location, ValueRange elements) { return elements[0]; }));
    return success();
  }
};

struct BroadcastToLinalg : OpRewritePattern<graph::BroadcastOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::BroadcastOp op, PatternRewriter &rewriter) const override {
    auto take = [](OpBuilder &, Location, ValueRange elements) { return elements[0]; };
    rewriter.replaceOp(
        op, elementwise(rewriter, op.getLoc(), op.getType(), {op.getInput(), op.getLike()}, take));
    return success();
  }
};

struct ExtentToTensor : OpRewritePattern<graph::ExtentOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::ExtentOp op, PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value extent = tensor::DimOp::create(rewriter, loc, op.getInput(), op.getDimension());
    Value integer = arith::IndexCastOp::create(rewriter, loc, rewriter.getI64Type(), extent);
    Value number = arith::SIToFPOp::create(rewriter, loc, op.getType().getElementType(), integer);
    rewriter.replaceOpWithNewOp<tensor::FromElementsOp>(op, op.getType(), number);
    return success();
  }
};

} // namespace

void addShapeToLinalg(RewritePatternSet &patterns) {
  patterns.add<ReshapeToTensor, TransposeToLinalg, PadToTensor, SliceToTensor, ConcatenateToTensor,
               InterleaveToTensor, ReverseToLinalg, BroadcastToLinalg, ExtentToTensor>(
      patterns.getContext());
}

} // namespace hornet::lower
