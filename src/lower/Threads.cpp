#include "lower/Threads.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace hornet::lower {

Value callOpenMP(OpBuilder &builder, Location loc, Operation *user, StringRef function) {
  auto module = user->getParentOfType<ModuleOp>();
  auto declared = module.lookupSymbol<func::FuncOp>(function);
  if (!declared) {
    auto start = OpBuilder::atBlockBegin(module.getBody());
    declared = func::FuncOp::create(start, module.getLoc(), function,
                                    start.getFunctionType({}, start.getI32Type()));
    declared.setPrivate();
  }
  Value result = func::CallOp::create(builder, loc, declared, ValueRange()).getResult(0);
  return arith::IndexCastOp::create(builder, loc, builder.getIndexType(), result);
}

} // namespace hornet::lower
