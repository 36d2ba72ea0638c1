#include "lower/KernelBuilder.h"

#include "lower/Passes.h"
#include "lower/TileBuilder.h"
#include "lower/VectorBody.h"

#include "mlir/Dialect/Linalg/Transforms/Transforms.h"

using namespace mlir;

namespace hornet::lower {
namespace {

using Reader = TileBuilder::Reader;

class KernelBuilder {
public:
  KernelBuilder(RewriterBase &b, const Kernel &kernelToBuild, const Roles &roles,
                const Schedule &schedule)
      : b(b), kernel(kernelToBuild), roles(roles), schedule(schedule), loc(kernel.last()->getLoc()),
        tile(b, loc, roles, kernel.extents.size()) {}

  Value build() {
    b.setInsertionPoint(kernel.last());
    Value output = kernel.output.value = freshOutput();
    for (const Region &region : schedule.regions)
      for (const ColumnBlocks &columns : region.columns)
        output = buildRegion(output, region.rows, columns);
    return output;
  }

private:
  //===--------------------------------------------------------------------===//
  // Loops
  //===--------------------------------------------------------------------===//

  /// A tensor that nothing else writes: that of the op, or a new one where it only starts from a
  /// constant.
  Value freshOutput() {
    Value output = kernel.output.value;
    Operation *op = output.getDefiningOp();
    if (isa_and_nonnull<linalg::FillOp>(op) && !kernel.epilogue)
      output = cast<linalg::FillOp>(op).getDpsInitOperand(0)->get();
    if (auto empty = output.getDefiningOp<tensor::EmptyOp>())
      output = b.clone(*empty)->getResult(0);
    return output;
  }

  OpFoldResult extent(unsigned loop) {
    if (!ShapedType::isDynamic(kernel.extents[loop]))
      return b.getIndexAttr(kernel.extents[loop]);
    for (auto [i, expr] : llvm::enumerate(kernel.output.map.getResults()))
      if (expr == b.getAffineDimExpr(loop))
        return tensor::getMixedSize(b, loc, kernel.output.value, i);
    llvm_unreachable("a reduction is as long as the batch");
  }

  /// Something that is repeated: `count` times, the i-th of them beginning at start + i * size.
  struct Repeat {
    std::optional<unsigned> loop;
    OpFoldResult start, count;
    int64_t size;
  };

  Value buildRegion(Value output, const Blocks &rows, const ColumnBlocks &columns) {
    Repeat rowBlocks{roles.rows, b.getIndexAttr(0), b.getIndexAttr(1), rows.size};
    if (roles.rows) {
      OpFoldResult size = extent(*roles.rows);
      rowBlocks.start = apply(rows.start, {}, size);
      rowBlocks.count = apply(rows.count, {}, size);
    }
    Repeat columnBlocks{roles.vectorIsReduction ? std::nullopt : std::optional(roles.vector),
                        b.getIndexAttr(columns.start), b.getIndexAttr(columns.count),
                        columns.size()};
    SmallVector<Repeat> parallel, sequential;
    for (unsigned loop : roles.outer)
      parallel.push_back({loop, b.getIndexAttr(0), extent(loop), 1});
    for (const Repeat &blocks : {columnBlocks, rowBlocks})
      if (blocks.loop)
        (schedule.blocksInParallel ? parallel : sequential).push_back(blocks);
    return buildParallel(output, parallel, sequential, rows.size, columns);
  }

  /// scf.forall over `parallel`; in it, the slice of the output that belongs to one iteration.
  Value buildParallel(Value output, ArrayRef<Repeat> parallel, ArrayRef<Repeat> sequential,
                      int64_t rows, const ColumnBlocks &columns) {
    SmallVector<OpFoldResult> counts;
    for (const Repeat &repeat : parallel)
      counts.push_back(repeat.count);
    auto forall = scf::ForallOp::create(b, loc, counts, output, std::nullopt);
    if (!schedule.parallel)
      forall->setAttr(sequentialAttr, b.getUnitAttr());
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(forall.getTerminator());
    auto ivs = forall.getInductionVars();
    for (auto [repeat, iv] : llvm::zip_equal(parallel, ivs))
      tile.steps[*repeat.loop] = stepOf(repeat, OpFoldResult(iv));

    auto type = cast<RankedTensorType>(output.getType());
    SmallVector<OpFoldResult> offsets, sizes, strides(type.getRank(), b.getIndexAttr(1));
    for (AffineExpr expr : kernel.output.map.getResults()) {
      unsigned loop = cast<AffineDimExpr>(expr).getPosition();
      auto one = llvm::find_if(parallel, [&](const Repeat &r) { return r.loop == loop; });
      auto many = llvm::find_if(sequential, [&](const Repeat &r) { return r.loop == loop; });
      offsets.push_back(one != parallel.end() ? tile.steps[loop] : many->start);
      sizes.push_back(one != parallel.end()
                          ? OpFoldResult(b.getIndexAttr(one->size))
                          : apply(b.getAffineDimExpr(0) * many->size, many->count));
    }
    Value whole = forall.getRegionIterArgs().front();
    Value slice = tensor::ExtractSliceOp::create(b, loc, whole, offsets, sizes, strides);
    sliceOffsets = offsets;
    Value written = buildSequential(slice, sequential, rows, columns);
    b.setInsertionPointToEnd(forall.getTerminator().getBody());
    tensor::ParallelInsertSliceOp::create(b, loc, written, whole, offsets, sizes, strides);
    return forall.getResult(0);
  }

