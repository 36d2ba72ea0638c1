#include "lower/KernelBuilder.h"
#include "lower/Structured.h"
#include "lower/TileBuilder.h"
#include "lower/VectorBody.h"
#include "lower/Winograd.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"

using namespace mlir;

namespace hornet::lower {
namespace {

/// A pooling whose windows lie side by side, each within a tile; there may be none.
struct Pool {
  linalg::GenericOp op;
  int64_t window = 1;
};

/// The loops that the epilogue's accesses are over.
enum Loop : unsigned { sample, row, column, filter, loops };

/// The product of `matrix` (rows x columns) with vectors: one transform along the
/// first dimension of a tile whose second dimension is `width`.
SmallVector<Value> multiply(OpBuilder &b, Location loc, ArrayRef<double> matrix,
                            ArrayRef<Value> tile, int64_t width) {
  auto flags = arith::FastMathFlags::contract;
  int64_t columns = tile.size() / width, rows = matrix.size() / columns;
  SmallVector<Value> result;
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t w = 0; w < width; ++w) {
      Value sum;
      // Positive terms first: the sum then begins with a value as it is.
      for (bool negative : {false, true})
        for (int64_t c = 0; c < columns; ++c) {
          double factor = matrix[r * columns + c];
          if (factor == 0 || (factor < 0) != negative)
            continue;
          Value term = tile[c * width + w];
          if (double size = std::abs(factor); size != 1) {
            auto type = cast<VectorType>(term.getType());
            auto splat = DenseElementsAttr::get(type, static_cast<float>(size));
            term = arith::MulFOp::create(b, loc, term, arith::ConstantOp::create(b, loc, splat),
                                         flags);
          }
          if (!sum)
            sum = negative ? arith::NegFOp::create(b, loc, term).getResult() : term;
          else if (negative)
            sum = arith::SubFOp::create(b, loc, sum, term, flags);
          else
            sum = arith::AddFOp::create(b, loc, sum, term, flags);
        }
      result.push_back(sum);
    }
  return result;
}

SmallVector<Value> transposed(ArrayRef<Value> tile, int64_t width) {
  SmallVector<Value> result;
  for (int64_t w = 0; w < width; ++w)
    for (size_t i = w; i < tile.size(); i += width)
      result.push_back(tile[i]);
  return result;
}

/// matrix * tile * matrixᵀ, for a square tile.
SmallVector<Value> transform(OpBuilder &b, Location loc, ArrayRef<double> matrix,
                             ArrayRef<Value> tile, int64_t span) {
  SmallVector<Value> half = multiply(b, loc, matrix, tile, span);
  int64_t rows = half.size() / span;
  return transposed(multiply(b, loc, matrix, transposed(half, span), rows), rows);
}

class WinogradBuilder {
public:
  WinogradBuilder(RewriterBase &b, graph::WinogradConvolutionOp op, const Machine &machine)
      : b(b), op(op), machine(machine), loc(op.getLoc()), matrices(winogradMatrices(op.getTile())),
        span(matrices.span()), roles{filter}, tile(b, loc, roles, loops) {}

  void run() {
    takeConsumers();
    ArrayRef<int64_t> input = op.getInput().getType().getShape();
    // What a pooling leaves out need not be computed.
    ArrayRef<int64_t> out = cast<RankedTensorType>(destination.getType()).getShape();
    rows = out[1] * pool.window;
    columns = out[2] * pool.window;
    channels = input[3];
    filters = out[3];
    schedule = chooseWinograd({rows, columns, channels, filters}, op.getTile(), machine,
                              Tuned(op, [&] { return nameOf(op); }));
    b.replaceOp(last, buildBlocks());
    for (Operation *taken : {epilogue.op.getOperation(), op.getOperation()})
      if (taken && taken != last)
        b.eraseOp(taken);
  }

private:
  //===--------------------------------------------------------------------===//
  // What is computed together
  //===--------------------------------------------------------------------===//

