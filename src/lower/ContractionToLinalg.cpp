// graph-to-linalg: sums of products. Every one becomes a linalg.generic of one form, which the
// contraction scheduler knows.

#include "graph/Einsum.h"
#include "graph/Graph.h"
#include "lower/GraphToLinalg.h"
#include "lower/Structured.h"

using namespace mlir;

namespace hornet::lower {
namespace {

using utils::IteratorType;

struct MatmulToLinalg : OpRewritePattern<graph::MatmulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::MatmulOp op, PatternRewriter &rewriter) const override {
    // Loops: the result's dimensions (the last one is n), then k.
    int64_t rank = op.getType().getRank();
    auto dim = [&](int64_t i) { return rewriter.getAffineDimExpr(i); };
    SmallVector<AffineExpr> lhs, result;
    for (int64_t i = 0; i < rank; ++i)
      result.push_back(dim(i));
    lhs.assign(result.begin(), result.end());
    lhs.back() = dim(rank);
    auto map = [&](ArrayRef<AffineExpr> exprs) {
      return AffineMap::get(rank + 1, 0, exprs, getContext());
    };
    SmallVector<IteratorType> iterators(rank, IteratorType::parallel);
    iterators.push_back(IteratorType::reduction);
    rewriter.replaceOp(
        op, contraction(rewriter, op.getLoc(), op.getLhs(), op.getRhs(), op.getType(),
                        {map(lhs), map({dim(rank), dim(rank - 1)}), map(result)}, iterators));
    return success();
  }
};

/// The dimensions of `letters` with `last` behind the others.
SmallVector<int64_t> withLast(StringRef letters, char last) {
  SmallVector<int64_t> permutation;
  for (auto [i, letter] : llvm::enumerate(letters))
    if (letter != last)
      permutation.push_back(static_cast<int64_t>(i));
  permutation.push_back(static_cast<int64_t>(letters.find(last)));
  return permutation;
}

/// Loops: the result's dimensions, then what is summed. Vectors lie along the result's last
/// dimension: where no operand has it last, one that has it is transposed, which is little work
/// beside the product.
class EinsumToLinalg : public OpRewritePattern<graph::EinsumOp> {
public:
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::EinsumOp op, PatternRewriter &rewriter) const override {
    auto letters = *graph::EinsumLetters::parse(op.getEquation());
    RankedTensorType type = op.getType();
    Value lhs = op.getLhs(), rhs = op.getRhs();
    // The batch of the result is looked up in the first operand.
    if (type.getRank() > 0 && !StringRef(letters.lhs).starts_with(letters.result.substr(0, 1))) {
      std::swap(lhs, rhs);
      std::swap(letters.lhs, letters.rhs);
    }
    if (type.getRank() > 0 && !type.isDynamicDim(type.getRank() - 1)) {
      char last = letters.result.back();
      if (letters.lhs.back() != last && letters.rhs.back() != last) {
        transposeFor(rewriter, op.getLoc(), last, lhs, letters.lhs);
        transposeFor(rewriter, op.getLoc(), last, rhs, letters.rhs);
      }
    }
    std::string loops = letters.result;
    for (char letter : letters.lhs)
      if (letters.result.find(letter) == std::string::npos)
        loops.push_back(letter);
    auto map = [&](StringRef dimensions) {
      auto exprs = llvm::map_to_vector(
          dimensions, [&](char c) { return rewriter.getAffineDimExpr(loops.find(c)); });
      return AffineMap::get(loops.size(), 0, exprs, getContext());
    };
    SmallVector<IteratorType> iterators(letters.result.size(), IteratorType::parallel);
    iterators.resize(loops.size(), IteratorType::reduction);
    rewriter.replaceOp(op, contraction(rewriter, op.getLoc(), lhs, rhs, type,
                                       {map(letters.lhs), map(letters.rhs), map(letters.result)},
                                       iterators));
    return success();
  }

private:
  static void transposeFor(OpBuilder &builder, Location loc, char last, Value &operand,
                           std::string &letters) {
    if (letters.find(last) == std::string::npos)
      return;
    SmallVector<int64_t> permutation = withLast(letters, last);
    operand = graph::TransposeOp::create(builder, loc, operand, permutation);
    letters = graph::permuted(letters, permutation);
  }
};

