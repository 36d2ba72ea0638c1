#include "lower/KernelBuilder.h"
#include "lower/Passes.h"

#include "mlir/Dialect/SCF/Transforms/Transforms.h"

using namespace mlir;

namespace hornet::lower {
#define GEN_PASS_DEF_LOWERFORALL
#include "lower/Passes.h.inc"

namespace {

struct LowerForall : impl::LowerForallBase<LowerForall> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    auto lower = [&](scf::ForallOp forall) {
      rewriter.setInsertionPoint(forall);
      return forall->hasAttr(sequentialAttr) ? scf::forallToForLoop(rewriter, forall)
                                             : scf::forallToParallelLoop(rewriter, forall);
    };
    SmallVector<scf::ForallOp> loops;
    getOperation().walk([&](scf::ForallOp forall) { loops.push_back(forall); });
    for (scf::ForallOp forall : loops)
      if (failed(lower(forall)))
        return signalPassFailure();
  }
};

} // namespace
} // namespace hornet::lower