  void takeConsumers() {
    last = op;
    output.map = b.getMultiDimIdentityMap(loops);
    if (auto next = onlyUser<linalg::GenericOp>(op.getResult()); next && isElementwise(next)) {
      OpOperand &use = *op.getResult().getUses().begin();
      if (next.isDpsInput(&use) && next.getMatchingIndexingMap(&use).isIdentity() &&
          next.getMatchingIndexingMap(next.getDpsInitOperand(0)).isIdentity()) {
        epilogue = epilogueOf(next, use.getOperandNumber(), output);
        last = next;
      }
    }
    if (auto next = onlyUser<linalg::GenericOp>(last->getResult(0)))
      takePool(next);
    b.setInsertionPoint(last);
    destination = last == op ? emptyTensor(b, loc, op.getType(), op.getInput())
                             : cast<linalg::GenericOp>(last).getDpsInitOperand(0)->get();
    if (pool.op)
      destination = destination.getDefiningOp<linalg::FillOp>().getDpsInitOperand(0)->get();
    if (auto empty = destination.getDefiningOp<tensor::EmptyOp>())
      destination = b.clone(*empty)->getResult(0);
  }

  template <class Op> static Op onlyUser(Value value) {
    return value.hasOneUse() ? dyn_cast<Op>(*value.getUsers().begin()) : Op();
  }

  /// (n, oh, ow, c, i, j) → in[n, oh * w + i, ow * w + j, c] with a w x w window that divides the
  /// tile, starting from a constant.
  void takePool(linalg::GenericOp next) {
    std::optional<Kernel> kernel = kernelEndingIn(next);
    OpOperand &use = *last->getResult(0).getUses().begin();
    if (!kernel || kernel->epilogue || use.getOperandNumber() != 0 || kernel->extents.size() != 6 ||
        kernel->reductionLoops.size() != 2 || !kernel->init.value.getDefiningOp<linalg::FillOp>())
      return;
    int64_t window = kernel->extents[4];
    auto d = [&](unsigned i) { return b.getAffineDimExpr(i); };
    AffineMap in = AffineMap::get(6, 0, {d(0), d(1) * window + d(4), d(2) * window + d(5), d(3)},
                                  b.getContext());
    AffineMap out = AffineMap::get(6, 0, {d(0), d(1), d(2), d(3)}, b.getContext());
    if (kernel->extents[5] != window || op.getTile() % window != 0 || kernel->inputs[0].map != in ||
        kernel->output.map != out || !next.getBlock()->getArgument(1).use_empty())
      return;
    pool = {next, window};
    last = next;
  }

  //===--------------------------------------------------------------------===//
  // Blocks of tiles
  //===--------------------------------------------------------------------===//

  /// Where tile `i` begins among `extent` results: the last one lies on the end, and computes some
  /// results of its neighbor again where the extent is no multiple of the tile.
  OpFoldResult tileStart(OpFoldResult i, int64_t extent) {
    int64_t size = matrices.tile;
    AffineExpr start = b.getAffineDimExpr(0) * size;
    if (extent % size == 0)
      return tile.apply(start, i);
    AffineMap least =
        AffineMap::get(1, 0, {start, b.getAffineConstantExpr(extent - size)}, b.getContext());
    return affine::makeComposedFoldedAffineMin(b, loc, least, i);
  }

  struct Span {
    OpFoldResult start, size; ///< in elements of the output
  };

  /// The part of the output's rows (or columns) that `count` tiles from `first` on write.
  Span writtenBy(OpFoldResult first, int64_t count, int64_t extent) {
    AffineExpr x = b.getAffineDimExpr(0), y = b.getAffineDimExpr(1);
    OpFoldResult start = tile.apply(x.floorDiv(pool.window), tileStart(first, extent));
    if (extent % matrices.tile == 0)
      return {start, b.getIndexAttr(count * matrices.tile / pool.window)};
    OpFoldResult end = tile.apply((x + matrices.tile).floorDiv(pool.window),
                                  tileStart(tile.plus(first, count - 1), extent));
    return {start, tile.apply(y - x, {start, end})};
  }