  OpFoldResult stepOf(const Repeat &repeat, OpFoldResult iteration) {
    return apply(b.getAffineDimExpr(0) * repeat.size + b.getAffineDimExpr(1),
                 {iteration, repeat.start});
  }

  Value buildSequential(Value slice, ArrayRef<Repeat> loops, int64_t rows,
                        const ColumnBlocks &columns) {
    if (loops.empty())
      return roles.vectorIsReduction ? buildRowReduction(slice) : buildTile(slice, rows, columns);
    const Repeat &repeat = loops.front();
    if (isConstantIntValue(repeat.count, 1)) {
      tile.steps[*repeat.loop] = repeat.start;
      return buildSequential(slice, loops.drop_front(), rows, columns);
    }
    return tile
        .loop(repeat.count, slice,
              [&](Value iteration, ValueRange carried) {
                tile.steps[*repeat.loop] = stepOf(repeat, iteration);
                return SmallVector<Value>{
                    buildSequential(carried.front(), loops.drop_front(), rows, columns)};
              })
        .front();
  }

  /// The reductions of `loops`, outermost first, around `body`.
  SmallVector<Value> buildReductions(ArrayRef<unsigned> loops, ValueRange carried,
                                     llvm::function_ref<SmallVector<Value>(ValueRange)> body) {
    if (loops.empty())
      return body(carried);
    unsigned loop = loops.front();
    if (kernel.extents[loop] == 1) {
      tile.steps[loop] = b.getIndexAttr(0);
      return buildReductions(loops.drop_front(), carried, body);
    }
    return tile.loop(extent(loop), carried, [&](Value step, ValueRange inner) {
      tile.steps[loop] = step;
      return buildReductions(loops.drop_front(), inner, body);
    });
  }

  //===--------------------------------------------------------------------===//
  // Cells
  //===--------------------------------------------------------------------===//

  /// The root's body for one cell; `accumulator` may be null where nothing is accumulated.
  Value computeRoot(Reader &reader, const Cell &cell, Value accumulator) {
    Block &body = *kernel.root.getBlock();
    SmallVector<Value> arguments;
    for (auto [input, argument] : llvm::zip_first(kernel.inputs, body.getArguments()))
      arguments.push_back(argument.use_empty() ? Value() : reader(input, cell));
    Value last = accumulator;
    if (!last && !body.getArguments().back().use_empty())
      last = reader(kernel.init, cell);
    arguments.push_back(last);
    return vectorizeBody(b, body, arguments, cell.width);
  }

  /// What the root accumulates onto: a constant, or what is there.
  Value start(Reader &reader, const Cell &cell) {
    auto type = VectorType::get(cell.width, getElementTypeOrSelf(kernel.init.value.getType()));
    Value element;
    if (auto fill = kernel.init.value.getDefiningOp<linalg::FillOp>())
      element = fill.getDpsInputOperand(0)->get();
    else
      element = reader(kernel.init, cell);
    return isa<VectorType>(element.getType())
               ? element
               : vector::BroadcastOp::create(b, loc, type, element).getResult();
  }

  Value write(Value slice, const Cell &cell, Value vector) {
    SmallVector<OpFoldResult> at = tile.indices(kernel.output, cell);
    for (auto [index, offset] : llvm::zip_equal(at, sliceOffsets))
      index = apply(b.getAffineDimExpr(0) - b.getAffineDimExpr(1), {index, offset});
    return tile.writeVector(vector, slice, at);
  }

  OpFoldResult apply(AffineExpr expr, ArrayRef<OpFoldResult> dims,
                     ArrayRef<OpFoldResult> symbols = {}) {
    return tile.apply(expr, dims, symbols);
  }

  //===--------------------------------------------------------------------===//
  // Tiles
  //===--------------------------------------------------------------------===//

