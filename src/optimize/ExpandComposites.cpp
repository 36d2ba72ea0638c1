#include "optimize/Passes.h"

#include "graph/Arithmetic.h"

namespace hornet::optimize {
#define GEN_PASS_DEF_EXPANDCOMPOSITES
#include "optimize/Passes.h.inc"

namespace {

/// As Keras computes it, and for what it is worth in float32: the shift is one rounding away.
mlir::Value expand(graph::BatchNormOp op) {
  mlir::OpBuilder builder(op);
  mlir::ImplicitLocOpBuilder at(op.getLoc(), builder);
  auto term = [&at](mlir::Value value) { return graph::Term{&at, value}; };
  graph::Term scale =
      term(op.getGamma()) * rsqrt(term(op.getVariance()) + op.getEpsilon().convertToDouble());
  graph::Term shift = term(op.getBeta()) - term(op.getMean()) * scale;
  return (term(op.getInput()) * scale + shift).value;
}

struct ExpandComposites : impl::ExpandCompositesBase<ExpandComposites> {
  void runOnOperation() override {
    getOperation()->walk([](graph::BatchNormOp op) {
      op.replaceAllUsesWith(expand(op));
      op.erase();
    });
  }
};

} // namespace
} // namespace hornet::optimize