  Value buildBlocks() {
    SmallVector<OpFoldResult> counts = {tensor::getMixedSize(b, loc, destination, 0),
                                        b.getIndexAttr(schedule.rowBlocks),
                                        b.getIndexAttr(schedule.columnBlocks)};
    auto forall = scf::ForallOp::create(b, loc, counts, destination, std::nullopt);
    if (schedule.work)
      forall->setAttr(workAttr, b.getI64IntegerAttr(schedule.work / schedule.blocks()));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(forall.getTerminator());
    auto ivs = forall.getInductionVars();
    AffineExpr x = b.getAffineDimExpr(0);
    n = ivs[0];
    firstRow = tile.apply(x * schedule.rows, OpFoldResult(ivs[1]));
    firstColumn = tile.apply(x * schedule.columns, OpFoldResult(ivs[2]));
    Span r = writtenBy(firstRow, schedule.rows, rows);
    Span c = writtenBy(firstColumn, schedule.columns, columns);
    SmallVector<OpFoldResult> offsets = {n, r.start, c.start, b.getIndexAttr(0)};
    SmallVector<OpFoldResult> sizes = {b.getIndexAttr(1), r.size, c.size, b.getIndexAttr(filters)};
    SmallVector<OpFoldResult> strides(4, b.getIndexAttr(1));
    Value whole = forall.getRegionIterArgs().front();
    Value slice = tensor::ExtractSliceOp::create(b, loc, whole, offsets, sizes, strides);
    sliceRow = r.start;
    sliceColumn = c.start;
    Value written = buildBlock(slice);
    b.setInsertionPointToEnd(forall.getTerminator().getBody());
    tensor::ParallelInsertSliceOp::create(b, loc, written, whole, offsets, sizes, strides);
    return forall.getResult(0);
  }

  Value buildBlock(Value slice) {
    Type element = op.getType().getElementType();
    int64_t tiles = schedule.rows * schedule.columns;
    Value transformed = scratch(tiles, channels, element);
    transformed =
        forEachTile(transformed, channels,
                    [&](Value carried, OpFoldResult index, OpFoldResult channel, int64_t width) {
                      return transformInput(carried, index, channel, width);
                    });
    auto block = [&](OpFoldResult firstFilter, Value carried) {
      Value products = multiplyTiles(transformed, firstFilter);
      return forEachTile(carried, schedule.filters,
                         [&](Value inner, OpFoldResult index, OpFoldResult f, int64_t width) {
                           return transformOutput(inner, products, index, f, firstFilter, width);
                         });
    };
    if (schedule.filters == filters)
      return block(b.getIndexAttr(0), slice);
    return tile
        .loop(
            b.getIndexAttr(filters), slice,
            [&](Value firstFilter, ValueRange carried) {
              return SmallVector<Value>{block(firstFilter, carried.front())};
            },
            schedule.filters)
        .front();
  }

  /// Scratch memory for `span * span` matrices, of all of which a transform reads or writes one
  /// place. With a row more than is used between them, where these places would else meet in one
  /// set of the first cache.
  Value scratch(int64_t matrixRows, int64_t matrixColumns, Type element) {
    constexpr int64_t bytesOfSets = 4096;
    int64_t bytes = matrixRows * matrixColumns * element.getIntOrFloatBitWidth() / 8;
    int64_t spacing = bytes % bytesOfSets ? 0 : 1;
    Value whole = tensor::EmptyOp::create(
        b, loc, ArrayRef<int64_t>{span * span, matrixRows + spacing, matrixColumns}, element);
    SmallVector<OpFoldResult> offsets(3, b.getIndexAttr(0)), strides(3, b.getIndexAttr(1));
    return tensor::ExtractSliceOp::create(
        b, loc, whole, offsets,
        {b.getIndexAttr(span * span), b.getIndexAttr(matrixRows), b.getIndexAttr(matrixColumns)},
        strides);
  }