  Value buildTile(Value slice, int64_t rows, const ColumnBlocks &columns) {
    SmallVector<Cell> cells;
    for (int64_t row = 0; row < rows; ++row) {
      int64_t column = 0;
      for (int64_t width : columns.widths) {
        cells.push_back({row, column, width});
        column += width;
      }
    }
    SmallVector<Value> results = reduceTile(cells);
    Reader reader(tile);
    for (auto [cell, result] : llvm::zip_equal(cells, results))
      slice =
          write(slice, cell, tile.epilogue(reader, kernel.epilogue, kernel.output, cell, result));
    return slice;
  }

  SmallVector<Value> reduceTile(ArrayRef<Cell> cells) {
    Reader before(tile);
    auto step = [&](ValueRange accumulators) {
      Reader reader(tile);
      SmallVector<Value> results;
      for (auto [i, cell] : llvm::enumerate(cells))
        results.push_back(
            computeRoot(reader, cell, accumulators.empty() ? Value() : accumulators[i]));
      return results;
    };
    if (kernel.reductionLoops.empty())
      return step({});
    SmallVector<Value> starts;
    for (const Cell &cell : cells)
      starts.push_back(start(before, cell));
    return buildReductions(kernel.reductionLoops, starts, step);
  }

  //===--------------------------------------------------------------------===//
  // Reductions along a row: the vector is the reduction
  //===--------------------------------------------------------------------===//

  Value buildRowReduction(Value slice) {
    Operation *combiner = combinerOf(kernel);
    vector::CombiningKind kind = *linalg::getCombinerOpKind(combiner);
    SmallVector<unsigned> outer(kernel.reductionLoops);
    llvm::erase(outer, roles.vector);

    int64_t width = schedule.vectorWidth, step = width * schedule.partials;
    int64_t extent = kernel.extents[roles.vector], covered = extent / step * step;
    // Vectors side by side, then what is left of the row.
    SmallVector<Cell> whole, rest;
    for (int64_t i = 0; i < schedule.partials; ++i)
      whole.push_back({0, i * width, width});
    for (int64_t at = covered; at < extent; at += width)
      rest.push_back({0, at, std::min(width, extent - at)});

    SmallVector<Value> partials;
    for (const Cell &cell : llvm::concat<const Cell>(whole, rest))
      partials.push_back(neutral(combiner, cell.width));
    partials = buildReductions(outer, partials, [&](ValueRange carried) {
      SmallVector<Value> now(carried.take_front(whole.size()));
      now = tile.loop(
          b.getIndexAttr(covered), now,
          [&](Value at, ValueRange inner) {
            tile.steps[roles.vector] = at;
            return accumulate(whole, inner);
          },
          step);
      tile.steps[roles.vector] = b.getIndexAttr(0);
      llvm::append_range(now, accumulate(rest, carried.drop_front(whole.size())));
      return now;
    });

    Cell single{0, 0, 1};
    Reader reader(tile);
    Value result = vector::ExtractOp::create(b, loc, start(reader, single), 0);
    for (Value partial : partials)
      result = vector::ReductionOp::create(b, loc, kind, partial, result);
    Value vector =
        vector::BroadcastOp::create(b, loc, VectorType::get(1, result.getType()), result);
    return write(slice, single,
                 tile.epilogue(reader, kernel.epilogue, kernel.output, single, vector));
  }

  SmallVector<Value> accumulate(ArrayRef<Cell> cells, ValueRange accumulators) {
    Reader reader(tile);
    SmallVector<Value> results;
    for (auto [cell, accumulator] : llvm::zip_equal(cells, accumulators))
      results.push_back(computeRoot(reader, cell, accumulator));
    return results;
  }

  Value neutral(Operation *combiner, int64_t width) {
    TypedAttr element = *arith::getNeutralElement(combiner);
    auto type = VectorType::get(width, element.getType());
    return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, Attribute(element)));
  }

  RewriterBase &b;
  Kernel kernel;
  const Roles &roles;
  const Schedule &schedule;
  Location loc;
  TileBuilder tile;
  SmallVector<OpFoldResult> sliceOffsets; ///< of the slice of the output that is being written
};

} // namespace

Value buildKernel(RewriterBase &rewriter, const Kernel &kernel, const Roles &roles,
                  const Schedule &schedule) {
  return KernelBuilder(rewriter, kernel, roles, schedule).build();
}

Value scheduleKernel(RewriterBase &rewriter, linalg::LinalgOp op, const Machine &machine) {
  std::optional<Kernel> kernel = kernelEndingIn(op);
  std::optional<Roles> roles = kernel ? rolesOf(*kernel) : std::nullopt;
  if (!roles)
    return Value();
  return buildKernel(rewriter, *kernel, *roles, chooseSchedule(*kernel, *roles, machine));
}

} // namespace hornet::lower
