#include "lower/Passes.h"

#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace hornet::lower {
#define GEN_PASS_DEF_EXPANDMATH
#include "lower/Passes.h.inc"

namespace {

struct ExpandMath : impl::ExpandMathBase<ExpandMath> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateMathPolynomialApproximationPatterns(patterns);
    SmallVector<Operation *> onVectors;
    getOperation().walk([&](Operation *op) {
      if (isa<math::MathDialect>(op->getDialect()) && isa<VectorType>(op->getResult(0).getType()))
        onVectors.push_back(op);
    });
    if (failed(applyOpPatternsGreedily(onVectors, std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace hornet::lower
