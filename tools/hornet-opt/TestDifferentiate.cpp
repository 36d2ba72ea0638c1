#include "TestDifferentiate.h"

#include "differentiate/Gradients.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

using namespace mlir;

namespace hornet {
namespace {

struct TestDifferentiate : PassWrapper<TestDifferentiate, OperationPass<func::FuncOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(TestDifferentiate)
  StringRef getArgument() const override { return "test-differentiate"; }
  StringRef getDescription() const override {
    return "Return the gradients of the first result's sum to the arguments";
  }

  void runOnOperation() override {
    Block &body = getOperation().front();
    Operation *end = body.getTerminator();
    ImplicitLocOpBuilder builder(getOperation().getLoc(), end);
    Value y = end->getOperand(0);
    auto all = llvm::to_vector(llvm::seq<int64_t>(cast<RankedTensorType>(y.getType()).getRank()));
    Value loss = graph::ReduceSumOp::create(builder, y, all);
    auto gradients = differentiate::Gradients::of(loss, body.getArguments(), builder);
    if (failed(gradients))
      return signalPassFailure();
    end->setOperands(*gradients);
    getOperation().setType(
        builder.getFunctionType(body.getArgumentTypes(), ValueRange(*gradients).getTypes()));
  }
};

} // namespace

void registerTestDifferentiate() { PassRegistration<TestDifferentiate>(); }

} // namespace hornet
