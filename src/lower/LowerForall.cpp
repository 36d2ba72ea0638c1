#include "lower/KernelBuilder.h"
#include "lower/Passes.h"

#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/Dialect/SCF/Transforms/Transforms.h"

using namespace mlir;

namespace hornet::lower {
#define GEN_PASS_DEF_LOWERFORALL
#include "lower/Passes.h.inc"

namespace {

/// Multiply-adds below which other threads cost more than they save: waking them and waiting for
/// them takes some 2 to 5 us, in which a core does several hundred thousand.
constexpr int64_t leastSharedWork = 400'000;

class ParallelLoop {
public:
  ParallelLoop(RewriterBase &b, scf::ForallOp forall, int64_t threads)
      : b(b), forall(forall), loc(forall.getLoc()), threads(threads) {}

  /// omp.parallel { omp.wsloop { omp.loop_nest } } with the body of the loop.
  void build() {
    b.setInsertionPoint(forall);
    upper = forall.getUpperBound(b);
    omp::LoopNestOperands bounds;
    bounds.collapseNumLoops = b.getI64IntegerAttr(forall.getRank());
    bounds.loopLowerBounds = forall.getLowerBound(b);
    bounds.loopUpperBounds = upper;
    bounds.loopSteps = forall.getStep(b);
    omp::ParallelOperands region;
    region.ifExpr = isWorthSharing();
    region.numThreads = arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(threads));
    auto parallel = omp::ParallelOp::create(b, loc, region);
    b.createBlock(&parallel.getRegion());
    auto shared = omp::WsloopOp::create(b, loc, omp::WsloopOperands());
    omp::TerminatorOp::create(b, loc);
    b.createBlock(&shared.getRegion());
    auto nest = omp::LoopNestOp::create(b, loc, bounds);
    moveBody(nest);
    b.eraseOp(forall);
  }

private:
  /// Whether all steps together are enough work; how many there are may depend on the batch.
  Value isWorthSharing() {
    int64_t each = forall->getAttrOfType<IntegerAttr>(workAttr).getInt();
    Value count = arith::ConstantIndexOp::create(b, loc, 1);
    for (Value extent : upper)
      count = b.createOrFold<arith::MulIOp>(loc, count, extent);
    Value least = arith::ConstantIndexOp::create(
        b, loc, llvm::divideCeil(leastSharedWork, std::max<int64_t>(each, 1)));
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::uge, count, least);
  }

  void moveBody(omp::LoopNestOp nest) {
    Block *block = b.createBlock(&nest.getRegion());
    SmallVector<Value> ivs;
    for (Value iv : forall.getInductionVars())
      ivs.push_back(block->addArgument(iv.getType(), loc));
    Operation *terminator = forall.getTerminator();
    b.eraseOp(terminator);
    b.inlineBlockBefore(forall.getBody(), block, block->end(), ivs);
    b.setInsertionPointToEnd(block);
    omp::YieldOp::create(b, loc);
  }

  RewriterBase &b;
  scf::ForallOp forall;
  Location loc;
  int64_t threads;
  SmallVector<Value> upper;
};

struct LowerForall : impl::LowerForallBase<LowerForall> {
  using LowerForallBase::LowerForallBase;

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<scf::ForallOp> loops;
    getOperation().walk([&](scf::ForallOp forall) { loops.push_back(forall); });
    for (scf::ForallOp forall : loops) {
      rewriter.setInsertionPoint(forall);
      if (threads > 1 && forall->hasAttr(workAttr))
        ParallelLoop(rewriter, forall, threads).build();
      else if (failed(scf::forallToForLoop(rewriter, forall)))
        return signalPassFailure();
    }
  }
};

} // namespace
} // namespace hornet::lower
