#include "lower/Context.h"
#include "lower/KernelBuilder.h"
#include "lower/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/Transforms/Transforms.h"
#include "mlir/Transforms/RegionUtils.h"

#include <map>

using namespace mlir;

namespace hornet::lower {
#define GEN_PASS_DEF_LOWERFORALL
#include "lower/Passes.h.inc"

namespace {

/// Makes a function of one loop that threads may share.
class SharedLoop {
public:
  SharedLoop(RewriterBase &b, scf::ForallOp forall, Context &context,
             const LLVMTypeConverter &converter)
      : b(b), forall(forall), loc(forall.getLoc()), context(context), converter(converter) {}

  void build() {
    b.setInsertionPoint(forall);
    SmallVector<Value> extents = forall.getUpperBound(b);
    Value first = constant(0), total = constant(1);
    for (Value extent : extents)
      total = b.createOrFold<arith::MulIOp>(loc, total, extent);
    Attribute work = forall->getAttr(workAttr);
    func::FuncOp kernel = outline(extents);
    Value given = context.store(b, loc, captured);
    auto call = func::CallOp::create(b, loc, kernel, ValueRange{first, total, given});
    call->setAttr(workAttr, work);
    b.eraseOp(forall);
  }

private:
  Value constant(int64_t value) { return arith::ConstantIndexOp::create(b, loc, value); }

  /// A function (begin, end, context) with the loop's body. One loop steps through all dimensions,
  /// the last one fastest.
  func::FuncOp outline(ValueRange extents) {
    func::FuncOp kernel = declare();
    OpBuilder::InsertionGuard guard(b);
    Block *entry = kernel.addEntryBlock();
    b.setInsertionPointToStart(entry);
    auto part =
        scf::ForOp::create(b, loc, entry->getArgument(0), entry->getArgument(1), constant(1));
    func::ReturnOp::create(b, loc);
    b.setInsertionPointToStart(part.getBody());
    SmallVector<Value> indices(extents.size());
    Value rest = part.getInductionVar();
    for (size_t i = extents.size(); i-- > 1;) {
      indices[i] = arith::RemUIOp::create(b, loc, rest, extents[i]);
      rest = arith::DivUIOp::create(b, loc, rest, extents[i]);
    }
    indices[0] = rest;
    b.eraseOp(forall.getTerminator());
    b.inlineBlockBefore(forall.getBody(), part.getBody()->getTerminator(), indices);
    capture(kernel.getBody());
    return kernel;
  }

  /// Constants come along; everything else from outside is read from the context.
  void capture(Region &region) {
    llvm::SetVector<Value> outside;
    region.walk([&](Operation *op) {
      for (Value operand : op->getOperands())
        if (!region.isAncestor(operand.getParentRegion()))
          outside.insert(operand);
    });
    b.setInsertionPointToStart(&region.front());
    IRMapping inside;
    for (Value value : outside) {
      Operation *op = value.getDefiningOp();
      if (op && op->hasTrait<OpTrait::ConstantLike>())
        inside.map(value, b.clone(*op)->getResult(0));
      else
        captured.push_back(value);
    }
    inside.map(captured, Context::load(b, loc, converter, ValueRange(captured).getTypes(),
                                       region.getArgument(2)));
    region.walk([&](Operation *op) {
      for (OpOperand &operand : op->getOpOperands())
        if (Value own = inside.lookupOrNull(operand.get()))
          operand.set(own);
    });
  }

  func::FuncOp declare() {
    auto caller = forall->getParentOfType<func::FuncOp>();
    OpBuilder before(caller);
    Type index = before.getIndexType();
    Type pointer = LLVM::LLVMPointerType::get(before.getContext());
    auto kernel = func::FuncOp::create(before, loc, "kernel",
                                       before.getFunctionType({index, index, pointer}, {}));
    kernel.setPrivate();
    kernel->setAttr("passthrough", before.getStrArrayAttr({"noinline"}));
    SymbolTable(caller->getParentOp()).insert(kernel);
    return kernel;
  }

  RewriterBase &b;
  scf::ForallOp forall;
  Location loc;
  Context &context;
  const LLVMTypeConverter &converter;
  SmallVector<Value> captured;
};

struct LowerForall : impl::LowerForallBase<LowerForall> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    LLVMTypeConverter converter(&getContext());
    SmallVector<scf::ForallOp> loops; // inner ones first: they are a thread's own
    getOperation().walk([&](scf::ForallOp forall) { loops.push_back(forall); });
    std::map<Operation *, Context> contexts;
    for (scf::ForallOp forall : loops) {
      rewriter.setInsertionPoint(forall);
      if (forall->hasAttr(workAttr)) {
        Context &context =
            contexts.try_emplace(forall->getParentOfType<func::FuncOp>(), forall, converter)
                .first->second;
        SharedLoop(rewriter, forall, context, converter).build();
      } else if (failed(scf::forallToForLoop(rewriter, forall))) {
        return signalPassFailure();
      }
    }
  }
};

} // namespace
} // namespace hornet::lower
