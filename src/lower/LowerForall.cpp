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
  ParallelLoop(RewriterBase &b, scf::ForallOp forall, ModuleOp module, size_t number)
      : b(b), forall(forall), loc(forall.getLoc()), module(module), number(number) {}

  /// The body becomes a function of a range of steps: equal ones can then be merged. Threads call
  /// it with a part each if there is enough work; else one call does it all, without the OpenMP
  /// runtime.
  void build(int64_t threads) {
    b.setInsertionPoint(forall);
    lower = forall.getLowerBound(b);
    step = forall.getStep(b);
    Value count = countSteps(), zero = constant(0);
    func::FuncOp body = outline();
    if (threads > 1)
      choose(body, zero, count, threads);
    else
      call(body, zero, count);
    b.eraseOp(forall);
  }

private:
  void choose(func::FuncOp body, Value zero, Value count, int64_t threads) {
    auto choice = scf::IfOp::create(b, loc, isWorthSharing(count), /*withElseRegion=*/true);
    b.setInsertionPointToStart(choice.elseBlock());
    call(body, zero, count);
    b.setInsertionPointToStart(choice.thenBlock());
    omp::ParallelOperands region;
    region.numThreads = arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(threads));
    auto parallel = omp::ParallelOp::create(b, loc, region);
    b.createBlock(&parallel.getRegion());
    callWithOwnPart(body, count);
    omp::TerminatorOp::create(b, loc);
  }

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

  void call(func::FuncOp body, Value begin, Value end) {
    SmallVector<Value> arguments = {begin, end};
    llvm::append_range(arguments, captured);
    func::CallOp::create(b, loc, body, arguments);
  }

  /// Thread t of n takes the steps from count * t / n to count * (t + 1) / n.
  void callWithOwnPart(func::FuncOp body, Value count) {
    Value thread = ask("omp_get_thread_num"), threads = ask("omp_get_num_threads");
    Value begin = divide(multiply(count, thread), threads);
    Value end = divide(multiply(count, add(thread, constant(1))), threads);
    call(body, begin, end);
  }

  /// A function of the first step, the one behind the last, and what the body uses.
  func::FuncOp outline() {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToEnd(module.getBody());
    SmallVector<Type> types(2, b.getIndexType());
    auto function = func::FuncOp::create(b, loc, "loop_" + std::to_string(number),
                                         b.getFunctionType(types, {}));
    function.setPrivate();
    Block *entry = function.addEntryBlock();
    b.setInsertionPointToStart(entry);
    auto part =
        scf::ForOp::create(b, loc, entry->getArgument(0), entry->getArgument(1), constant(1));
    func::ReturnOp::create(b, loc);
    moveBody(part);
    capture(function, part);
    return function;
  }

  /// What comes from outside becomes an argument; constants are made anew.
  void capture(func::FuncOp function, scf::ForOp part) {
    llvm::SetVector<Value> outside;
    part.getBody()->walk([&](Operation *op) {
      for (Value operand : op->getOperands())
        if (!part.getRegion().isAncestor(operand.getParentRegion()))
          outside.insert(operand);
    });
    b.setInsertionPointToStart(&function.getBody().front());
    for (Value value : outside) {
      Value inside;
      Operation *definition = value.getDefiningOp();
      if (definition && definition->hasTrait<OpTrait::ConstantLike>()) {
        inside = b.clone(*definition)->getResult(0);
      } else {
        (void)function.insertArgument(function.getNumArguments(), value.getType(), {}, loc);
        inside = function.getArguments().back();
        captured.push_back(value);
      }
      value.replaceUsesWithIf(
          inside, [&](OpOperand &use) { return part->isProperAncestor(use.getOwner()); });
    }
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
  size_t number;                         ///< of the loop in the module
  SmallVector<Value> lower, step, steps; ///< in each dimension
  SmallVector<Value> captured;           ///< arguments of the function, after the range
};

struct LowerForall : impl::LowerForallBase<LowerForall> {
  using LowerForallBase::LowerForallBase;

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<scf::ForallOp> loops;
    getOperation().walk([&](scf::ForallOp forall) { loops.push_back(forall); });
    for (auto [i, forall] : llvm::enumerate(loops)) {
      rewriter.setInsertionPoint(forall);
      if (forall->hasAttr(workAttr))
        ParallelLoop(rewriter, forall, getOperation(), i).build(threads);
      else if (failed(scf::forallToForLoop(rewriter, forall)))
        return signalPassFailure();
    }
  }
};

} // namespace
} // namespace hornet::lower
