#include "lower/KernelBuilder.h"
#include "lower/Structured.h"
#include "lower/TileBuilder.h"
#include "lower/Winograd.h"
#include "lower/WinogradTiles.h"

using namespace mlir;

namespace hornet::lower {
namespace {

/// The loops that roles are over.
enum Loop : unsigned { filter, loops };

class WinogradGradientBuilder {
public:
  WinogradGradientBuilder(RewriterBase &b, graph::WinogradFilterGradientOp op,
                          const Machine &machine)
      : b(b), op(op), machine(machine), loc(op.getLoc()), matrices(winogradMatrices(op.getTile())),
        span(matrices.span()), roles{filter}, tile(b, loc, roles, loops) {
    ArrayRef<int64_t> gradient = op.getGradient().getType().getShape();
    schedule = chooseWinogradGradient(winogradExtents(op), op.getTile(), machine);
    // The result's matrix, transposed: the gradient goes the way back.
    for (int64_t i = 0; i < span; ++i)
      for (int64_t j = 0; j < matrices.tile; ++j)
        backwards.push_back(matrices.output[j * span + i]);
    rowBlocks = gradient[1] / matrices.tile / schedule.rows;
    columnBlocks = gradient[2] / matrices.tile / schedule.columns;
  }

  void run() {
    b.setInsertionPoint(op);
    ArrayRef<int64_t> shape = op.getType().getShape();
    SmallVector<OpFoldResult> counts = {b.getIndexAttr(shape[0]),
                                        b.getIndexAttr(shape[2] / schedule.channels),
                                        b.getIndexAttr(shape[3] / schedule.filters)};
    Value destination = tensor::EmptyOp::create(b, loc, shape, op.getType().getElementType());
    auto forall = scf::ForallOp::create(b, loc, counts, destination, std::nullopt);
    forall->setAttr(workAttr, b.getI64IntegerAttr(schedule.work));
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPoint(forall.getTerminator());
      buildPart(forall);
    }
    b.replaceOp(op, forall.getResults());
  }

private:
  void buildPart(scf::ForallOp forall) {
    AffineExpr x = b.getAffineDimExpr(0);
    auto ivs = forall.getInductionVars();
    firstChannel = tile.apply(x * schedule.channels, OpFoldResult(ivs[1]));
    firstFilter = tile.apply(x * schedule.filters, OpFoldResult(ivs[2]));
    SmallVector<OpFoldResult> offsets = {ivs[0], b.getIndexAttr(0), firstChannel, firstFilter};
    SmallVector<OpFoldResult> sizes = {b.getIndexAttr(1), b.getIndexAttr(span * span),
                                       b.getIndexAttr(schedule.channels),
                                       b.getIndexAttr(schedule.filters)};
    SmallVector<OpFoldResult> strides(4, b.getIndexAttr(1));
    auto type = RankedTensorType::get({span * span, schedule.channels, schedule.filters},
                                      op.getType().getElementType());
    Value whole = forall.getRegionIterArgs().front();
    Value slice = tensor::ExtractSliceOp::create(b, loc, type, whole, offsets, sizes, strides);
    Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(type.getElementType()));
    Value sums = linalg::FillOp::create(b, loc, zero, slice).getResult(0);
    sums = overSamples(ivs[0], sums);
    b.setInsertionPointToEnd(forall.getTerminator().getBody());
    tensor::ParallelInsertSliceOp::create(b, loc, sums, whole, offsets, sizes, strides);
  }

  /// Samples [part * N / parts, (part + 1) * N / parts).
  Value overSamples(Value part, Value sums) {
    AffineExpr p = b.getAffineDimExpr(0), batch = b.getAffineDimExpr(1);
    int64_t parts = op.getParts();
    OpFoldResult samples = tensor::getMixedSize(b, loc, op.getInput(), 0);
    OpFoldResult first = tile.apply((p * batch).floorDiv(parts), {part, samples});
    OpFoldResult end = tile.apply((p * batch + batch).floorDiv(parts), {part, samples});
    OpFoldResult count = tile.apply(batch - p, {first, end});
    auto oneSample = [&](Value i, ValueRange carried) {
      n = tile.apply(p + batch, {first, OpFoldResult(i)});
      return overBlocks(carried);
    };
    return tile.loop(count, sums, oneSample).front();
  }

