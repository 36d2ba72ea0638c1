#include "lower/KernelBuilder.h"
#include "lower/Passes.h"
#include "lower/RowGroup.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace hornet::lower {
#define GEN_PASS_DEF_FUSEROWS
#include "lower/Passes.h.inc"

namespace {

/// The members of a group in one loop over blocks of rows, each on its part of its operands.
class RowLoop {
public:
  RowLoop(RewriterBase &b, const RowGroup &group, int64_t blockRows)
      : b(b), group(group), last(group.members().back().first), loc(last.getLoc()),
        blockRows(blockRows) {}

  void build() {
    b.setInsertionPoint(last);
    SmallVector<linalg::GenericOp> results;
    for (auto &[op, rows] : group.members())
      if (group.hasUsesOutside(op))
        results.push_back(op);
    auto wholes = llvm::map_to_vector(results, [&](linalg::GenericOp op) -> Value {
      return b.clone(*emptyOf(op))->getResult(0);
    });
    auto forall = scf::ForallOp::create(b, loc, counts(results.front(), wholes.front()), wholes,
                                        std::nullopt);
    forall->setAttr(workAttr, b.getI64IntegerAttr(group.work() * blockRows));
    for (auto [op, whole] : llvm::zip_equal(results, forall.getRegionIterArgs()))
      destinations[op] = whole;
    fillBody(forall);
    for (auto [op, result] : llvm::zip_equal(results, forall.getResults()))
      b.replaceAllUsesWith(op.getResult(0), result);
    for (auto &[op, rows] : llvm::reverse(group.members()))
      b.eraseOp(op);
  }

private:
  static Operation *emptyOf(linalg::GenericOp op) {
    Value init = op.getDpsInits().front();
    if (auto fill = init.getDefiningOp<linalg::FillOp>())
      init = fill.getDpsInitOperand(0)->get();
    return init.getDefiningOp();
  }

  static AffineMap outputMap(linalg::GenericOp op) { return op.getIndexingMapsArray().back(); }

  /// Steps of each loop over rows; `whole` is where `op` writes.
  SmallVector<OpFoldResult> counts(linalg::GenericOp op, Value whole) {
    const RowLoops &loops = group.members().find(op)->second;
    SmallVector<OpFoldResult> counts(group.extents().size());
    for (auto [i, expr] : llvm::enumerate(outputMap(op).getResults())) {
      int64_t row = loops[cast<AffineDimExpr>(expr).getPosition()];
      if (row != noRow)
        counts[row] = tensor::getMixedSize(b, loc, whole, static_cast<int64_t>(i));
    }
    counts.back() = b.getIndexAttr(llvm::divideCeil(group.extents().back(), blockRows));
    return counts;
  }

  void fillBody(scf::ForallOp forall) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(forall.getTerminator());
    for (Value step : forall.getInductionVars()) {
      starts.push_back(step);
      sizes.push_back(1);
    }
    starts.back() = blockStart(starts.back());
    sizes.back() = blockRows;
    for (auto &[op, rows] : group.members())
      blocks[op->getResult(0)] = buildBlock(op, rows);
    for (auto &[op, whole] : destinations) {
      b.setInsertionPointToEnd(forall.getTerminator().getBody());
      Slice slice = sliceOf(whole, outputMap(op), group.members().find(op)->second);
      tensor::ParallelInsertSliceOp::create(b, loc, blocks.lookup(op->getResult(0)), whole,
                                            slice.offsets, slice.sizes, slice.strides);
    }
  }

  /// The last block lies on the end, and computes some rows of the one before it again where the
  /// extent is no multiple of the block.
  OpFoldResult blockStart(OpFoldResult step) {
    AffineExpr start = b.getAffineDimExpr(0) * blockRows;
    int64_t extent = group.extents().back();
    if (extent % blockRows == 0)
      return affine::makeComposedFoldedAffineApply(b, loc, AffineMap::get(1, 0, start), {step});
    AffineMap least =
        AffineMap::get(1, 0, {start, b.getAffineConstantExpr(extent - blockRows)}, b.getContext());
    return affine::makeComposedFoldedAffineMin(b, loc, least, {step});
  }

