#include "lower/KernelBuilder.h"
#include "lower/Passes.h"
#include "lower/Threads.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace hornet::lower {
#define GEN_PASS_DEF_SHAREKERNELS
#include "lower/Passes.h.inc"

namespace {

/// Multiply-adds below which other threads cost more than they save: waking them and waiting for
/// them takes some 2 to 5 us, in which a core does several hundred thousand.
constexpr int64_t leastSharedWork = 400'000;

/// Builds the function (kernel, steps, least steps that are shared, context).
class Share {
public:
  Share(ModuleOp module, FunctionType kernel, int64_t threads)
      : b(OpBuilder::atBlockBegin(module.getBody())), loc(module.getLoc()), threads(threads) {
    Type index = b.getIndexType();
    function = func::FuncOp::create(
        b, loc, "share", b.getFunctionType({kernel, index, index, kernel.getInput(2)}, {}));
    function.setPrivate();
    function->setAttr("passthrough", b.getStrArrayAttr({"noinline"}));
    SymbolTable(module).insert(function);
  }

  /// All of the kernel's steps at once, where they are few: even a parallel region of one thread
  /// costs the runtime memory.
  func::FuncOp build() {
    b.setInsertionPointToStart(function.addEntryBlock());
    Value total = function.getArgument(1), least = function.getArgument(2);
    Value many = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::uge, total, least);
    auto choice = scf::IfOp::create(b, loc, many, /*withElseRegion=*/true);
    func::ReturnOp::create(b, loc);
    b.setInsertionPointToStart(choice.thenBlock());
    callInParallel(total);
    b.setInsertionPointToStart(choice.elseBlock());
    call(arith::ConstantIndexOp::create(b, loc, 0), total);
    return function;
  }

private:
  /// The part of thread t of n: from total * t / n to total * (t + 1) / n.
  void callInParallel(Value total) {
    omp::ParallelOperands clauses;
    clauses.numThreads = arith::ConstantIntOp::create(b, loc, threads, 32);
    auto parallel = omp::ParallelOp::create(b, loc, clauses);
    b.createBlock(&parallel.getRegion());
    Value thread = callOpenMP(b, loc, function, threadNumber);
    Value count = callOpenMP(b, loc, function, threadCount);
    Value one = arith::ConstantIndexOp::create(b, loc, 1);
    auto border = [&](Value part) {
      Value product = arith::MulIOp::create(b, loc, total, part);
      return arith::DivUIOp::create(b, loc, product, count).getResult();
    };
    Value begin = border(thread);
    call(begin, border(arith::AddIOp::create(b, loc, thread, one)));
    omp::TerminatorOp::create(b, loc);
  }

  void call(Value begin, Value end) {
    func::CallIndirectOp::create(b, loc, function.getArgument(0),
                                 ValueRange{begin, end, function.getArgument(3)});
  }

  OpBuilder b;
  Location loc;
  int64_t threads;
  func::FuncOp function;
};

struct ShareKernels : impl::ShareKernelsBase<ShareKernels> {
  using ShareKernelsBase::ShareKernelsBase;

  void runOnOperation() override {
    SmallVector<func::CallOp> calls;
    getOperation().walk([&](func::CallOp call) {
      if (call->hasAttr(workAttr))
        calls.push_back(call);
    });
    func::FuncOp share;
    for (func::CallOp call : calls) {
      if (!share)
        share = Share(getOperation(), call.getCalleeType(), threads).build();
      OpBuilder b(call);
      Location loc = call.getLoc();
      int64_t work = std::max<int64_t>(call->getAttrOfType<IntegerAttr>(workAttr).getInt(), 1);
      Value least = arith::ConstantIndexOp::create(b, loc, llvm::divideCeil(leastSharedWork, work));
      Value kernel = func::ConstantOp::create(b, loc, call.getCalleeType(), call.getCalleeAttr());
      func::CallOp::create(b, loc, share,
                           ValueRange{kernel, call.getOperand(1), least, call.getOperand(2)});
      call.erase();
    }
  }
};

} // namespace
} // namespace hornet::lower
