#include "lower/KernelBuilder.h"
#include "lower/Passes.h"
#include "lower/Structured.h"
#include "lower/Winograd.h"

#include "mlir/Dialect/Linalg/Transforms/Transforms.h"

using namespace mlir;

namespace hornet::lower {
#define GEN_PASS_DEF_SCHEDULEKERNELS
#include "lower/Passes.h.inc"

namespace {

struct ScheduleKernels : impl::ScheduleKernelsBase<ScheduleKernels> {
  using ScheduleKernelsBase::ScheduleKernelsBase;

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
    if (auto fused = linalg::fuseElementwiseOps(rewriter, source); succeeded(fused))
      rewriter.replaceOp(copy.getDefiningOp(), fused->fusedOp->getResults().take_back());
  }

  /// Last ops first: an op whose result has been taken into a later kernel is dead by then.
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<tensor::InsertSliceOp> inserts(
        getOperation().getBody().getOps<tensor::InsertSliceOp>());
    for (tensor::InsertSliceOp insert : inserts)
      computeInPlace(rewriter, insert);
    Machine machine{vectorBytes, vectorRegisters, threads};
    SmallVector<graph::WinogradConvolutionOp> convolutions(
        getOperation().getBody().getOps<graph::WinogradConvolutionOp>());
    for (graph::WinogradConvolutionOp convolution : convolutions)
      scheduleWinograd(rewriter, convolution, machine);
    SmallVector<linalg::LinalgOp> ops(getOperation().getBody().getOps<linalg::LinalgOp>());
    for (linalg::LinalgOp op : llvm::reverse(ops))
      if (op->use_empty())
        rewriter.eraseOp(op);
      else if (Value built = scheduleKernel(rewriter, op, machine))
        rewriter.replaceOp(op, built);
  }
};

} // namespace
} // namespace hornet::lower
