#include "lower/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace hornet::lower {
#define GEN_PASS_DEF_STOREMASKS
#include "lower/Passes.h.inc"

namespace {

/// Whether `op` computes truth values, each by itself, which other such loops read.
bool makesMask(linalg::GenericOp op) {
  if (op.getNumResults() != 1 || op.getNumParallelLoops() != op.getNumLoops() ||
      !op.hasPureTensorSemantics() || !op.getRegionOutputArgs().front().use_empty() ||
      !getElementTypeOrSelf(op.getResult(0).getType()).isInteger(1) ||
      !op.getDpsInits().front().getDefiningOp<tensor::EmptyOp>())
    return false;
  return llvm::all_of(op->getUses(), [](OpOperand &use) {
    auto user = dyn_cast<linalg::GenericOp>(use.getOwner());
    return user && user.isDpsInput(&use);
  });
}

/// The input, now of bytes: true where it is not 0.
void readAsBytes(RewriterBase &b, OpOperand &use) {
  auto user = cast<linalg::GenericOp>(use.getOwner());
  Block &body = *user.getBlock();
  unsigned index = use.getOperandNumber();
  BlockArgument byte = body.insertArgument(index + 1, b.getI8Type(), user.getLoc());
  b.setInsertionPointToStart(&body);
  Value zero = arith::ConstantIntOp::create(b, user.getLoc(), 0, 8);
  Value isTrue = arith::CmpIOp::create(b, user.getLoc(), arith::CmpIPredicate::ne, byte, zero);
  body.getArgument(index).replaceAllUsesWith(isTrue);
  body.eraseArgument(index);
}

void storeAsBytes(RewriterBase &b, linalg::GenericOp op) {
  auto type = cast<RankedTensorType>(op.getResult(0).getType()).clone(b.getI8Type());
  auto empty = op.getDpsInits().front().getDefiningOp<tensor::EmptyOp>();
  b.setInsertionPoint(op);
  Value init = tensor::EmptyOp::create(b, op.getLoc(), type, empty.getDynamicSizes());
  op.getDpsInitOperand(0)->set(init);
  op.getRegionOutputArgs().front().setType(type.getElementType());
  op.getResult(0).setType(type);
  Operation *yield = op.getBlock()->getTerminator();
  b.setInsertionPoint(yield);
  yield->setOperand(
      0, arith::ExtUIOp::create(b, op.getLoc(), type.getElementType(), yield->getOperand(0)));
  for (OpOperand &use : op->getUses())
    readAsBytes(b, use);
}

struct StoreMasks : impl::StoreMasksBase<StoreMasks> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    getOperation().walk([&](linalg::GenericOp op) {
      if (makesMask(op))
        storeAsBytes(rewriter, op);
    });
  }
};

} // namespace
} // namespace hornet::lower
