#include "lower/KernelBuilder.h"

#include "lower/Passes.h"
#include "lower/VectorBody.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"

#include <map>

using namespace mlir;

namespace hornet::lower {
namespace {

/// A vector of the tile: which row, and where its columns begin and how many they are.
struct Cell {
  int64_t row, column, width;
};

class KernelBuilder {
public:
  KernelBuilder(RewriterBase &b, const Kernel &kernelToBuild, const Roles &roles,
                const Schedule &schedule)
      : b(b), kernel(kernelToBuild), roles(roles), schedule(schedule), loc(kernel.last()->getLoc()),
        steps(kernel.extents.size(), b.getIndexAttr(0)) {}

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

  OpFoldResult apply(AffineExpr expr, ArrayRef<OpFoldResult> dims,
                     ArrayRef<OpFoldResult> symbols = {}) {
    SmallVector<OpFoldResult> operands(dims);
    llvm::append_range(operands, symbols);
    return affine::makeComposedFoldedAffineApply(
        b, loc, AffineMap::get(dims.size(), symbols.size(), expr), operands);
  }

  Value value(OpFoldResult index) { return getValueOrCreateConstantIndexOp(b, loc, index); }

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
      steps[*repeat.loop] = stepOf(repeat, OpFoldResult(iv));

    auto type = cast<RankedTensorType>(output.getType());
    SmallVector<OpFoldResult> offsets, sizes, strides(type.getRank(), b.getIndexAttr(1));
    for (AffineExpr expr : kernel.output.map.getResults()) {
      unsigned loop = cast<AffineDimExpr>(expr).getPosition();
      auto one = llvm::find_if(parallel, [&](const Repeat &r) { return r.loop == loop; });
      auto many = llvm::find_if(sequential, [&](const Repeat &r) { return r.loop == loop; });
      offsets.push_back(one != parallel.end() ? steps[loop] : many->start);
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
      steps[*repeat.loop] = repeat.start;
      return buildSequential(slice, loops.drop_front(), rows, columns);
    }
    return buildLoop(repeat.count, slice,
                     [&](Value iteration, ValueRange carried) {
                       steps[*repeat.loop] = stepOf(repeat, iteration);
                       return SmallVector<Value>{
                           buildSequential(carried.front(), loops.drop_front(), rows, columns)};
                     })
        .front();
  }

  using LoopBody = llvm::function_ref<SmallVector<Value>(Value, ValueRange)>;

  /// scf.for from 0 to `count` that carries values.
  SmallVector<Value> buildLoop(OpFoldResult count, ValueRange carried, LoopBody body,
                               int64_t step = 1) {
    auto loop = scf::ForOp::create(b, loc, value(b.getIndexAttr(0)), value(count),
                                   value(b.getIndexAttr(step)), carried);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    SmallVector<Value> results = body(loop.getInductionVar(), loop.getRegionIterArgs());
    scf::YieldOp::create(b, loc, results);
    return SmallVector<Value>(loop.getResults());
  }

  /// The reductions of `loops`, outermost first, around `body`.
  SmallVector<Value> buildReductions(ArrayRef<unsigned> loops, ValueRange carried,
                                     llvm::function_ref<SmallVector<Value>(ValueRange)> body) {
    if (loops.empty())
      return body(carried);
    unsigned loop = loops.front();
    if (kernel.extents[loop] == 1) {
      steps[loop] = b.getIndexAttr(0);
      return buildReductions(loops.drop_front(), carried, body);
    }
    return buildLoop(extent(loop), carried, [&](Value step, ValueRange inner) {
      steps[loop] = step;
      return buildReductions(loops.drop_front(), inner, body);
    });
  }

  //===--------------------------------------------------------------------===//
  // Elements
  //===--------------------------------------------------------------------===//

  /// Where `access` reads for a cell of the tile.
  SmallVector<OpFoldResult> indices(const Access &access, const Cell &cell) {
    SmallVector<OpFoldResult> at = steps;
    auto shift = [&](std::optional<unsigned> loop, int64_t by) {
      if (loop && by != 0)
        at[*loop] = apply(b.getAffineDimExpr(0) + by, at[*loop]);
    };
    shift(roles.rows, cell.row);
    shift(roles.vector, cell.column);
    SmallVector<OpFoldResult> result;
    for (AffineExpr expr : access.map.getResults())
      result.push_back(apply(expr, at));
    return result;
  }

  Value readScalar(const Access &access, ArrayRef<OpFoldResult> at) {
    if (!isa<RankedTensorType>(access.value.getType()))
      return access.value;
    return tensor::ExtractOp::create(b, loc, access.value,
                                     getValueOrCreateConstantIndexOp(b, loc, at));
  }

