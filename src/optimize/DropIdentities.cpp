#include "optimize/Passes.h"

#include "graph/Graph.h"

using namespace mlir;

namespace hornet::optimize {
#define GEN_PASS_DEF_DROPIDENTITIES
#include "optimize/Passes.h.inc"

namespace {
struct DropIdentities : impl::DropIdentitiesBase<DropIdentities> {
  void runOnOperation() override {
    getOperation()->walk([](Operation *op) {
      if (!isa<graph::DropoutOp, graph::NoiseOp, graph::PenalizeOp, graph::StopGradientOp>(op))
        return;
      op->replaceAllUsesWith(op->getOperands());
      op->erase();
    });
  }
};
} // namespace
} // namespace hornet::optimize
