#include "lower/KernelBuilder.h"
#include "lower/Passes.h"

using namespace mlir;

namespace hornet::lower {
#define GEN_PASS_DEF_SCHEDULEKERNELS
#include "lower/Passes.h.inc"

namespace {

struct ScheduleKernels : impl::ScheduleKernelsBase<ScheduleKernels> {
  using ScheduleKernelsBase::ScheduleKernelsBase;

  /// Last ops first: an op whose result has been taken into a later kernel is dead by then.
  void runOnOperation() override {
    SmallVector<linalg::LinalgOp> ops(getOperation().getBody().getOps<linalg::LinalgOp>());
    IRRewriter rewriter(&getContext());
    Machine machine{vectorBytes, vectorRegisters, threads};
    for (linalg::LinalgOp op : llvm::reverse(ops))
      if (op->use_empty())
        rewriter.eraseOp(op);
      else
        schedule(rewriter, op, machine);
  }

  static void schedule(RewriterBase &rewriter, linalg::LinalgOp op, const Machine &machine) {
    std::optional<Kernel> kernel = kernelEndingIn(op);
    std::optional<Roles> roles = kernel ? rolesOf(*kernel) : std::nullopt;
    if (!roles)
      return;
    Schedule schedule = chooseSchedule(*kernel, *roles, machine);
    rewriter.replaceOp(op, buildKernel(rewriter, *kernel, *roles, schedule));
  }
};

} // namespace
} // namespace hornet::lower