/// Splits extent `dimension` of `value` into (outer, extent / outer).
Value split(OpBuilder &builder, Location loc, Value value, int64_t dimension, int64_t outer) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> shape(type.getShape());
  shape[dimension] /= outer;
  shape.insert(shape.begin() + dimension, outer);
  return reshaped(builder, loc, value, RankedTensorType::get(shape, type.getElementType()));
}

/// A convolution as loops (n, out…, [g,] f, k…, c): `g` groups of `f` filters that each see `c`
/// channels. A plain convolution has no g; a depthwise one has no c, and no f when every channel
/// has one filter.
class ConvolutionLoops {
public:
  ConvolutionLoops(graph::ConvolutionOp op, OpBuilder &builder) : op(op), builder(builder) {
    spatial = op.getInput().getType().getRank() - 2;
    groups = op.getGroups();
    filters = op.getType().getShape().back() / groups;
    channels = op.getInput().getType().getShape().back() / groups;
    bool grouped = groups > 1;
    hasGroup = grouped;
    hasFilter = !grouped || filters > 1;
    hasChannel = !grouped || channels > 1;
  }

  Value build() {
    Location loc = op.getLoc();
    Value input = paddedInput(), filter = op.getFilter();
    auto resultType = op.getType();
    SmallVector<int64_t> resultShape(resultType.getShape());
    int64_t last = spatial + 1;
    if (hasGroup && hasChannel)
      input = split(builder, loc, input, last, groups);
    if (hasGroup && !hasChannel)
      filter = dropChannel(filter);
    if (hasGroup && hasFilter) {
      filter = split(builder, loc, filter, hasChannel ? last : last - 1, groups);
      resultShape.back() = groups;
      resultShape.push_back(filters);
    }
    auto type = RankedTensorType::get(resultShape, resultType.getElementType());
    SmallVector<AffineMap> maps = indexingMaps();
    Value result = contraction(builder, loc, input, filter, type, maps, iterators());
    return reshaped(builder, loc, result, resultType);
  }

private:
  Value paddedInput() {
    SmallVector<int64_t> low = {0}, high = {0};
    low.append(op.getLow().begin(), op.getLow().end());
    high.append(op.getHigh().begin(), op.getHigh().end());
    low.push_back(0);
    high.push_back(0);
    return padded(builder, op.getLoc(), op.getInput(), low, high, 0);
  }

  Value dropChannel(Value filter) {
    auto type = cast<RankedTensorType>(filter.getType());
    SmallVector<int64_t> shape(type.getShape());
    shape.erase(shape.end() - 2);
    return reshaped(builder, op.getLoc(), filter,
                    RankedTensorType::get(shape, type.getElementType()));
  }

  SmallVector<IteratorType> iterators() {
    SmallVector<IteratorType> types(1 + spatial + hasGroup + hasFilter, IteratorType::parallel);
    types.append(spatial + hasChannel, IteratorType::reduction);
    return types;
  }

  SmallVector<AffineMap> indexingMaps() {
    unsigned next = 0;
    auto take = [&]() { return builder.getAffineDimExpr(next++); };
    SmallVector<AffineExpr> out, window, inputs = {take()}, filterExprs, results;
    for (int64_t i = 0; i < spatial; ++i)
      out.push_back(take());
    AffineExpr group = hasGroup ? take() : AffineExpr(), filter = hasFilter ? take() : AffineExpr();
    for (int64_t i = 0; i < spatial; ++i)
      window.push_back(take());
    AffineExpr channel = hasChannel ? take() : AffineExpr();

    results.push_back(inputs.front());
    for (int64_t i = 0; i < spatial; ++i) {
      inputs.push_back(out[i] * op.getStrides()[i] + window[i] * op.getDilations()[i]);
      results.push_back(out[i]);
      filterExprs.push_back(window[i]);
    }
    auto append = [](SmallVectorImpl<AffineExpr> &exprs, std::initializer_list<AffineExpr> more) {
      for (AffineExpr expr : more)
        if (expr)
          exprs.push_back(expr);
    };
    append(inputs, {group, channel});
    append(filterExprs, {channel, group, filter});
    append(results, {group, filter});
    auto map = [&](ArrayRef<AffineExpr> exprs) {
      return AffineMap::get(next, 0, exprs, builder.getContext());
    };
    return {map(inputs), map(filterExprs), map(results)};
  }

