// graph-to-linalg: 3x3 convolutions by minimal filtering.

#include "lower/Structured.h"
#include "lower/Winograd.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace hornet::lower {

static constexpr double input2[] = {1, 0, -1, 0, 0, 1, 1, 0, 0, -1, 1, 0, 0, 1, 0, -1};
static constexpr double filter2[] = {1, 0, 0, .5, .5, .5, .5, -.5, .5, 0, 0, 1};
static constexpr double output2[] = {1, 1, 1, 0, 0, 1, -1, -1};

static constexpr double input4[] = {4, 0,  -5, 0, 1, 0, 0, -4, -4, 1,  1, 0, 0, 4, -4, -1, 1, 0,
                                    0, -2, -1, 2, 1, 0, 0, 2,  -1, -2, 1, 0, 0, 4, 0,  -5, 0, 1};
static constexpr double filter4[] = {1. / 4,  0,        0,       -1. / 6, -1. / 6, -1. / 6,
                                     -1. / 6, 1. / 6,   -1. / 6, 1. / 24, 1. / 12, 1. / 6,
                                     1. / 24, -1. / 12, 1. / 6,  0,       0,       1};
static constexpr double output4[] = {1, 1, 1, 1, 1, 0, 0, 1, -1, 2, -2, 0,
                                     0, 1, 1, 4, 4, 0, 0, 1, -1, 8, -8, 1};

const WinogradMatrices &winogradMatrices(int64_t tile) {
  static const WinogradMatrices two{2, input2, filter2, output2};
  static const WinogradMatrices four{4, input4, filter4, output4};
  return tile == 2 ? two : four;
}

static bool ones(ArrayRef<int64_t> values) {
  return llvm::all_of(values, [](int64_t value) { return value == 1; });
}

std::optional<ConvolutionExtents> winogradExtents(graph::ConvolutionOp op) {
  ArrayRef<int64_t> filter = op.getFilter().getType().getShape();
  ArrayRef<int64_t> result = op.getType().getShape();
  if (filter.size() != 4 || filter[0] != 3 || filter[1] != 3 || op.getGroups() != 1 ||
      !ones(op.getStrides()) || !ones(op.getDilations()))
    return std::nullopt;
  return ConvolutionExtents{result[1], result[2], filter[2], filter[3]};
}

std::optional<ConvolutionExtents> winogradExtents(graph::FilterGradientOp op) {
  ArrayRef<int64_t> result = op.getGradient().getType().getShape();
  if (op.getWindow() != ArrayRef<int64_t>{3, 3} || op.getGroups() != 1 || !ones(op.getStrides()) ||
      !ones(op.getDilations()))
    return std::nullopt;
  return ConvolutionExtents{result[1], result[2], op.getInput().getType().getShape().back(),
                            result[3]};
}

ConvolutionExtents winogradExtents(graph::WinogradFilterGradientOp op) {
  ArrayRef<int64_t> result = op.getGradient().getType().getShape();
  return {result[1], result[2], op.getInput().getType().getShape().back(), result[3]};
}