  using TileBody = llvm::function_ref<Value(Value carried, OpFoldResult index, OpFoldResult element,
                                            int64_t width)>;

  /// `body` for every tile of the block and every vector of `extent` elements. Sets where the tile
  /// begins in `steps`.
  Value forEachTile(Value carried, int64_t extent, TileBody body) {
    return repeat(schedule.rows, carried, [&](OpFoldResult i, Value inRows) {
      return repeat(schedule.columns, inRows, [&](OpFoldResult j, Value inColumns) {
        AffineExpr x = b.getAffineDimExpr(0), y = b.getAffineDimExpr(1);
        tile.steps[sample] = n;
        tile.steps[row] = tileStart(tile.apply(x + y, {firstRow, i}), rows);
        tile.steps[column] = tileStart(tile.apply(x + y, {firstColumn, j}), columns);
        OpFoldResult index = tile.apply(x * schedule.columns + y, {i, j});
        for (const ColumnBlocks &blocks : splitColumns(extent, machine.vectorBytes / 4, 1))
          inColumns = repeat(blocks.count, inColumns, [&](OpFoldResult k, Value inner) {
            OpFoldResult start = tile.apply(x * blocks.size() + blocks.start, k);
            return body(inner, index, start, blocks.size());
          });
        return inColumns;
      });
    });
  }

  Value repeat(int64_t count, Value carried, llvm::function_ref<Value(OpFoldResult, Value)> body) {
    if (count == 1)
      return body(b.getIndexAttr(0), carried);
    return tile
        .loop(b.getIndexAttr(count), carried,
              [&](Value i, ValueRange inner) { return SmallVector<Value>{body(i, inner.front())}; })
        .front();
  }

  //===--------------------------------------------------------------------===//
  // One tile
  //===--------------------------------------------------------------------===//

  Value transformInput(Value into, OpFoldResult index, OpFoldResult channel, int64_t width) {
    SmallVector<Value> elements;
    for (int64_t r = 0; r < span; ++r)
      for (int64_t c = 0; c < span; ++c)
        elements.push_back(tile.readVector(
            op.getInput(),
            {n, tile.plus(tile.steps[row], r), tile.plus(tile.steps[column], c), channel}, width));
    for (auto [i, value] : llvm::enumerate(transform(b, loc, matrices.input, elements, span)))
      into = tile.writeVector(value, into, {b.getIndexAttr(i), index, channel});
    return into;
  }

  /// products[x, tile, f] = sum of transformed[x, tile, c] * filter[x, c, firstFilter + f].
  Value multiplyTiles(Value transformed, OpFoldResult firstFilter) {
    auto type = cast<RankedTensorType>(transformed.getType());
    Value matrix = op.getFilter();
    if (schedule.filters != filters) {
      SmallVector<OpFoldResult> strides(3, b.getIndexAttr(1));
      matrix = tensor::ExtractSliceOp::create(
          b, loc, matrix, {b.getIndexAttr(0), b.getIndexAttr(0), firstFilter},
          {b.getIndexAttr(span * span), b.getIndexAttr(channels), b.getIndexAttr(schedule.filters)},
          strides);
    }
    auto resultType = RankedTensorType::get(
        {type.getDimSize(0), type.getDimSize(1), schedule.filters}, type.getElementType());
    auto d = [&](unsigned i) { return b.getAffineDimExpr(i); };
    auto map = [&](ArrayRef<AffineExpr> exprs) {
      return AffineMap::get(4, 0, exprs, b.getContext());
    };
    SmallVector<utils::IteratorType> iterators(3, utils::IteratorType::parallel);
    iterators.push_back(utils::IteratorType::reduction);
    Value products = contraction(
        b, loc, transformed, matrix, resultType,
        {map({d(0), d(1), d(3)}), map({d(0), d(3), d(2)}), map({d(0), d(1), d(2)})}, iterators);
    Operation *generic = products.getDefiningOp();
    OpBuilder::InsertionGuard guard(b);
    auto sums = cast<linalg::GenericOp>(generic).getDpsInitOperand(0)->get();
    auto zero = sums.getDefiningOp<linalg::FillOp>();
    b.setInsertionPoint(zero);
    zero.getDpsInitOperand(0)->set(
        scratch(type.getDimSize(1), schedule.filters, type.getElementType()));
    Value built = scheduleInnerKernel(b, cast<linalg::LinalgOp>(generic), machine);
    b.replaceOp(generic, built);
    return built;
  }