  graph::ConvolutionOp op;
  OpBuilder &builder;
  int64_t spatial, groups, filters, channels;
  bool hasGroup, hasFilter, hasChannel;
};

struct ConvolutionToLinalg : OpRewritePattern<graph::ConvolutionOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::ConvolutionOp op, PatternRewriter &rewriter) const override {
    rewriter.replaceOp(op, ConvolutionLoops(op, rewriter).build());
    return success();
  }
};

/// The gradient to a filter as loops (k…, [c], [g], [f]; n, out…): as in ConvolutionLoops, with
/// reductions and parallel loops exchanged.
class FilterGradientLoops {
public:
  FilterGradientLoops(graph::FilterGradientOp op, OpBuilder &builder)
      : op(op), builder(builder), spatial(op.getWindow().size()), groups(op.getGroups()),
        channels(op.getInput().getType().getShape().back() / groups),
        filters(op.getGradient().getType().getShape().back() / groups), hasGroup(groups > 1),
        hasFilter(!hasGroup || filters > 1), hasChannel(!hasGroup || channels > 1) {}

  Value build() {
    Location loc = op.getLoc();
    SmallVector<int64_t> low = {0}, high = {0};
    low.append(op.getLow().begin(), op.getLow().end());
    high.append(op.getHigh().begin(), op.getHigh().end());
    low.push_back(0);
    high.push_back(0);
    Value input = padded(builder, loc, op.getInput(), low, high, 0), gradient = op.getGradient();
    if (hasGroup && hasChannel)
      input = split(builder, loc, input, spatial + 1, groups);
    if (hasGroup && hasFilter)
      gradient = split(builder, loc, gradient, spatial + 1, groups);
    SmallVector<int64_t> shape(op.getWindow());
    for (auto [has, extent] :
         {std::pair(hasChannel, channels), {hasGroup, groups}, {hasFilter, filters}})
      if (has)
        shape.push_back(extent);
    auto type = RankedTensorType::get(shape, op.getType().getElementType());
    SmallVector<IteratorType> iterators(shape.size(), IteratorType::parallel);
    iterators.append(1 + spatial, IteratorType::reduction);
    return reshaped(builder, loc,
                    contraction(builder, loc, input, gradient, type, indexingMaps(), iterators),
                    op.getType());
  }

private:
  SmallVector<AffineMap> indexingMaps() {
    unsigned next = 0;
    auto take = [&](bool there = true) {
      return there ? builder.getAffineDimExpr(next++) : AffineExpr();
    };
    SmallVector<AffineExpr> result, window;
    for (int64_t i = 0; i < spatial; ++i)
      window.push_back(take());
    AffineExpr channel = take(hasChannel), group = take(hasGroup), filter = take(hasFilter);
    AffineExpr sample = take();
    SmallVector<AffineExpr> input = {sample}, gradient = {sample};
    for (int64_t i = 0; i < spatial; ++i) {
      AffineExpr out = take();
      input.push_back(out * op.getStrides()[i] + window[i] * op.getDilations()[i]);
      gradient.push_back(out);
    }
    auto map = [&](SmallVector<AffineExpr> exprs, std::initializer_list<AffineExpr> more) {
      llvm::copy_if(more, std::back_inserter(exprs), [](AffineExpr e) { return bool(e); });
      return AffineMap::get(next, 0, exprs, builder.getContext());
    };
    return {map(input, {group, channel}), map(gradient, {group, filter}),
            map(window, {channel, group, filter})};
  }

  graph::FilterGradientOp op;
  OpBuilder &builder;
  int64_t spatial, groups, channels, filters;
  bool hasGroup, hasFilter, hasChannel;
};

struct FilterGradientToLinalg : OpRewritePattern<graph::FilterGradientOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::FilterGradientOp op,
                                PatternRewriter &rewriter) const override {
    rewriter.replaceOp(op, FilterGradientLoops(op, rewriter).build());
    return success();
  }
};

} // namespace

void addContractionToLinalg(RewritePatternSet &patterns) {
  patterns.add<MatmulToLinalg, EinsumToLinalg, ConvolutionToLinalg, FilterGradientToLinalg>(
      patterns.getContext());
}

} // namespace hornet::lower