namespace {

using utils::IteratorType;

/// (G ⊗ G)[x, i, j], as a constant.
Value filterFactors(OpBuilder &builder, Location loc, Type element,
                    const WinogradMatrices &matrices) {
  int64_t span = matrices.span();
  SmallVector<float> products;
  for (int64_t x = 0; x < span * span; ++x)
    for (int64_t ij = 0; ij < 9; ++ij)
      products.push_back(static_cast<float>(matrices.filter[x / span * 3 + ij / 3] *
                                            matrices.filter[x % span * 3 + ij % 3]));
  auto squares = RankedTensorType::get({span * span, 3, 3}, element);
  return arith::ConstantOp::create(builder, loc,
                                   cast<TypedAttr>(DenseFPElementsAttr::get(squares, products)));
}

/// U[x, c, f] = sum of (G ⊗ G)[x, i, j] * g[i, j, c, f].
Value transformFilter(OpBuilder &builder, Location loc, Value filter,
                      const WinogradMatrices &matrices) {
  auto type = cast<RankedTensorType>(filter.getType());
  int64_t span = matrices.span();
  auto resultType = RankedTensorType::get({span * span, type.getDimSize(2), type.getDimSize(3)},
                                          type.getElementType());
  auto d = [&](unsigned i) { return builder.getAffineDimExpr(i); };
  auto map = [&](ArrayRef<AffineExpr> exprs) {
    return AffineMap::get(5, 0, exprs, builder.getContext());
  };
  SmallVector<IteratorType> iterators(3, IteratorType::parallel);
  iterators.append(2, IteratorType::reduction);
  Value zero = filledTensor(builder, loc, resultType, filter, 0);
  return generic(builder, loc,
                 {filterFactors(builder, loc, type.getElementType(), matrices), filter}, zero,
                 {map({d(0), d(3), d(4)}), map({d(3), d(4), d(1), d(2)}), map({d(0), d(1), d(2)})},
                 iterators, [](OpBuilder &nested, Location at, ValueRange elements) -> Value {
                   Value product = arith::MulFOp::create(nested, at, elements[0], elements[1]);
                   return arith::AddFOp::create(nested, at, elements[2], product);
                 });
}

/// dg[i, j, c, f] = sum of (G ⊗ G)[x, i, j] * sums[part, x, c, f].
Value filterGradient(OpBuilder &builder, Location loc, Value sums,
                     const WinogradMatrices &matrices) {
  auto type = cast<RankedTensorType>(sums.getType());
  auto resultType =
      RankedTensorType::get({3, 3, type.getDimSize(2), type.getDimSize(3)}, type.getElementType());
  auto d = [&](unsigned i) { return builder.getAffineDimExpr(i); };
  auto map = [&](ArrayRef<AffineExpr> exprs) {
    return AffineMap::get(6, 0, exprs, builder.getContext());
  };
  SmallVector<IteratorType> iterators(4, IteratorType::parallel);
  iterators.append(2, IteratorType::reduction);
  return contraction(
      builder, loc, filterFactors(builder, loc, type.getElementType(), matrices), sums, resultType,
      {map({d(5), d(0), d(1)}), map({d(4), d(5), d(2), d(3)}), map({d(0), d(1), d(2), d(3)})},
      iterators);
}

struct ConvolutionToWinograd : OpRewritePattern<graph::ConvolutionOp> {
  ConvolutionToWinograd(MLIRContext *context, int64_t largestTile, int64_t cacheBytes)
      : OpRewritePattern(context, /*benefit=*/2), largestTile(largestTile), cacheBytes(cacheBytes) {
  }

  LogicalResult matchAndRewrite(graph::ConvolutionOp op, PatternRewriter &rewriter) const override {
    std::optional<ConvolutionExtents> extents = winogradExtents(op);
    if (!extents)
      return failure();
    int64_t tile = chooseWinogradTile(*extents, largestTile, cacheBytes,
                                      Tuned(op, [&] { return nameOf(op); }));
    if (tile == 0)
      return failure();
    Location loc = op.getLoc();
    Value transformed = transformFilter(rewriter, loc, op.getFilter(), winogradMatrices(tile));
    SmallVector<int64_t> low = {0, op.getLow()[0], op.getLow()[1], 0};
    SmallVector<int64_t> high = {0, op.getHigh()[0], op.getHigh()[1], 0};
    Value input = padded(rewriter, loc, op.getInput(), low, high, 0);
    rewriter.replaceOpWithNewOp<graph::WinogradConvolutionOp>(op, input, transformed, tile);
    return success();
  }

  int64_t largestTile, cacheBytes;
};

struct FilterGradientToWinograd : OpRewritePattern<graph::FilterGradientOp> {
  FilterGradientToWinograd(MLIRContext *context, int64_t largestTile, int64_t cacheBytes)
      : OpRewritePattern(context, /*benefit=*/2), largestTile(largestTile), cacheBytes(cacheBytes) {
  }

  LogicalResult matchAndRewrite(graph::FilterGradientOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<ConvolutionExtents> extents = winogradExtents(op);
    if (!extents)
      return failure();
    int64_t tile = chooseWinogradGradientTile(*extents, largestTile, cacheBytes);
    if (tile == 0)
      return failure();
    // No result may be counted twice, so that tiles lie side by side: on zeros, in the end.
    int64_t rows = -extents->rows & (tile - 1), columns = -extents->columns & (tile - 1);
    Location loc = op.getLoc();
    Value input = padded(rewriter, loc, op.getInput(), {0, op.getLow()[0], op.getLow()[1], 0},
                         {0, op.getHigh()[0] + rows, op.getHigh()[1] + columns, 0}, 0);
    Value gradient =
        padded(rewriter, loc, op.getGradient(), {0, 0, 0, 0}, {0, rows, columns, 0}, 0);
    Value sums = graph::WinogradFilterGradientOp::create(rewriter, loc, input, gradient, tile,
                                                         winogradParts(*extents));
    rewriter.replaceOp(op, filterGradient(rewriter, loc, sums, winogradMatrices(tile)));
    return success();
  }

  int64_t largestTile, cacheBytes;
};

} // namespace

void addConvolutionToWinograd(RewritePatternSet &patterns, int64_t largestTile,
                              int64_t cacheBytes) {
  patterns.add<ConvolutionToWinograd, FilterGradientToWinograd>(patterns.getContext(), largestTile,
                                                                cacheBytes);
}

} // namespace hornet::lower
