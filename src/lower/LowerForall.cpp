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

/// A function of the OpenMP runtime, which has one number to tell.
func::FuncOp declare(ModuleOp module, StringRef name) {
  if (auto function = module.lookupSymbol<func::FuncOp>(name))
    return function;
  auto builder = OpBuilder::atBlockBegin(module.getBody());
  auto function = func::FuncOp::create(builder, module.getLoc(), name,
                                       builder.getFunctionType({}, builder.getI32Type()));
  function.setPrivate();
  return function;
}

class ParallelLoop {
public:
  ParallelLoop(RewriterBase &b, scf::ForallOp forall, ModuleOp module)
      : b(b), forall(forall), loc(forall.getLoc()), module(module) {}

  /// omp.parallel { scf.for } with the body of the loop.
  void build(int64_t threads) {
    b.setInsertionPoint(forall);
    lower = forall.getLowerBound(b);
    step = forall.getStep(b);
    Value count = countSteps();
    omp::ParallelOperands region;
    region.ifExpr = isWorthSharing(count);
    region.numThreads = arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(threads));
    auto parallel = omp::ParallelOp::create(b, loc, region);
    b.createBlock(&parallel.getRegion());
    omp::TerminatorOp::create(b, loc);
    b.setInsertionPointToStart(&parallel.getRegion().front());
    moveBody(ownPart(count));
    b.eraseOp(forall);
  }

private:
  Value constant(int64_t value) { return arith::ConstantIndexOp::create(b, loc, value); }
  Value multiply(Value x, Value y) { return b.createOrFold<arith::MulIOp>(loc, x, y); }
  Value divide(Value x, Value y) { return b.createOrFold<arith::DivUIOp>(loc, x, y); }
  Value add(Value x, Value y) { return b.createOrFold<arith::AddIOp>(loc, x, y); }
  Value ask(StringRef function) {
    Value answer = func::CallOp::create(b, loc, declare(module, function), {}).getResult(0);
    return arith::IndexCastOp::create(b, loc, b.getIndexType(), answer);
  }

  /// In all dimensions together; keeps the number of each. How many there are may depend on the
  /// batch.
  Value countSteps() {
    Value total = constant(1);
    for (auto [from, to, by] : llvm::zip_equal(lower, forall.getUpperBound(b), step)) {
      Value extent = b.createOrFold<arith::SubIOp>(loc, to, from);
      Value roundUp = b.createOrFold<arith::SubIOp>(loc, by, constant(1));
      steps.push_back(divide(add(extent, roundUp), by));
      total = multiply(total, steps.back());
    }
    return total;
  }

  /// Whether all steps together are enough work.
  Value isWorthSharing(Value count) {
    int64_t each = forall->getAttrOfType<IntegerAttr>(workAttr).getInt();
    Value least = constant(llvm::divideCeil(leastSharedWork, std::max<int64_t>(each, 1)));
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::uge, count, least);
  }

  /// Thread t of n takes the steps from count * t / n to count * (t + 1) / n.
  scf::ForOp ownPart(Value count) {
    Value thread = ask("omp_get_thread_num"), threads = ask("omp_get_num_threads");
    Value begin = divide(multiply(count, thread), threads);
    Value end = divide(multiply(count, add(thread, constant(1))), threads);
    return scf::ForOp::create(b, loc, begin, end, constant(1));
  }

  /// One loop steps through all dimensions, the last one fastest.
  void moveBody(scf::ForOp part) {
    b.setInsertionPointToStart(part.getBody());
    Value rest = part.getInductionVar();
    SmallVector<Value> ivs(steps.size());
    for (size_t i = steps.size(); i-- > 0;) {
      Value at = i == 0 ? rest : b.createOrFold<arith::RemUIOp>(loc, rest, steps[i]);
      if (i > 0)
        rest = divide(rest, steps[i]);
      ivs[i] = add(lower[i], multiply(at, step[i]));
    }
    b.eraseOp(forall.getTerminator());
    Operation *yield = part.getBody()->getTerminator();
    b.inlineBlockBefore(forall.getBody(), yield, ivs);
  }

  RewriterBase &b;
  scf::ForallOp forall;
  Location loc;
  ModuleOp module;
  SmallVector<Value> lower, step, steps; ///< in each dimension
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
        ParallelLoop(rewriter, forall, getOperation()).build(threads);
      else if (failed(scf::forallToForLoop(rewriter, forall)))
        return signalPassFailure();
    }
  }
};

} // namespace
} // namespace hornet::lower
