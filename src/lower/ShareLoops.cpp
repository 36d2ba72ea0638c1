#include "lower/Passes.h"

#include "mlir/Dialect/OpenMP/OpenMPDialect.h"

using namespace mlir;

namespace hornet::lower {
#define GEN_PASS_DEF_SHARELOOPS
#include "lower/Passes.h.inc"

namespace {

/// Rewrites one parallel loop.
class Sharing {
public:
  Sharing(scf::ParallelOp loop, func::FuncOp threadNumber, func::FuncOp threadCount)
      : loop(loop), threadNumber(threadNumber), threadCount(threadCount), builder(loop),
        loc(loop.getLoc()) {}

  void run(int64_t threads) {
    Value total = countSteps();
    omp::ParallelOperands clauses;
    clauses.numThreads = arith::ConstantIntOp::create(builder, loc, threads, 32);
    auto region = omp::ParallelOp::create(builder, loc, clauses);
    builder.createBlock(&region.getRegion());
    omp::TerminatorOp::create(builder, loc);
    builder.setInsertionPointToStart(&region.getRegion().front());

    // The part of thread t of n: from total * t / n to total * (t + 1) / n.
    Value number = call(threadNumber), count = call(threadCount);
    Value begin = divide(multiply(total, number), count);
    Value next = arith::AddIOp::create(builder, loc, number, constant(1));
    Value end = divide(multiply(total, next), count);
    auto part = scf::ForOp::create(builder, loc, begin, end, constant(1));
    moveBody(part);
    loop.erase();
  }

private:
  Value constant(int64_t value) { return arith::ConstantIndexOp::create(builder, loc, value); }
  Value multiply(Value a, Value b) { return arith::MulIOp::create(builder, loc, a, b); }
  Value divide(Value a, Value b) { return arith::DivUIOp::create(builder, loc, a, b); }
  Value call(func::FuncOp function) {
    Value result = func::CallOp::create(builder, loc, function, ValueRange()).getResult(0);
    return arith::IndexCastOp::create(builder, loc, builder.getIndexType(), result);
  }

  /// Over all dimensions; keeps the number of each.
  Value countSteps() {
    Value total = constant(1);
    for (auto [lower, upper, step] :
         llvm::zip(loop.getLowerBound(), loop.getUpperBound(), loop.getStep())) {
      Value extent = arith::SubIOp::create(builder, loc, upper, lower);
      Value roundUp = arith::SubIOp::create(builder, loc, step, constant(1));
      steps.push_back(divide(arith::AddIOp::create(builder, loc, extent, roundUp), step));
      total = multiply(total, steps.back());
    }
    return total;
  }

  /// One loop steps through all dimensions, the last one fastest.
  void moveBody(scf::ForOp part) {
    builder.setInsertionPointToStart(part.getBody());
    Value rest = part.getInductionVar();
    SmallVector<Value> indices(steps.size());
    for (size_t i = steps.size(); i-- > 0;) {
      Value at = rest;
      if (i > 0) {
        at = arith::RemUIOp::create(builder, loc, rest, steps[i]);
        rest = divide(rest, steps[i]);
      }
      indices[i] = arith::AddIOp::create(builder, loc, loop.getLowerBound()[i],
                                         multiply(at, loop.getStep()[i]));
    }
    for (auto [old, index] : llvm::zip(loop.getInductionVars(), indices))
      old.replaceAllUsesWith(index);
    loop.getBody()->getTerminator()->erase();
    auto &operations = part.getBody()->getOperations();
    operations.splice(part.getBody()->getTerminator()->getIterator(),
                      loop.getBody()->getOperations());
  }

  scf::ParallelOp loop;
  func::FuncOp threadNumber, threadCount;
  OpBuilder builder;
  Location loc;
  SmallVector<Value> steps; ///< in each dimension
};

/// A function of the OpenMP runtime.
func::FuncOp declare(ModuleOp module, StringRef name) {
  if (auto function = module.lookupSymbol<func::FuncOp>(name))
    return function;
  auto builder = OpBuilder::atBlockBegin(module.getBody());
  auto function = func::FuncOp::create(builder, module.getLoc(), name,
                                       builder.getFunctionType({}, builder.getI32Type()));
  function.setPrivate();
  return function;
}

struct ShareLoops : impl::ShareLoopsBase<ShareLoops> {
  using ShareLoopsBase::ShareLoopsBase;
  void runOnOperation() override {
    SmallVector<scf::ParallelOp> loops;
    getOperation().walk<WalkOrder::PreOrder>([&](scf::ParallelOp loop) {
      loops.push_back(loop);
      return WalkResult::skip(); // what is inside one is a thread's own
    });
    if (loops.empty())
      return;
    auto number = declare(getOperation(), "omp_get_thread_num");
    auto count = declare(getOperation(), "omp_get_num_threads");
    for (scf::ParallelOp loop : loops)
      Sharing(loop, number, count).run(threads);
  }
};

} // namespace
} // namespace hornet::lower
