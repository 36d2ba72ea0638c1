#include "lower/Passes.h"

#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace hornet::lower {
#define GEN_PASS_DEF_FUSEELEMENTWISE
#include "lower/Passes.h.inc"

namespace {

/// Whether `op` compares what has fewer dimensions than its result (a causal mask compares numbers
/// of steps): to compare again takes less time than to read what it was.
bool comparesVectors(linalg::GenericOp op) {
  auto isSmaller = [&](OpOperand *input) {
    return op.getMatchingIndexingMap(input).getNumResults() < op.getNumLoops();
  };
  constexpr size_t fewOps = 4;
  return op && getElementTypeOrSelf(op.getResult(0).getType()).isInteger(1) &&
         op.getNumLoops() > 1 && op.getBlock()->getOperations().size() <= fewOps &&
         llvm::all_of(op.getDpsInputOperands(), isSmaller);
}

/// `operand` is an input of the consumer; its producer is elementwise.
bool pays(OpOperand *operand) {
  auto consumer = dyn_cast<linalg::GenericOp>(operand->getOwner());
  auto producer = operand->get().getDefiningOp<linalg::GenericOp>();
  return consumer && producer && producer->getBlock() == consumer->getBlock() &&
         consumer.getNumParallelLoops() == consumer.getNumLoops() &&
         (comparesVectors(producer) ||
          (producer->hasOneUse() && consumer.getMatchingIndexingMap(operand).isPermutation()));
}

struct FuseElementwise : impl::FuseElementwiseBase<FuseElementwise> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    linalg::populateElementwiseOpsFusionPatterns(patterns, pays);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace hornet::lower
