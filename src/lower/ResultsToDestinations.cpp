#include "lower/Passes.h"

using namespace mlir;

namespace hornet::lower {
#define GEN_PASS_DEF_RESULTSTODESTINATIONS
#include "lower/Passes.h.inc"

namespace {

/// What the caller gives is the caller's: bufferization takes arguments for its own otherwise.
void protectArguments(func::FuncOp function) {
  Builder builder(function.getContext());
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    if (isa<TensorType>(function.getArgument(i).getType()))
      function.setArgAttr(i, bufferization::BufferizationDialect::kWritableAttrName,
                          builder.getBoolAttr(false));
}

void rewrite(func::FuncOp function) {
  auto ret = cast<func::ReturnOp>(function.getBody().front().getTerminator());
  OpBuilder builder(ret);
  for (auto [i, result] : llvm::enumerate(ret.getOperands())) {
    auto type = cast<RankedTensorType>(result.getType());
    unsigned index = function.getNumArguments();
    (void)function.insertArgument(index, MemRefType::get(type.getShape(), type.getElementType()),
                                  function.getResultAttrDict(i), result.getLoc());
    auto store = bufferization::MaterializeInDestinationOp::create(
        builder, result.getLoc(), Type(), result, function.getArgument(index));
    store.setRestrict(true);
    store.setWritable(true);
  }
  ret.getOperandsMutable().clear();
  llvm::BitVector all(function.getNumResults(), true);
  (void)function.eraseResults(all);
}

struct ResultsToDestinations : impl::ResultsToDestinationsBase<ResultsToDestinations> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      protectArguments(function);
      rewrite(function);
    }
  }
};

} // namespace
} // namespace hornet::lower
