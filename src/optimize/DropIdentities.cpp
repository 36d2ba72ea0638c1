#include "optimize/Passes.h"

#include "graph/Graph.h"

namespace hornet::optimize {
#define GEN_PASS_DEF_DROPIDENTITIES
#include "optimize/Passes.h.inc"

namespace {
struct DropIdentities : impl::DropIdentitiesBase<DropIdentities> {
  void runOnOperation() override {
    getOperation()->walk([](graph::DropoutOp op) {
      op.replaceAllUsesWith(op.getInput());
      op.erase();
    });
  }
};
} // namespace
} // namespace hornet::optimize