  struct Slice {
    SmallVector<OpFoldResult> offsets, sizes, strides;
  };

  /// The part of a tensor that a block of rows reads or writes.
  Slice sliceOf(Value tensor, AffineMap map, const RowLoops &loops) {
    auto type = cast<RankedTensorType>(tensor.getType());
    Slice slice;
    slice.strides.assign(type.getRank(), b.getIndexAttr(1));
    for (auto [i, expr] : llvm::enumerate(map.getResults())) {
      auto dim = dyn_cast<AffineDimExpr>(expr);
      int64_t row = dim ? loops[dim.getPosition()] : noRow;
      slice.offsets.push_back(row == noRow ? b.getIndexAttr(0) : starts[row]);
      slice.sizes.push_back(b.getIndexAttr(row == noRow ? type.getDimSize(i) : sizes[row]));
    }
    return slice;
  }

  Value extract(Value tensor, AffineMap map, const RowLoops &loops) {
    Slice slice = sliceOf(tensor, map, loops);
    return tensor::ExtractSliceOp::create(b, loc, tensor, slice.offsets, slice.sizes,
                                          slice.strides);
  }

  Value inputOf(linalg::GenericOp op, OpOperand *input, const RowLoops &loops) {
    if (Value block = blocks.lookup(input->get()))
      return block;
    AffineMap map = op.getMatchingIndexingMap(input);
    for (auto [i, row] : llvm::enumerate(loops))
      if (row != noRow && map.isFunctionOfDim(i))
        return extract(input->get(), map, loops);
    return input->get();
  }

  Value buildBlock(linalg::GenericOp op, const RowLoops &loops) {
    SmallVector<Value> operands;
    for (OpOperand *input : op.getDpsInputOperands())
      operands.push_back(inputOf(op, input, loops));
    Value init;
    if (Value whole = destinations.lookup(op)) {
      init = extract(whole, outputMap(op), loops);
    } else {
      Value like = op.getResult(0);
      init = tensor::EmptyOp::create(b, op.getLoc(), sliceOf(like, outputMap(op), loops).sizes,
                                     getElementTypeOrSelf(like.getType()));
    }
    if (auto fill = op.getDpsInits().front().getDefiningOp<linalg::FillOp>())
      init = linalg::FillOp::create(b, op.getLoc(), fill.getDpsInputOperand(0)->get(), init)
                 .getResult(0);
    operands.push_back(init);
    Operation *block = clone(b, op, init.getType(), operands);
    SmallVector<OpFoldResult> offsets = llvm::map_to_vector(loops, [&](int64_t row) {
      return row == noRow ? OpFoldResult(b.getIndexAttr(0)) : starts[row];
    });
    linalg::offsetIndices(b, cast<linalg::LinalgOp>(block), offsets);
    return block->getResult(0);
  }

  RewriterBase &b;
  const RowGroup &group;
  linalg::GenericOp last;
  Location loc;
  int64_t blockRows;
  SmallVector<OpFoldResult> starts;                       ///< of the block, for each row loop
  SmallVector<int64_t> sizes;                             ///< of the block
  llvm::MapVector<linalg::GenericOp, Value> destinations; ///< of what is used outside
  DenseMap<Value, Value> blocks;                          ///< of the members' results
};

struct FuseRows : impl::FuseRowsBase<FuseRows> {
  using FuseRowsBase::FuseRowsBase;

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<linalg::GenericOp> reductions;
    getOperation().walk([&](linalg::GenericOp op) { reductions.push_back(op); });
    DenseSet<Operation *> fused;
    for (linalg::GenericOp op : reductions) {
      std::optional<RowGroup> group;
      if (!fused.contains(op))
        group = RowGroup::around(op);
      if (!group || group->kernels() < 2)
        continue;
      for (auto &[member, rows] : group->members())
        fused.insert(member);
      Machine machine{.threads = threads, .cacheBytes = cacheBytes};
      int64_t rows = rowsInBlock(group->extents(), group->innerBytes(), machine);
      RowLoop(rewriter, *group, rows).build();
    }
  }
};

} // namespace
} // namespace hornet::lower
