#include "lower/Passes.h"

using namespace mlir;

namespace hornet::lower {
#define GEN_PASS_DEF_EXPANDCOPIES
#include "lower/Passes.h.inc"

namespace {

struct ExpandCopies : impl::ExpandCopiesBase<ExpandCopies> {
  void runOnOperation() override {
    getOperation().walk([](memref::CopyOp copy) {
      OpBuilder builder(copy);
      linalg::CopyOp::create(builder, copy.getLoc(), copy.getSource(), copy.getTarget());
      copy.erase();
    });
  }
};

} // namespace
} // namespace hornet::lower
