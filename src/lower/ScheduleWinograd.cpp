#include "lower/KernelBuilder.h"
#include "lower/Structured.h"
#include "lower/TileBuilder.h"
#include "lower/VectorBody.h"
#include "lower/Winograd.h"
#include "lower/WinogradTiles.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"

using namespace mlir;

namespace hornet::lower {
namespace {

/// A pooling whose windows lie side by side, each within a tile, and what says which element of
/// each window its maximum is; there may be none.
struct Pool {
  linalg::GenericOp op, index;
  int64_t window = 1;
};

/// The loops that the epilogue's accesses are over.
enum Loop : unsigned { sample, row, column, filter, loops };

class WinogradBuilder {
public:
  WinogradBuilder(RewriterBase &b, graph::WinogradConvolutionOp op, const Machine &machine)
      : b(b), op(op), machine(machine), loc(op.getLoc()), matrices(winogradMatrices(op.getTile())),
        span(matrices.span()), roles{filter}, tile(b, loc, roles, loops) {}

  void run() {
    takeConsumers();
    ArrayRef<int64_t> input = op.getInput().getType().getShape();
    // What a pooling leaves out need not be computed.
    ArrayRef<int64_t> out = cast<RankedTensorType>(destinations.front().getType()).getShape();
    rows = out[1] * pool.window;
    columns = out[2] * pool.window;
    channels = input[3];
    filters = out[3];
    schedule = chooseWinograd({rows, columns, channels, filters}, op.getTile(), machine,
                              Tuned(op, [&] { return nameOf(op); }));
    SmallVector<Value> results = buildBlocks();
    if (pool.index)
      b.replaceOp(pool.index, results.back());
    b.replaceOp(last, results.front());
    for (Operation *taken : {pool.op.getOperation(), epilogue.op.getOperation(), op.getOperation()})
      if (taken && taken != last)
        b.eraseOp(taken);
  }

private:
  //===--------------------------------------------------------------------===//
  // What is computed together
  //===--------------------------------------------------------------------===//

  void takeConsumers() {
    last = op;
    output.map = pooledOutput.map = b.getMultiDimIdentityMap(loops);
    takeEpilogue(epilogue, output, /*beside=*/nullptr);
    takePool();
    if (pool.op)
      takeEpilogue(pooledEpilogue, pooledOutput, pool.index);
    b.setInsertionPoint(last);
    Value destination = last == op ? emptyTensor(b, loc, op.getType(), op.getInput())
                                   : cast<linalg::GenericOp>(last).getDpsInitOperand(0)->get();
    if (auto fill = destination.getDefiningOp<linalg::FillOp>())
      destination = fill.getDpsInitOperand(0)->get();
    if (auto empty = destination.getDefiningOp<tensor::EmptyOp>())
      destination = b.clone(*empty)->getResult(0);
    destinations.push_back(destination);
    if (pool.index) {
      auto type = cast<RankedTensorType>(pool.index.getResult(0).getType());
      destinations.push_back(emptyTensor(b, loc, type, op.getInput()));
    }
  }

  /// The one use of what is computed so far, apart from that by `beside`.
  OpOperand *onlyUse(Operation *beside) {
    OpOperand *found = nullptr;
    for (OpOperand &use : last->getResult(0).getUses()) {
      if (use.getOwner() == beside)
        continue;
      if (found)
        return nullptr;
      found = &use;
    }
    return found;
  }

  /// The elementwise op that is next, if there is one.
  void takeEpilogue(Epilogue &taken, Access &written, Operation *beside) {
    OpOperand *use = onlyUse(beside);
    auto next = use ? dyn_cast<linalg::GenericOp>(use->getOwner()) : linalg::GenericOp();
    if (!next || !isElementwise(next) || !next.isDpsInput(use) ||
        !next.getMatchingIndexingMap(use).isIdentity() ||
        !next.getMatchingIndexingMap(next.getDpsInitOperand(0)).isIdentity() ||
        (beside && beside->isBeforeInBlock(next)))
      return;
    taken = epilogueOf(next, use->getOperandNumber(), written);
    last = next;
  }

  /// (n, oh, ow, c, i, j) → in[n, oh * w + i, ow * w + j, c] with a w x w window that divides the
  /// tile, starting from a constant; the window's extent, or 0 for other ops.
  int64_t pooledWindow(linalg::GenericOp next) {
    std::optional<Kernel> kernel = kernelEndingIn(next);
    if (!kernel || kernel->epilogue || kernel->extents.size() != 6 ||
        kernel->reductionLoops.size() != 2 || !kernel->init.value.getDefiningOp<linalg::FillOp>())
      return 0;
    int64_t window = kernel->extents[4];
    auto d = [&](unsigned i) { return b.getAffineDimExpr(i); };
    AffineMap in = AffineMap::get(6, 0, {d(0), d(1) * window + d(4), d(2) * window + d(5), d(3)},
                                  b.getContext());
    AffineMap out = AffineMap::get(6, 0, {d(0), d(1), d(2), d(3)}, b.getContext());
    bool fits = kernel->extents[5] == window && op.getTile() % window == 0 &&
                kernel->inputs[0].value == last->getResult(0) && kernel->inputs[0].map == in &&
                kernel->output.map == out;
    return fits ? window : 0;
  }

