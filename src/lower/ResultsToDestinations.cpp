#include "lower/Passes.h"

using namespace mlir;

namespace hornet::lower {
#define GEN_PASS_DEF_RESULTSTODESTINATIONS
#include "lower/Passes.h.inc"

namespace {

/// The empty tensor that parts are inserted into, where `result` is made of them.
Value emptyBelow(Value result) {
  Value base = result;
  while (auto insert = base.getDefiningOp<tensor::InsertSliceOp>())
    base = insert.getDest();
  return base != result && base.getDefiningOp<tensor::EmptyOp>() ? base : Value();
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
    // Upstream's elimination of empty tensors replaces one use; each part has one.
    if (Value empty = emptyBelow(result)) {
      auto first = OpBuilder::atBlockBegin(&function.getBody().front());
      empty.replaceAllUsesWith(bufferization::ToTensorOp::create(
          first, result.getLoc(), type, function.getArgument(index), /*restrict=*/true,
          /*writable=*/true));
    }
    store.setRestrict(true);
    store.setWritable(true);
  }
  ret.getOperandsMutable().clear();
  llvm::BitVector all(function.getNumResults(), true);
  (void)function.eraseResults(all);
}

struct ResultsToDestinations : impl::ResultsToDestinationsBase<ResultsToDestinations> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      rewrite(function);
  }
};

} // namespace
} // namespace hornet::lower