  /// A vector of the cell's columns, or the one element that they share.
  Value read(const Access &access, const Cell &cell) {
    if (!access.dependsOn(roles.vector))
      return readScalar(access, indices(access, cell));
    Type element = getElementTypeOrSelf(access.value.getType());
    auto type = VectorType::get(cell.width, element);
    if (!access.isContiguousIn(roles.vector))
      return gather(access, cell, type);
    Value padding = arith::ConstantOp::create(b, loc, b.getZeroAttr(element));
    SmallVector<bool> inBounds = {true};
    return vector::TransferReadOp::create(
        b, loc, type, access.value, getValueOrCreateConstantIndexOp(b, loc, indices(access, cell)),
        padding, inBounds);
  }

  /// Element by element, where columns do not lie side by side.
  Value gather(const Access &access, const Cell &cell, VectorType type) {
    SmallVector<Value> elements;
    for (int64_t i = 0; i < cell.width; ++i)
      elements.push_back(
          readScalar(access, indices(access, {cell.row, cell.column + i, cell.width})));
    return vector::FromElementsOp::create(b, loc, type, elements);
  }

  /// Reads each input once, however many cells share it.
  class Reader {
  public:
    explicit Reader(KernelBuilder &builder) : builder(builder) {}
    Value operator()(const Access &access, const Cell &cell) {
      bool byRow = builder.roles.rows && access.dependsOn(*builder.roles.rows);
      bool byColumn = access.dependsOn(builder.roles.vector);
      auto key = std::tuple(&access, byRow ? cell.row : -1, byColumn ? cell.column : -1);
      Value &value = values[key];
      if (!value)
        value = builder.read(access, cell);
      return value;
    }

  private:
    KernelBuilder &builder;
    std::map<std::tuple<const Access *, int64_t, int64_t>, Value> values;
  };

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

  Value computeEpilogue(Reader &reader, const Cell &cell, Value result) {
    if (!kernel.epilogue)
      return result;
    linalg::GenericOp epilogue = kernel.epilogue;
    Block &body = *epilogue.getBlock();
    SmallVector<Value> arguments;
    const Access *next = kernel.epilogueInputs.begin();
    for (unsigned i = 0; i + 1 < body.getNumArguments(); ++i) {
      bool isResult = i == kernel.epilogueOperand;
      const Access *access = isResult ? nullptr : next++;
      bool unused = body.getArgument(i).use_empty();
      arguments.push_back(isResult ? result : unused ? Value() : reader(*access, cell));
    }
    bool readsOutput = !body.getArguments().back().use_empty();
    arguments.push_back(readsOutput ? reader(kernel.output, cell) : Value());
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
    SmallVector<OpFoldResult> at = indices(kernel.output, cell);
    for (auto [index, offset] : llvm::zip_equal(at, sliceOffsets))
      index = apply(b.getAffineDimExpr(0) - b.getAffineDimExpr(1), {index, offset});
    SmallVector<bool> inBounds = {true};
    auto store = vector::TransferWriteOp::create(
        b, loc, vector, slice, getValueOrCreateConstantIndexOp(b, loc, at), inBounds);
    return store.getResult();
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
    Reader reader(*this);
    for (auto [cell, result] : llvm::zip_equal(cells, results))
      slice = write(slice, cell, computeEpilogue(reader, cell, result));
    return slice;
  }

  SmallVector<Value> reduceTile(ArrayRef<Cell> cells) {
    Reader before(*this);
    auto step = [&](ValueRange accumulators) {
      Reader reader(*this);
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
      now = buildLoop(
          b.getIndexAttr(covered), now,
          [&](Value at, ValueRange inner) {
            steps[roles.vector] = at;
            return accumulate(whole, inner);
          },
          step);
      steps[roles.vector] = b.getIndexAttr(0);
      llvm::append_range(now, accumulate(rest, carried.drop_front(whole.size())));
      return now;
    });

    Cell single{0, 0, 1};
    Reader reader(*this);
    Value result = vector::ExtractOp::create(b, loc, start(reader, single), 0);
    for (Value partial : partials)
      result = vector::ReductionOp::create(b, loc, kind, partial, result);
    Value vector =
        vector::BroadcastOp::create(b, loc, VectorType::get(1, result.getType()), result);
    return write(slice, single, computeEpilogue(reader, single, vector));
  }

  SmallVector<Value> accumulate(ArrayRef<Cell> cells, ValueRange accumulators) {
    Reader reader(*this);
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
  SmallVector<OpFoldResult> steps;        ///< where each loop is
  SmallVector<OpFoldResult> sliceOffsets; ///< of the slice of the output that is being written
};

} // namespace

Value buildKernel(RewriterBase &rewriter, const Kernel &kernel, const Roles &roles,
                  const Schedule &schedule) {
  return KernelBuilder(rewriter, kernel, roles, schedule).build();
}

} // namespace hornet::lower
