#include "lower/Passes.h"

#include "base/Abi.h"

#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"

#include <cstddef>

using namespace mlir;

namespace hornet::lower {
#define GEN_PASS_DEF_ENTRYPOINTS
#include "lower/Passes.h.inc"

namespace {

/// Builds `@hornet_f` for `@f`.
class EntryPoint {
public:
  EntryPoint(func::FuncOp function, const LLVMTypeConverter &converter)
      : function(function), converter(converter), builder(function), loc(function.getLoc()) {}

  void build() {
    Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
    auto entry = func::FuncOp::create(builder, loc, ("hornet_" + function.getName()).str(),
                                      builder.getFunctionType(pointer, {}));
    function.setPrivate();
    builder.setInsertionPointToStart(entry.addEntryBlock());
    Value call = entry.getArgument(0);
    batch = load(builder.getI64Type(), call, offsetof(HornetCall, batch));
    Value buffers = load(pointer, call, offsetof(HornetCall, buffers));
    SmallVector<Value> arguments;
    for (auto [i, type] : llvm::enumerate(function.getArgumentTypes()))
      arguments.push_back(
          descriptor(cast<MemRefType>(type), load(pointer, buffers, i * sizeof(void *))));
    func::CallOp::create(builder, loc, function, arguments);
    func::ReturnOp::create(builder, loc);
  }

private:
  Value load(Type type, Value base, size_t offset) {
    Value address = LLVM::GEPOp::create(builder, loc, base.getType(), builder.getI8Type(), base,
                                        LLVM::GEPArg(static_cast<int32_t>(offset)));
    return LLVM::LoadOp::create(builder, loc, type, address);
  }

  Value constant(int64_t value) {
    return LLVM::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(value));
  }

  /// A dense row-major memref at `address`; a dynamic extent is the batch.
  Value descriptor(MemRefType type, Value address) {
    SmallVector<Value> fields = {address, address, constant(0)};
    SmallVector<int64_t> strides(type.getRank(), 1);
    for (int64_t extent : type.getShape())
      fields.push_back(ShapedType::isDynamic(extent) ? batch : constant(extent));
    for (int64_t i = type.getRank() - 2; i >= 0; --i)
      strides[i] = strides[i + 1] * type.getDimSize(i + 1);
    for (int64_t stride : strides)
      fields.push_back(constant(stride));
    Value packed = MemRefDescriptor::pack(builder, loc, converter, type, fields);
    return UnrealizedConversionCastOp::create(builder, loc, type, packed).getResult(0);
  }

  func::FuncOp function;
  const LLVMTypeConverter &converter;
  OpBuilder builder;
  Location loc;
  Value batch;
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
