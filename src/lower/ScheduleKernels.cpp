#include "lower/KernelBuilder.h"
#include "lower/Passes.h"
#include "lower/Structured.h"
#include "lower/Winograd.h"

#include "mlir/Dialect/Linalg/Transforms/Transforms.h"

using namespace mlir;

namespace hornet::lower {

static Value scheduleFor(RewriterBase &rewriter, linalg::LinalgOp op, const Machine &machine,
                         bool isInner) {
  std::optional<Kernel> kernel = kernelEndingIn(op);
  std::optional<Roles> roles = kernel ? rolesOf(*kernel) : std::nullopt;
  if (!roles)
    return Value();
  Schedule schedule = chooseSchedule(*kernel, *roles, machine);
  if (isInner)
    schedule.work = 0;
  return buildKernel(rewriter, *kernel, *roles, schedule);
}

Value scheduleKernel(RewriterBase &rewriter, linalg::LinalgOp op, const Machine &machine) {
  return scheduleFor(rewriter, op, machine, /*isInner=*/false);
}

Value scheduleInnerKernel(RewriterBase &rewriter, linalg::LinalgOp op, const Machine &machine) {
  Machine one = machine;
  one.threads = 1;
  return scheduleFor(rewriter, op, one, /*isInner=*/true);
}

#define GEN_PASS_DEF_SCHEDULEKERNELS
#include "lower/Passes.h.inc"

namespace {

struct ScheduleKernels : impl::ScheduleKernelsBase<ScheduleKernels> {
  using ScheduleKernelsBase::ScheduleKernelsBase;

  /// Where the padding is all that an insertion leaves of a filled tensor, fills it alone: two
  /// strips a dimension, which do not overlap.
  static void fillPaddingAlone(RewriterBase &rewriter, tensor::InsertSliceOp insert) {
    auto fill = insert.getDest().getDefiningOp<linalg::FillOp>();
    RankedTensorType inner = insert.getSourceType(), outer = insert.getDestType();
    if (!fill || !fill->hasOneUse() || inner.getRank() != outer.getRank() ||
        !insert.hasUnitStride() || ShapedType::isDynamicShape(insert.getStaticOffsets()))
      return;
    rewriter.setInsertionPoint(insert);
    Value padded = fill.getDpsInitOperand(0)->get();
    SmallVector<OpFoldResult> offsets(outer.getRank(), rewriter.getIndexAttr(0));
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(rewriter, insert.getLoc(), padded);
    SmallVector<OpFoldResult> strides = insert.getMixedStrides();
    auto fillStrip = [&] {
      Value strip =
          tensor::ExtractSliceOp::create(rewriter, fill.getLoc(), padded, offsets, sizes, strides);
      Value filled =
          linalg::FillOp::create(rewriter, fill.getLoc(), fill.getDpsInputOperand(0)->get(), strip)
              .getResult(0);
      padded = tensor::InsertSliceOp::create(rewriter, fill.getLoc(), filled, padded, offsets,
                                             sizes, strides);
    };
    for (int64_t i = 0; i < outer.getRank(); ++i) {
      int64_t before = insert.getStaticOffsets()[i];
      if (!outer.isDynamicDim(i)) {
        int64_t after = outer.getDimSize(i) - before - inner.getDimSize(i);
        for (auto [start, size] :
             {std::pair<int64_t, int64_t>(0, before), {before + inner.getDimSize(i), after}}) {
          offsets[i] = rewriter.getIndexAttr(start);
          sizes[i] = rewriter.getIndexAttr(size);
          if (size > 0)
            fillStrip();
        }
      }
      offsets[i] = insert.getMixedOffsets()[i];
      sizes[i] = insert.getMixedSizes()[i];
    }
    insert.getDestMutable().assign(padded);
    rewriter.eraseOp(fill);
  }

