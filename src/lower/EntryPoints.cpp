#include "lower/Passes.h"

#include "base/Abi.h"
#include "lower/Context.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <cstddef>

using namespace mlir;

namespace hornet::lower {
#define GEN_PASS_DEF_ENTRYPOINTS
#include "lower/Passes.h.inc"

namespace {

/// Makes `@hornet_f` of `@f`.
class EntryPoint {
public:
  EntryPoint(func::FuncOp function, const LLVMTypeConverter &converter)
      : function(function), converter(converter),
        builder(OpBuilder::atBlockBegin(&function.getBody().front())), loc(function.getLoc()) {}

  void build() {
    Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
    Block &body = function.getBody().front();
    unsigned count = body.getNumArguments();
    Value call = body.addArgument(pointer, loc);
    Value batch = load(builder.getI64Type(), call, offsetof(HornetCall, batch));
    Value buffers = load(pointer, call, offsetof(HornetCall, buffers));
    for (unsigned i = 0; i < count; ++i) {
      BlockArgument argument = body.getArgument(i);
      if (argument.use_empty())
        continue;
      auto type = cast<MemRefType>(argument.getType());
      SmallVector<Value> open(type.getNumDynamicDims(), batch);
      Value address = load(pointer, buffers, i * sizeof(void *));
      argument.replaceAllUsesWith(bufferAt(builder, loc, converter, type, address, open));
    }
    body.eraseArguments(0, count);
    function.setType(builder.getFunctionType(pointer, {}));
    function.setArgAttrsAttr(nullptr);
    function.setName(("hornet_" + function.getName()).str());
  }

private:
  Value load(Type type, Value base, size_t offset) {
    Value address = LLVM::GEPOp::create(builder, loc, base.getType(), builder.getI8Type(), base,
                                        LLVM::GEPArg(static_cast<int32_t>(offset)));
    return LLVM::LoadOp::create(builder, loc, type, address);
  }

  func::FuncOp function;
  const LLVMTypeConverter &converter;
  OpBuilder builder;
  Location loc;
};

struct EntryPoints : impl::EntryPointsBase<EntryPoints> {
  void runOnOperation() override {
    LLVMTypeConverter converter(&getContext());
    for (auto function : llvm::to_vector(getOperation().getOps<func::FuncOp>()))
      if (!function.isDeclaration())
        EntryPoint(function, converter).build();
  }
};

} // namespace
} // namespace hornet::lower
