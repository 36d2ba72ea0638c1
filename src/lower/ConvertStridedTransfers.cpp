#include "lower/Passes.h"

#include "mlir/Conversion/VectorToSCF/VectorToSCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/PassManager.h"

using namespace mlir;

namespace hornet::lower {
#define GEN_PASS_DEF_CONVERTSTRIDEDTRANSFERS
#include "lower/Passes.h.inc"

namespace {

bool isStrided(VectorTransferOpInterface op) {
  auto type = dyn_cast<MemRefType>(op.getShapedType());
  return type && !type.isLastDimUnitStride();
}

struct ConvertStridedTransfers : impl::ConvertStridedTransfersBase<ConvertStridedTransfers> {
  void runOnOperation() override {
    WalkResult found = getOperation().walk([](VectorTransferOpInterface op) {
      return isStrided(op) ? WalkResult::interrupt() : WalkResult::advance();
    });
    if (!found.wasInterrupted())
      return;
    OpPassManager upstream(func::FuncOp::getOperationName());
    upstream.addPass(createConvertVectorToSCFPass());
    if (failed(runPipeline(upstream, getOperation())))
      signalPassFailure();
  }
};

} // namespace
} // namespace hornet::lower
