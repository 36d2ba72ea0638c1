#include "lower/KernelBuilder.h"
#include "lower/Passes.h"
#include "lower/Threads.h"

#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/Dialect/SCF/Transforms/Transforms.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;

namespace hornet::lower {
#define GEN_PASS_DEF_LOWERFORALL
#include "lower/Passes.h.inc"

namespace {

/// Multiply-adds below which other threads cost more than they save: waking them and waiting for
/// them takes some 2 to 5 us, in which a core does several hundred thousand.
constexpr int64_t leastSharedWork = 400'000;

/// Rewrites one loop that threads share.
class SharedLoop {
public:
  SharedLoop(RewriterBase &b, scf::ForallOp forall, int64_t threads)
      : b(b), forall(forall), loc(forall.getLoc()), threads(threads) {}

  /// Calls a function with the steps of the loop in omp.parallel, each thread with its own part; or
  /// with all steps, outside of it: even a parallel region of one thread costs the runtime memory.
  void build() {
    b.setInsertionPoint(forall);
    SmallVector<Value> extents = forall.getUpperBound(b);
    Value total = constant(1);
    for (Value extent : extents)
      total = b.createOrFold<arith::MulIOp>(loc, total, extent);
    func::FuncOp kernel = outline(extents);
    auto choice = scf::IfOp::create(b, loc, isWorthSharing(total), /*withElseRegion=*/true);
    b.setInsertionPointToStart(choice.thenBlock());
    callInParallel(kernel, total);
    b.setInsertionPointToStart(choice.elseBlock());
    call(kernel, constant(0), total);
    b.eraseOp(forall);
  }

private:
  Value constant(int64_t value) { return arith::ConstantIndexOp::create(b, loc, value); }
  Value divide(Value x, Value y) { return arith::DivUIOp::create(b, loc, x, y); }
  Value multiply(Value x, Value y) { return arith::MulIOp::create(b, loc, x, y); }

  /// Whether all steps together are enough work; how many there are may depend on the batch.
  Value isWorthSharing(Value total) {
    int64_t each = forall->getAttrOfType<IntegerAttr>(workAttr).getInt();
    Value least = constant(llvm::divideCeil(leastSharedWork, std::max<int64_t>(each, 1)));
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::uge, total, least);
  }

  /// The part of thread t of n: from total * t / n to total * (t + 1) / n.
  void callInParallel(func::FuncOp kernel, Value total) {
    omp::ParallelOperands clauses;
    clauses.numThreads = arith::ConstantIntOp::create(b, loc, threads, 32);
    auto parallel = omp::ParallelOp::create(b, loc, clauses);
    b.createBlock(&parallel.getRegion());
    Value thread = callOpenMP(b, loc, forall, threadNumber);
    Value count = callOpenMP(b, loc, forall, threadCount);
    Value next = arith::AddIOp::create(b, loc, thread, constant(1));
    call(kernel, divide(multiply(total, thread), count), divide(multiply(total, next), count));
    omp::TerminatorOp::create(b, loc);
  }

  void call(func::FuncOp kernel, Value begin, Value end) {
    SmallVector<Value> arguments = {begin, end};
    llvm::append_range(arguments, captured);
    func::CallOp::create(b, loc, kernel, arguments);
  }

  /// A function (begin, end, what the body uses…) with the loop's body. One loop steps through all
  /// dimensions, the last one fastest.
  func::FuncOp outline(ValueRange extents) {
    auto holder = scf::ExecuteRegionOp::create(b, loc, TypeRange());
    {
      OpBuilder::InsertionGuard guard(b);
      Type index = b.getIndexType();
      Block *block = b.createBlock(&holder.getRegion(), {}, {index, index}, {loc, loc});
      auto part =
          scf::ForOp::create(b, loc, block->getArgument(0), block->getArgument(1), constant(1));
      func::ReturnOp::create(b, loc);
      b.setInsertionPointToStart(part.getBody());
      SmallVector<Value> indices(extents.size());
      Value rest = part.getInductionVar();
      for (size_t i = extents.size(); i-- > 1;) {
        indices[i] = arith::RemUIOp::create(b, loc, rest, extents[i]);
        rest = divide(rest, extents[i]);
      }
      indices[0] = rest;
      b.eraseOp(forall.getTerminator());
      b.inlineBlockBefore(forall.getBody(), part.getBody()->getTerminator(), indices);
    }
    capture(holder.getRegion());
    func::FuncOp kernel = declare(holder.getRegion().getArgumentTypes());
    kernel.getBody().takeBody(holder.getRegion());
    b.eraseOp(holder);
    return kernel;
  }

  /// Constants come along; everything else from outside becomes an argument.
  void capture(Region &region) {
    llvm::SetVector<Value> outside;
    getUsedValuesDefinedAbove(region, outside);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(&region.front());
    for (Value value : outside) {
      Operation *op = value.getDefiningOp();
      Value inside;
      if (op && op->hasTrait<OpTrait::ConstantLike>()) {
        inside = b.clone(*op)->getResult(0);
      } else {
        inside = region.addArgument(value.getType(), loc);
        captured.push_back(value);
      }
      b.replaceUsesWithIf(value, inside, [&](OpOperand &use) {
        return region.isAncestor(use.getOwner()->getParentRegion());
      });
    }
  }

  func::FuncOp declare(TypeRange arguments) {
    auto caller = forall->getParentOfType<func::FuncOp>();
    auto before = OpBuilder(caller);
    auto kernel =
        func::FuncOp::create(before, loc, "kernel", before.getFunctionType(arguments, {}));
    kernel.setPrivate();
    kernel->setAttr("passthrough", before.getStrArrayAttr({"noinline"}));
    SymbolTable(caller->getParentOp()).insert(kernel);
    return kernel;
  }

  RewriterBase &b;
  scf::ForallOp forall;
  Location loc;
  int64_t threads;
  SmallVector<Value> captured;
};

struct LowerForall : impl::LowerForallBase<LowerForall> {
  using LowerForallBase::LowerForallBase;

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<scf::ForallOp> loops; // inner ones first: they are a thread's own
    getOperation().walk([&](scf::ForallOp forall) { loops.push_back(forall); });
    for (scf::ForallOp forall : loops) {
      rewriter.setInsertionPoint(forall);
      if (threads > 1 && forall->hasAttr(workAttr))
        SharedLoop(rewriter, forall, threads).build();
      else if (failed(scf::forallToForLoop(rewriter, forall)))
        return signalPassFailure();
    }
  }
};

} // namespace
} // namespace hornet::lower
