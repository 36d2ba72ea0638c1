#include "lower/Passes.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
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

bool sums(Value value) {
  auto op = value.getDefiningOp<linalg::LinalgOp>();
  return op && op.getNumReductionLoops() != 0;
}

/// The elementwise op that makes a loop's state anew of the old one, which nobody reads any more.
linalg::GenericOp updateOf(bufferization::MaterializeInDestinationOp placed) {
  Value state = placed.getDest();
  auto update = placed.getSource().getDefiningOp<linalg::GenericOp>();
  if (!isa<BlockArgument>(state) || !update ||
      update.getNumParallelLoops() != update.getNumLoops() ||
      update->getBlock() != placed->getBlock() || update.getNumDpsInits() != 1 ||
      !update.getDpsInits()[0].getDefiningOp<tensor::EmptyOp>() ||
      llvm::any_of(update.getDpsInputs(), sums) ||
      !llvm::is_contained(update.getDpsInputs(), state))
    return {};
  AffineMap written = update.getIndexingMapsArray().back();
  for (OpOperand *input : update.getDpsInputOperands())
    if (input->get() == state && update.getMatchingIndexingMap(input) != written)
      return {};
  for (Operation *user : state.getUsers()) {
    Operation *at = update->getBlock()->findAncestorOpInBlock(*user);
    if (user != placed && at != update && !at->isBeforeInBlock(update))
      return {};
  }
  return update;
}

/// A state that is updated is written where it is, without a copy of the new one.
void updateInPlace(bufferization::MaterializeInDestinationOp placed) {
  linalg::GenericOp update = updateOf(placed);
  if (!update)
    return;
  Value state = placed.getDest();
  Block &body = *update.getBody();
  BitVector dropped(body.getNumArguments());
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  for (OpOperand *input : update.getDpsInputOperands()) {
    unsigned i = input->getOperandNumber();
    if (input->get() == state) {
      body.getArgument(i).replaceAllUsesWith(body.getArguments().back());
      dropped.set(i);
    } else {
      inputs.push_back(input->get());
      maps.push_back(update.getMatchingIndexingMap(input));
    }
  }
  maps.push_back(update.getIndexingMapsArray().back());
  body.eraseArguments(dropped);
  OpBuilder builder(update);
  auto inPlace = linalg::GenericOp::create(builder, update.getLoc(), state.getType(), inputs, state,
                                           maps, update.getIteratorTypesArray());
  inPlace.getRegion().takeBody(update.getRegion());
  placed.replaceAllUsesWith(inPlace.getResults());
  placed->erase();
  update.replaceAllUsesWith(inPlace.getResults());
  update->erase();
}

struct FuseElementwise : impl::FuseElementwiseBase<FuseElementwise> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    linalg::populateElementwiseOpsFusionPatterns(patterns, pays);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();
    SmallVector<bufferization::MaterializeInDestinationOp> placed;
    getOperation().walk(
        [&](bufferization::MaterializeInDestinationOp op) { placed.push_back(op); });
    llvm::for_each(placed, updateInPlace);
  }
};

} // namespace
} // namespace hornet::lower