  SmallVector<Value> overBlocks(ValueRange sums) {
    AffineExpr x = b.getAffineDimExpr(0);
    return tile.repeat(rowBlocks, sums, [&](OpFoldResult i, ValueRange inRows) {
      return tile.repeat(columnBlocks, inRows, [&](OpFoldResult j, ValueRange inColumns) {
        firstRow = tile.apply(x * schedule.rows, i);
        firstColumn = tile.apply(x * schedule.columns, j);
        Value inputs =
            transformTiles(op.getInput(), matrices.input, span, firstChannel, schedule.channels);
        Value gradients = transformTiles(op.getGradient(), backwards, matrices.tile, firstFilter,
                                         schedule.filters);
        return SmallVector<Value>{addProducts(inColumns.front(), inputs, gradients)};
      });
    });
  }

  /// The tiles of the block of `tensor`, `width` by `width` elements each, transformed by `matrix`:
  /// (span * span, tiles, extent), from element `first` of the last dimension on.
  Value transformTiles(Value tensor, ArrayRef<double> matrix, int64_t width, OpFoldResult first,
                       int64_t extent) {
    int64_t tiles = schedule.rows * schedule.columns;
    Value scratch =
        matricesApart(b, loc, span * span, tiles, extent, op.getType().getElementType());
    AffineExpr x = b.getAffineDimExpr(0), y = b.getAffineDimExpr(1);
    auto blocks = splitColumns(extent, machine.vectorBytes / 4, 1);
    auto oneTile = [&](OpFoldResult i, OpFoldResult j, ValueRange carried) {
      OpFoldResult row = tile.apply((x + y) * matrices.tile, {firstRow, i});
      OpFoldResult column = tile.apply((x + y) * matrices.tile, {firstColumn, j});
      OpFoldResult index = tile.apply(x * schedule.columns + y, {i, j});
      SmallVector<Value> now(carried);
      for (const ColumnBlocks &block : blocks)
        now = tile.repeat(block.count, now, [&](OpFoldResult k, ValueRange inner) {
          OpFoldResult start = tile.apply(x * block.size() + block.start, k);
          SmallVector<Value> elements;
          for (int64_t e = 0; e < width * width; ++e)
            elements.push_back(
                tile.readVector(tensor,
                                {n, tile.plus(row, e / width), tile.plus(column, e % width),
                                 tile.apply(x + y, {first, start})},
                                block.size()));
          Value into = inner.front();
          for (auto [m, value] : llvm::enumerate(transformed(b, loc, matrix, elements, width)))
            into = tile.writeVector(value, into, {b.getIndexAttr(m), index, start});
          return SmallVector<Value>{into};
        });
      return now;
    };
    return tile
        .repeat(schedule.rows, scratch,
                [&](OpFoldResult i, ValueRange inRows) {
                  return tile.repeat(schedule.columns, inRows,
                                     [&](OpFoldResult j, ValueRange inColumns) {
                                       return oneTile(i, j, inColumns);
                                     });
                })
        .front();
  }

  /// sums[x, c, f] + the sum of inputs[x, tile, c] * gradients[x, tile, f].
  Value addProducts(Value sums, Value inputs, Value gradients) {
    linalg::GenericOp generic =
        matrixProducts(b, loc, inputs, gradients, cast<RankedTensorType>(sums.getType()),
                       /*transposeLhs=*/true);
    generic.getDpsInitOperand(0)->set(sums);
    Value built = scheduleInnerKernel(b, generic, machine);
    b.replaceOp(generic, built);
    return built;
  }

  RewriterBase &b;
  graph::WinogradFilterGradientOp op;
  const Machine &machine;
  Location loc;
  const WinogradMatrices &matrices;
  int64_t span;
  Roles roles;
  TileBuilder tile;
  WinogradGradientSchedule schedule;

  SmallVector<double> backwards;
  int64_t rowBlocks = 0, columnBlocks = 0;
  OpFoldResult firstChannel, firstFilter; ///< of the block of matrices
  OpFoldResult n, firstRow, firstColumn;  ///< of the block of tiles: sample, tiles
};

} // namespace

void scheduleWinogradGradient(RewriterBase &rewriter, graph::WinogradFilterGradientOp op,
                              const Machine &machine) {
  WinogradGradientBuilder(rewriter, op, machine).run();
}

} // namespace hornet::lower