  /// Whether `next` numbers the elements of the windows of `pooling`: its inputs are what is
  /// pooled, the maxima, and the numbers.
  bool isIndexOf(linalg::GenericOp next, linalg::GenericOp pooling, int64_t window) {
    return next.getNumDpsInputs() == 3 && next.getOperand(1) == pooling.getResult(0) &&
           matchPattern(next.getOperand(2), m_Constant(&numbers)) && pooledWindow(next) == window &&
           pooling->isBeforeInBlock(next);
  }

  void takePool() {
    SmallVector<linalg::GenericOp> users;
    for (Operation *user : last->getResult(0).getUsers())
      users.push_back(dyn_cast<linalg::GenericOp>(user));
    if (users.size() > 2 || llvm::is_contained(users, linalg::GenericOp()))
      return;
    if (users.size() == 2 && users.front()->getNumOperands() > users.back()->getNumOperands())
      std::swap(users.front(), users.back());
    linalg::GenericOp first = users.front();
    int64_t window = pooledWindow(first);
    if (window == 0 || first.getNumDpsInputs() != 2 ||
        !first.getBlock()->getArgument(1).use_empty() ||
        (users.size() == 2 && !isIndexOf(users.back(), first, window)))
      return;
    pool = {first, users.size() == 2 ? users.back() : linalg::GenericOp(), window};
    last = first;
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

  SmallVector<Value> buildBlocks() {
    SmallVector<OpFoldResult> counts = {tensor::getMixedSize(b, loc, destinations.front(), 0),
                                        b.getIndexAttr(schedule.rowBlocks),
                                        b.getIndexAttr(schedule.columnBlocks)};
    auto forall = scf::ForallOp::create(b, loc, counts, destinations, std::nullopt);
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
    auto wholes = forall.getRegionIterArgs();
    SmallVector<Value> slices = llvm::map_to_vector(wholes, [&](Value whole) -> Value {
      return tensor::ExtractSliceOp::create(b, loc, whole, offsets, sizes, strides);
    });
    sliceRow = r.start;
    sliceColumn = c.start;
    SmallVector<Value> written = buildBlock(slices);
    b.setInsertionPointToEnd(forall.getTerminator().getBody());
    for (auto [part, whole] : llvm::zip_equal(written, wholes))
      tensor::ParallelInsertSliceOp::create(b, loc, part, whole, offsets, sizes, strides);
    return SmallVector<Value>(forall.getResults());
  }

  SmallVector<Value> buildBlock(ValueRange slices) {
    int64_t tiles = schedule.rows * schedule.columns;
    Value scratch = matricesApart(b, loc, span * span, tiles, channels, elementType());
    Value inputs = forEachTile(scratch, channels,
                               [&](ValueRange carried, OpFoldResult index, OpFoldResult channel,
                                   int64_t width) -> SmallVector<Value> {
                                 return {transformInput(carried.front(), index, channel, width)};
                               })
                       .front();
    auto block = [&](OpFoldResult firstFilter, ValueRange carried) {
      Value products = multiplyTiles(inputs, firstFilter);
      return forEachTile(carried, schedule.filters,
                         [&](ValueRange inner, OpFoldResult index, OpFoldResult f, int64_t width) {
                           return transformOutput(inner, products, index, f, firstFilter, width);
                         });
    };
    if (schedule.filters == filters)
      return block(b.getIndexAttr(0), slices);
    return tile.loop(
        b.getIndexAttr(filters), slices,
        [&](Value firstFilter, ValueRange carried) { return block(firstFilter, carried); },
        schedule.filters);
  }

  Type elementType() { return op.getType().getElementType(); }

  using TileBody = llvm::function_ref<SmallVector<Value>(ValueRange carried, OpFoldResult index,
                                                         OpFoldResult element, int64_t width)>;

  /// `body` for every tile of the block and every vector of `extent` elements. Sets where the tile
  /// begins in `steps`.
  SmallVector<Value> forEachTile(ValueRange carried, int64_t extent, TileBody body) {
    AffineExpr x = b.getAffineDimExpr(0), y = b.getAffineDimExpr(1);
    return tile.repeat(schedule.rows, carried, [&](OpFoldResult i, ValueRange inRows) {
      return tile.repeat(schedule.columns, inRows, [&](OpFoldResult j, ValueRange inColumns) {
        tile.steps[sample] = n;
        tile.steps[row] = tileStart(tile.apply(x + y, {firstRow, i}), rows);
        tile.steps[column] = tileStart(tile.apply(x + y, {firstColumn, j}), columns);
        OpFoldResult index = tile.apply(x * schedule.columns + y, {i, j});
        SmallVector<Value> now(inColumns);
        for (const ColumnBlocks &blocks : splitColumns(extent, machine.vectorBytes / 4, 1))
          now = tile.repeat(blocks.count, now, [&](OpFoldResult k, ValueRange inner) {
            OpFoldResult start = tile.apply(x * blocks.size() + blocks.start, k);
            return body(inner, index, start, blocks.size());
          });
        return now;
      });
    });
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
    for (auto [i, value] : llvm::enumerate(transformed(b, loc, matrices.input, elements, span)))
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
    linalg::GenericOp generic =
        matrixProducts(b, loc, transformed, matrix, resultType, /*transposeLhs=*/false);
    OpBuilder::InsertionGuard guard(b);
    Value sums = generic.getDpsInitOperand(0)->get();
    auto zero = sums.getDefiningOp<linalg::FillOp>();
    b.setInsertionPoint(zero);
    zero.getDpsInitOperand(0)->set(matricesApart(b, loc, type.getDimSize(0), type.getDimSize(1),
                                                 schedule.filters, type.getElementType()));
    Value built = scheduleInnerKernel(b, generic, machine);
    b.replaceOp(generic, built);
    return built;
  }

  SmallVector<Value> transformOutput(ValueRange slices, Value products, OpFoldResult index,
                                     OpFoldResult f, OpFoldResult firstFilter, int64_t width) {
    SmallVector<Value> elements;
    for (int64_t i = 0; i < span * span; ++i)
      elements.push_back(tile.readVector(products, {b.getIndexAttr(i), index, f}, width));
    SmallVector<Value> results = transformed(b, loc, matrices.output, elements, span);
    AffineExpr x = b.getAffineDimExpr(0), y = b.getAffineDimExpr(1);
    OpFoldResult startRow = tile.steps[row], startColumn = tile.steps[column];
    tile.steps[filter] = tile.apply(x + y, {firstFilter, f});
    Cell cell{0, 0, width};
    int64_t size = matrices.tile, pooled = size / pool.window;
    for (int64_t i = 0; i < size * size; ++i) {
      tile.steps[row] = tile.plus(startRow, i / size);
      tile.steps[column] = tile.plus(startColumn, i % size);
      TileBuilder::Reader reader(tile);
      results[i] = tile.epilogue(reader, epilogue, output, cell, results[i]);
    }
    SmallVector<Value> written(slices);
    for (int64_t i = 0; i < pooled * pooled; ++i) {
      tile.steps[row] = tile.apply(x.floorDiv(pool.window) + i / pooled, startRow);
      tile.steps[column] = tile.apply(x.floorDiv(pool.window) + i % pooled, startColumn);
      SmallVector<OpFoldResult> at = {
          b.getIndexAttr(0), tile.apply(x - y, {tile.steps[row], sliceRow}),
          tile.apply(x - y, {tile.steps[column], sliceColumn}), tile.steps[filter]};
      SmallVector<Value> window = windowOf(results, i / pooled, i % pooled);
      Value result = pool.op ? pooledResult(window, width) : window.front();
      if (pool.index)
        written[1] = tile.writeVector(indexResult(window, result, width), written[1], at);
      TileBuilder::Reader reader(tile);
      result = tile.epilogue(reader, pooledEpilogue, pooledOutput, cell, result);
      written[0] = tile.writeVector(result, written[0], at);
    }
    tile.steps[row] = startRow;
    tile.steps[column] = startColumn;
    return written;
  }

  SmallVector<Value> windowOf(ArrayRef<Value> results, int64_t r, int64_t c) {
    int64_t size = matrices.tile;
    SmallVector<Value> window;
    for (int64_t i = 0; i < pool.window; ++i)
      for (int64_t j = 0; j < pool.window; ++j)
        window.push_back(results[(r * pool.window + i) * size + c * pool.window + j]);
    return window;
  }

  Value splat(Value scalar, int64_t width) {
    return vector::BroadcastOp::create(b, loc, VectorType::get(width, scalar.getType()), scalar);
  }

  /// What a reduction over windows starts from.
  Value startOf(linalg::GenericOp generic, int64_t width) {
    auto fill = generic.getDpsInitOperand(0)->get().getDefiningOp<linalg::FillOp>();
    return splat(fill.getDpsInputOperand(0)->get(), width);
  }

  Value pooledResult(ArrayRef<Value> window, int64_t width) {
    Value result = startOf(pool.op, width);
    for (Value element : window)
      result = vectorizeBody(b, *pool.op.getBlock(), {element, Value(), result}, width);
    return result;
  }

  Value indexResult(ArrayRef<Value> window, Value maximum, int64_t width) {
    Value result = startOf(pool.index, width);
    for (auto [element, attribute] : llvm::zip_equal(window, numbers.getValues<TypedAttr>())) {
      Value number = splat(arith::ConstantOp::create(b, loc, attribute), width);
      result = vectorizeBody(b, *pool.index.getBlock(), {element, maximum, number, result}, width);
    }
    return result;
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

  Epilogue epilogue, pooledEpilogue; ///< before and after the pooling
  Access output, pooledOutput;       ///< where they write, over (n, oh, ow, f)
  Pool pool;
  DenseElementsAttr numbers;       ///< of the elements of a window
  Operation *last = nullptr;       ///< of the ops that are computed together
  SmallVector<Value> destinations; ///< of the results, and of the index
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