  Value transformOutput(Value slice, Value products, OpFoldResult index, OpFoldResult f,
                        OpFoldResult firstFilter, int64_t width) {
    SmallVector<Value> elements;
    for (int64_t i = 0; i < span * span; ++i)
      elements.push_back(tile.readVector(products, {b.getIndexAttr(i), index, f}, width));
    SmallVector<Value> results = transform(b, loc, matrices.output, elements, span);
    AffineExpr x = b.getAffineDimExpr(0), y = b.getAffineDimExpr(1);
    OpFoldResult startRow = tile.steps[row], startColumn = tile.steps[column];
    tile.steps[filter] = tile.apply(x + y, {firstFilter, f});
    int64_t size = matrices.tile;
    for (int64_t i = 0; i < size * size; ++i) {
      tile.steps[row] = tile.plus(startRow, i / size);
      tile.steps[column] = tile.plus(startColumn, i % size);
      Cell cell{0, 0, width};
      TileBuilder::Reader reader(tile);
      results[i] = tile.epilogue(reader, epilogue, output, cell, results[i]);
    }
    int64_t window = pool.window, pooled = size / window;
    auto offset = [&](OpFoldResult start, OpFoldResult from, int64_t by) {
      return tile.apply(x.floorDiv(window) - y + by, {start, from});
    };
    for (int64_t r = 0; r < pooled; ++r)
      for (int64_t c = 0; c < pooled; ++c)
        slice = tile.writeVector(pooledResult(results, r, c, width), slice,
                                 {b.getIndexAttr(0), offset(startRow, sliceRow, r),
                                  offset(startColumn, sliceColumn, c), tile.steps[filter]});
    tile.steps[row] = startRow;
    tile.steps[column] = startColumn;
    return slice;
  }

  /// One result, or what the pooling makes of its window.
  Value pooledResult(ArrayRef<Value> results, int64_t r, int64_t c, int64_t width) {
    int64_t size = matrices.tile, window = pool.window;
    if (!pool.op)
      return results[r * size + c];
    auto fill = pool.op.getDpsInitOperand(0)->get().getDefiningOp<linalg::FillOp>();
    Value scalar = fill.getDpsInputOperand(0)->get();
    Value sum =
        vector::BroadcastOp::create(b, loc, VectorType::get(width, scalar.getType()), scalar);
    for (int64_t i = 0; i < window; ++i)
      for (int64_t j = 0; j < window; ++j)
        sum =
            vectorizeBody(b, *pool.op.getBlock(),
                          {results[(r * window + i) * size + c * window + j], Value(), sum}, width);
    return sum;
  }

  RewriterBase &b;
  graph::WinogradConvolutionOp op;
  const Machine &machine;
  Location loc;
  const WinogradMatrices &matrices;
  int64_t span;
  Roles roles;
  TileBuilder tile;
  WinogradSchedule schedule;

  Epilogue epilogue;
  Access output; ///< where the epilogue writes, over (n, oh, ow, f)
  Pool pool;
  Operation *last = nullptr; ///< of the ops that are computed together
  Value destination;
  int64_t rows = 0, columns = 0, channels = 0, filters = 0; ///< before pooling
  OpFoldResult n, firstRow, firstColumn;                    ///< of the block: sample, tiles
  OpFoldResult sliceRow, sliceColumn; ///< where its slice of the output begins
};

} // namespace

void scheduleWinograd(RewriterBase &rewriter, graph::WinogradConvolutionOp op,
                      const Machine &machine) {
  WinogradBuilder(rewriter, op, machine).run();
}

} // namespace hornet::lower