  /// A tensor that is inserted into another (padding, concatenation) is computed there: the copy is
  /// an op of its own, which takes its producer in, as any other elementwise op does.
  static void computeInPlace(RewriterBase &rewriter, tensor::InsertSliceOp insert) {
    rewriter.setInsertionPoint(insert);
    auto type = insert.getSourceType();
    Value slice = tensor::ExtractSliceOp::create(rewriter, insert.getLoc(), type, insert.getDest(),
                                                 insert.getMixedOffsets(), insert.getMixedSizes(),
                                                 insert.getMixedStrides());
    AffineMap identity = rewriter.getMultiDimIdentityMap(type.getRank());
    SmallVector<utils::IteratorType> iterators(type.getRank(), utils::IteratorType::parallel);
    Value copy =
        generic(rewriter, insert.getLoc(), insert.getSource(), slice, {identity, identity},
                iterators, [](OpBuilder &, Location, ValueRange elements) { return elements[0]; });
    insert.getSourceMutable().assign(copy);
    OpOperand *source = &copy.getDefiningOp()->getOpOperand(0);
    auto producer = source->get().getDefiningOp<linalg::GenericOp>();
    if (!producer || !producer->hasOneUse() || !linalg::areElementwiseOpsFusable(source))
      return;
    rewriter.setInsertionPoint(copy.getDefiningOp());
    auto fused = linalg::fuseElementwiseOps(rewriter, source);
    if (failed(fused))
      return;
    rewriter.replaceOp(copy.getDefiningOp(), fused->fusedOp->getResults().take_back());
    // Its producer must see one user, to be taken in.
    rewriter.eraseOp(producer);
  }

  /// What inserts into a tensor that is inserted itself (parts of parts) does so where that one
  /// will lie.
  static bool nestInPlace(RewriterBase &rewriter, tensor::InsertSliceOp insert) {
    SmallVector<tensor::InsertSliceOp> inner;
    Value base = insert.getSource();
    while (auto part = base.getDefiningOp<tensor::InsertSliceOp>()) {
      if (!part->hasOneUse() || part->getBlock() != insert->getBlock())
        return false;
      inner.push_back(part);
      base = part.getDest();
    }
    auto place = base.getDefiningOp<tensor::ExtractSliceOp>();
    if (!inner.empty() && place && place.getSource() == insert.getDest())
      return true; // upstream's elimination of empty tensors has done it
    if (inner.empty() || !base.getDefiningOp<tensor::EmptyOp>())
      return false;
    rewriter.setInsertionPoint(insert);
    Value slice = tensor::ExtractSliceOp::create(rewriter, insert.getLoc(), insert.getSourceType(),
                                                 insert.getDest(), insert.getMixedOffsets(),
                                                 insert.getMixedSizes(), insert.getMixedStrides());
    inner.back().getDestMutable().assign(slice);
    for (tensor::InsertSliceOp part : llvm::reverse(inner))
      rewriter.moveOpBefore(part, insert);
    return true;
  }

  /// All ops of a kind, those in loops over time among them, in their order. What lies in parallel
  /// loops has been scheduled.
  template <class Op> SmallVector<Op> all() {
    SmallVector<Op> ops;
    getOperation().walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (auto found = dyn_cast<Op>(op))
        ops.push_back(found);
      return isa<scf::ForallOp>(op) ? WalkResult::skip() : WalkResult::advance();
    });
    return ops;
  }

  /// What fuse-rows has put into parallel loops.
  void scheduleInLoops(RewriterBase &rewriter, const Machine &machine) {
    SmallVector<linalg::LinalgOp> ops;
    getOperation().walk([&](linalg::LinalgOp op) {
      if (op->getParentOfType<scf::ForallOp>())
        ops.push_back(op);
    });
    for (linalg::LinalgOp op : llvm::reverse(ops))
      if (op->use_empty())
        rewriter.eraseOp(op);
      else if (Value built = scheduleInnerKernel(rewriter, op, machine))
        rewriter.replaceOp(op, built);
  }

  /// Last ops first: an op whose result has been taken into a later kernel is dead by then.
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<tensor::InsertSliceOp> inserts = all<tensor::InsertSliceOp>();
    llvm::DenseSet<Operation *> nested;
    for (tensor::InsertSliceOp insert : llvm::reverse(inserts)) {
      fillPaddingAlone(rewriter, insert);
      if (nestInPlace(rewriter, insert))
        nested.insert(insert);
    }
    for (tensor::InsertSliceOp insert : inserts)
      if (!nested.contains(insert))
        computeInPlace(rewriter, insert);
    Machine machine{vectorBytes, vectorRegisters, threads, cacheBytes};
    scheduleInLoops(rewriter, machine);
    for (graph::WinogradConvolutionOp convolution : all<graph::WinogradConvolutionOp>())
      scheduleWinograd(rewriter, convolution, machine);
    for (graph::WinogradFilterGradientOp gradient : all<graph::WinogradFilterGradientOp>())
      scheduleWinogradGradient(rewriter, gradient, machine);
    SmallVector<linalg::LinalgOp> ops = all<linalg::LinalgOp>();
    for (linalg::LinalgOp op : llvm::reverse(ops))
      if (op->use_empty())
        rewriter.eraseOp(op);
      else if (Value built = scheduleKernel(rewriter, op, machine))
        rewriter.replaceOp(op, built);
  }
};

} // namespace
} // namespace hornet::lower
