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
    for (ArrayRef<TileRegion> regions : parallelGroups(schedule))
      output = buildGroup(output, regions);
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
    auto isRead = [&](const Access &access) {
      return llvm::is_contained(access.map.getResults(), b.getAffineDimExpr(loop));
    };
    const Access *whole =
        isRead(kernel.output) ? &kernel.output : llvm::find_if(kernel.inputs, isRead);
    auto at = llvm::find(whole->map.getResults(), b.getAffineDimExpr(loop));
    return tensor::getMixedSize(b, loc, whole->value, at - whole->map.getResults().begin());
  }

  /// Something that is repeated: `count` times, the i-th of them beginning at start + i * size.
  struct Repeat {
    std::optional<unsigned> loop;
    OpFoldResult start, count;
    int64_t size;
  };

  Repeat repeatOf(const Blocks &rows) {
    if (!roles.rows)
      return {std::nullopt, b.getIndexAttr(0), b.getIndexAttr(1), rows.size};
    OpFoldResult size = extent(*roles.rows);
    return {roles.rows, apply(rows.start, {}, size), apply(rows.count, {}, size), rows.size};
  }

  Repeat repeatOf(const ColumnBlocks &columns) {
    return {roles.vectorIsReduction ? std::nullopt : std::optional(roles.vector),
            b.getIndexAttr(columns.start), b.getIndexAttr(columns.count), columns.size()};
  }

  Value buildGroup(Value output, ArrayRef<TileRegion> regions) {
    SmallVector<Repeat> shared;
    auto share = [&](const Repeat &blocks) {
      if (blocks.loop)
        shared.push_back(blocks);
    };
    if (schedule.sharesColumns)
      share(repeatOf(regions.front().columns.front()));
    SmallVector<Repeat> inner;
    for (unsigned loop : roles.outer)
      (schedule.blocksOutermost ? inner : shared)
          .push_back({loop, b.getIndexAttr(0), extent(loop), 1});
    if (schedule.sharesRows)
      share(repeatOf(regions.front().rows));
    return buildParallel(output, shared, [&](Value slice) {
      return buildReductionBlocks(slice, [&](Value carried) {
        return repeated(carried, inner, [&](Value output) {
          for (const TileRegion &region : regions)
            for (const ColumnBlocks &columns : region.columns)
              output = buildRegion(output, region.rows, columns);
          return output;
        });
      });
    });
  }

  /// scf.forall over `shared`; in it, the slice of the output that belongs to one iteration.
  Value buildParallel(Value output, ArrayRef<Repeat> shared,
                      llvm::function_ref<Value(Value)> body) {
    if (shared.empty()) {
      sliceOffsets.assign(kernel.output.map.getNumResults(), b.getIndexAttr(0));
      return body(output);
    }
    SmallVector<OpFoldResult> counts;
    for (const Repeat &repeat : shared)
      counts.push_back(repeat.count);
    auto forall = scf::ForallOp::create(b, loc, counts, output, std::nullopt);
    if (schedule.work)
      forall->setAttr(workAttr, b.getI64IntegerAttr(schedule.work / sharedSteps(shared)));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(forall.getTerminator());
    for (auto [repeat, iv] : llvm::zip_equal(shared, forall.getInductionVars()))
      tile.steps[*repeat.loop] = stepOf(repeat, OpFoldResult(iv));

    auto type = cast<RankedTensorType>(output.getType());
    SmallVector<OpFoldResult> offsets, sizes, strides(type.getRank(), b.getIndexAttr(1));
    for (AffineExpr expr : kernel.output.map.getResults()) {
      unsigned loop = cast<AffineDimExpr>(expr).getPosition();
      auto one = llvm::find_if(shared, [&](const Repeat &r) { return r.loop == loop; });
      offsets.push_back(one != shared.end() ? tile.steps[loop] : OpFoldResult(b.getIndexAttr(0)));
      sizes.push_back(one != shared.end() ? OpFoldResult(b.getIndexAttr(one->size)) : extent(loop));
    }
    Value whole = forall.getRegionIterArgs().front();
    Value slice = tensor::ExtractSliceOp::create(b, loc, whole, offsets, sizes, strides);
    sliceOffsets = offsets;
    Value written = body(slice);
    b.setInsertionPointToEnd(forall.getTerminator().getBody());
    tensor::ParallelInsertSliceOp::create(b, loc, written, whole, offsets, sizes, strides);
    return forall.getResult(0);
  }

  /// Known steps of the parallel loop: all but those of the batch.
  static int64_t sharedSteps(ArrayRef<Repeat> shared) {
    int64_t steps = 1;
    for (const Repeat &repeat : shared)
      steps *= getConstantIntValue(repeat.count).value_or(1);
    return std::max<int64_t>(steps, 1);
  }

  OpFoldResult stepOf(const Repeat &repeat, OpFoldResult iteration) {
    return apply(b.getAffineDimExpr(0) * repeat.size + b.getAffineDimExpr(1),
                 {iteration, repeat.start});
  }

  /// Where the reduction is split, all tiles take their part of one block of it before any goes on
  /// to the next: the operands of a block stay in cache. Sums wait in the output meanwhile.
  Value buildReductionBlocks(Value slice, llvm::function_ref<Value(Value)> body) {
    if (!schedule.reductionBlock)
      return body(slice);
    OpFoldResult blocks = apply(b.getAffineDimExpr(0).floorDiv(schedule.reductionBlock),
                                extent(kernel.reductionLoops.front()));
    return tile
        .loop(blocks, slice,
              [&](Value block, ValueRange carried) {
                reductionStart =
                    apply(b.getAffineDimExpr(0) * schedule.reductionBlock, OpFoldResult(block));
                Value first = tile.value(b.getIndexAttr(0));
                Value last = tile.value(tile.plus(blocks, -1));
                auto equal = arith::CmpIPredicate::eq;
                isFirstBlock = arith::CmpIOp::create(b, loc, equal, block, first);
                isLastBlock = arith::CmpIOp::create(b, loc, equal, block, last);
                return SmallVector<Value>{body(carried.front())};
              })
        .front();
  }

  Value buildRegion(Value slice, const Blocks &rows, const ColumnBlocks &columns) {
    SmallVector<Repeat> loops;
    if (!schedule.sharesColumns)
      loops.push_back(repeatOf(columns));
    if (!schedule.sharesRows)
      loops.push_back(repeatOf(rows));
    return repeated(slice, loops, [&](Value output) {
      return roles.vectorIsReduction ? buildRowReduction(output)
                                     : buildTile(output, rows.size, columns);
    });
  }

  /// `body` in the loops that `repeats` are, outermost first.
  Value repeated(Value slice, ArrayRef<Repeat> repeats, llvm::function_ref<Value(Value)> body) {
    if (repeats.empty())
      return body(slice);
    const Repeat &repeat = repeats.front();
    if (!repeat.loop || isConstantIntValue(repeat.count, 1)) {
      if (repeat.loop)
        tile.steps[*repeat.loop] = repeat.start;
      return repeated(slice, repeats.drop_front(), body);
    }
    return tile
        .loop(repeat.count, slice,
              [&](Value iteration, ValueRange carried) {
                tile.steps[*repeat.loop] = stepOf(repeat, iteration);
                return SmallVector<Value>{repeated(carried.front(), repeats.drop_front(), body)};
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
    bool isBlock = reductionStart && loop == kernel.reductionLoops.front();
    if (isBlock && schedule.reductionBlock == 1) {
      tile.steps[loop] = reductionStart;
      return buildReductions(loops.drop_front(), carried, body);
    }
    OpFoldResult count = isBlock ? b.getIndexAttr(schedule.reductionBlock) : extent(loop);
    return tile.loop(count, carried, [&](Value step, ValueRange inner) {
      tile.steps[loop] = isBlock ? apply(b.getAffineDimExpr(0) + b.getAffineDimExpr(1),
                                         {reductionStart, OpFoldResult(step)})
                                 : OpFoldResult(step);
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
    return vectorizeBody(b, body, arguments, cell.width, [&](int64_t dimension) {
      return tile.place(b.getAffineDimExpr(dimension), cell);
    });
  }

  /// What an elementwise op finds where it writes, or null where it does not look: it must be read
  /// from there, or all of it would be copied before.
  Value present(Value slice, const Cell &cell) {
    bool looks = !kernel.root.getBlock()->getArguments().back().use_empty();
    return looks && kernel.init.value == kernel.output.value
               ? tile.readVector(slice, inSlice(cell), cell.width)
               : Value();
  }

  /// Where the cell lies in the slice of the output that is being written.
  SmallVector<OpFoldResult> inSlice(const Cell &cell) {
    SmallVector<OpFoldResult> at = tile.indices(kernel.output, cell);
    for (auto [index, offset] : llvm::zip_equal(at, sliceOffsets))
      index = apply(b.getAffineDimExpr(0) - b.getAffineDimExpr(1), {index, offset});
    return at;
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

  OpFoldResult apply(AffineExpr expr, ArrayRef<OpFoldResult> dims,
                     ArrayRef<OpFoldResult> symbols = {}) {
    return tile.apply(expr, dims, symbols);
  }

  //===--------------------------------------------------------------------===//
  // Tiles
  //===--------------------------------------------------------------------===//

  Value buildTile(Value slice, int64_t rows, const ColumnBlocks &columns) {
    tile.rows = rows;
    SmallVector<Cell> cells;
    for (int64_t row = 0; row < rows; ++row) {
      int64_t column = 0;
      for (int64_t width : columns.widths) {
        cells.push_back({row, column, width});
        column += width;
      }
    }
    SmallVector<Value> results = reduceTile(slice, cells);
    if (!schedule.reductionBlock)
      results = epilogues(cells, results);
    else if (kernel.epilogue)
      results =
          choose(isLastBlock, [&] { return epilogues(cells, results); }, [&] { return results; });
    for (auto [cell, result] : llvm::zip_equal(cells, results))
      slice = tile.writeVector(result, slice, inSlice(cell));
    return slice;
  }

  SmallVector<Value> epilogues(ArrayRef<Cell> cells, ArrayRef<Value> results) {
    Reader reader(tile);
    SmallVector<Value> finished;
    for (auto [cell, result] : llvm::zip_equal(cells, results))
      finished.push_back(tile.epilogue(reader, kernel.epilogue, kernel.output, cell, result));
    return finished;
  }

  using Vectors = llvm::function_ref<SmallVector<Value>()>;

  /// scf.if with the values of `yes` or of `no`.
  SmallVector<Value> choose(Value condition, Vectors yes, Vectors no) {
    auto region = [&](Vectors values) {
      return [&, values](OpBuilder &nested, Location at) {
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPoint(nested.getInsertionBlock(), nested.getInsertionPoint());
        scf::YieldOp::create(b, at, values());
      };
    };
    return SmallVector<Value>(
        scf::IfOp::create(b, loc, condition, region(yes), region(no)).getResults());
  }

  SmallVector<Value> reduceTile(Value slice, ArrayRef<Cell> cells) {
    auto step = [&](ValueRange accumulators) {
      Reader reader(tile);
      SmallVector<Value> results;
      for (auto [i, cell] : llvm::enumerate(cells))
        results.push_back(computeRoot(
            reader, cell, accumulators.empty() ? present(slice, cell) : accumulators[i]));
      return results;
    };
    if (kernel.reductionLoops.empty())
      return step({});
    auto soFar = [&] {
      return llvm::map_to_vector(cells, [&](const Cell &cell) {
        return tile.readVector(slice, inSlice(cell), cell.width);
      });
    };
    auto fresh = [&] {
      // What is added to where it is must be read from there, or it would be copied before.
      if (kernel.init.value == kernel.output.value)
        return soFar();
      Reader before(tile);
      return llvm::map_to_vector(cells, [&](const Cell &cell) { return start(before, cell); });
    };
    ArrayRef<unsigned> loops = kernel.reductionLoops;
    if (schedule.partSums)
      return buildReductions(loops.take_front(1), fresh(), [&](ValueRange before) {
        return added(before, buildReductions(loops.drop_front(), zeros(cells), step));
      });
    if (!schedule.reductionBlock)
      return reduceSideBySide(cells, fresh(), step);
    // Each block has a sum of its own, from zero: sums of sums round less than one long sum.
    SmallVector<Value> sums = reduceSideBySide(cells, zeros(cells), step);
    return added(choose(isFirstBlock, fresh, soFar), sums);
  }

  SmallVector<Value> added(ValueRange first, ValueRange second) {
    return llvm::map_to_vector(llvm::zip_equal(first, second), [&](auto pair) -> Value {
      return arith::AddFOp::create(b, loc, std::get<0>(pair), std::get<1>(pair));
    });
  }

  /// One sum of products a cell, or where that is few, several, each with its own part of the
  /// terms.
  SmallVector<Value> reduceSideBySide(ArrayRef<Cell> cells, ValueRange first,
                                      llvm::function_ref<SmallVector<Value>(ValueRange)> step) {
    unsigned loop = kernel.reductionLoops.front();
    int64_t steps = schedule.reductionBlock ? schedule.reductionBlock : kernel.extents[loop];
    bool adds =
        kernel.reductionLoops.size() == 1 && isa_and_nonnull<arith::AddFOp>(combinerOf(kernel));
    int64_t parts = adds ? sumsSideBySide(cells.size(), steps) : 1;
    if (parts == 1)
      return buildReductions(kernel.reductionLoops, first, step);
    SmallVector<Value> sums(first);
    while (sums.size() < parts * cells.size())
      llvm::append_range(sums, zeros(cells));
    OpFoldResult start = reductionStart ? reductionStart : OpFoldResult(b.getIndexAttr(0));
    auto several = [&](Value at, ValueRange carried) {
      SmallVector<Value> results;
      for (int64_t part = 0; part < parts; ++part) {
        tile.steps[loop] =
            apply(b.getAffineDimExpr(0) + b.getAffineDimExpr(1) + part, {start, OpFoldResult(at)});
        llvm::append_range(results, step(carried.slice(part * cells.size(), cells.size())));
      }
      return results;
    };
    sums = tile.loop(b.getIndexAttr(steps), sums, several, parts);
    SmallVector<Value> total(sums.begin(), sums.begin() + cells.size());
    for (int64_t part = 1; part < parts; ++part)
      total = added(total, ArrayRef(sums).slice(part * cells.size(), cells.size()));
    return total;
  }

  SmallVector<Value> zeros(ArrayRef<Cell> cells) {
    Operation *add = combinerOf(kernel);
    return llvm::map_to_vector(cells, [&](const Cell &cell) { return neutral(add, cell.width); });
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
    result = tile.reduced(kind, partials, result);
    Value vector =
        vector::BroadcastOp::create(b, loc, VectorType::get(1, result.getType()), result);
    vector = tile.epilogue(reader, kernel.epilogue, kernel.output, single, vector);
    return tile.writeVector(vector, slice, inSlice(single));
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
  OpFoldResult reductionStart;            ///< of the block of the reduction, where it is split
  Value isFirstBlock, isLastBlock;        ///< of the reduction
};

} // namespace

Value buildKernel(RewriterBase &rewriter, const Kernel &kernel, const Roles &roles,
                  const Schedule &schedule) {
  return KernelBuilder(rewriter, kernel, roles, schedule).build();
}

} // namespace hornet::lower
