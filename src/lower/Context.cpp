#include "lower/Context.h"

#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace hornet::lower {

namespace {

/// A descriptor's fields behind the addresses: the offset, the extents, the strides; dynamic where
/// the type leaves them open.
SmallVector<int64_t> fieldsOf(MemRefType type) {
  auto [strides, offset] = type.getStridesAndOffset();
  SmallVector<int64_t> fields = {offset};
  llvm::append_range(fields, type.getShape());
  llvm::append_range(fields, strides);
  return fields;
}

Value cast(OpBuilder &builder, Location loc, Type type, Value value) {
  if (value.getType() == type)
    return value;
  return UnrealizedConversionCastOp::create(builder, loc, type, value).getResult(0);
}

/// The values of the LLVM dialect that stand for `value`.
SmallVector<Value> split(OpBuilder &builder, Location loc, const LLVMTypeConverter &converter,
                         Value value) {
  Value converted = cast(builder, loc, converter.convertType(value.getType()), value);
  auto type = dyn_cast<MemRefType>(value.getType());
  if (!type)
    return {converted};
  SmallVector<Value> fields, open;
  MemRefDescriptor::unpack(builder, loc, converted, type, fields);
  open.push_back(fields[1]);
  for (auto [field, known] : llvm::zip_equal(llvm::drop_begin(fields, 2), fieldsOf(type)))
    if (ShapedType::isDynamic(known))
      open.push_back(field);
  return open;
}

/// Goes through the block, field by field.
class Cursor {
public:
  Cursor(OpBuilder &builder, Location loc, Value block)
      : builder(builder), loc(loc), block(block) {}

  void store(Value value) {
    LLVM::StoreOp::create(builder, loc, value, step(value.getType()), word);
  }

  Value load(Type type) { return LLVM::LoadOp::create(builder, loc, type, step(type), word); }

  int64_t words() const { return next; }

private:
  /// The address of a field of this type; sets `next` behind it.
  Value step(Type type) {
    auto at = static_cast<int32_t>(next);
    auto vector = dyn_cast<VectorType>(type);
    next += vector ? llvm::divideCeil(vector.getNumElements() * vector.getElementTypeBitWidth(),
                                      8 * word)
                   : 1;
    return LLVM::GEPOp::create(builder, loc, block.getType(), builder.getI64Type(), block,
                               LLVM::GEPArg(at));
  }

  static constexpr int64_t word = 8; ///< bytes
  OpBuilder &builder;
  Location loc;
  Value block;
  int64_t next = 0;
};

} // namespace

Value bufferAt(OpBuilder &builder, Location loc, const LLVMTypeConverter &converter,
               MemRefType type, Value address, ValueRange open) {
  SmallVector<Value> fields = {address, address};
  for (int64_t field : fieldsOf(type)) {
    if (ShapedType::isDynamic(field)) {
      fields.push_back(open.front());
      open = open.drop_front();
    } else {
      fields.push_back(LLVM::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(field)));
    }
  }
  return cast(builder, loc, type, MemRefDescriptor::pack(builder, loc, converter, type, fields));
}

Context::Context(Operation *user, const LLVMTypeConverter &converter) : converter(converter) {
  auto function = user->getParentOfType<func::FuncOp>();
  auto start = OpBuilder::atBlockBegin(&function.getBody().front());
  Value one = LLVM::ConstantOp::create(start, function.getLoc(), start.getI64IntegerAttr(1));
  block = LLVM::AllocaOp::create(start, function.getLoc(),
                                 LLVM::LLVMPointerType::get(user->getContext()),
                                 LLVM::LLVMArrayType::get(start.getI64Type(), 0), one);
}

Value Context::store(OpBuilder &builder, Location loc, ValueRange values) {
  Cursor cursor(builder, loc, block);
  for (Value value : values)
    for (Value field : split(builder, loc, converter, value))
      cursor.store(field);
  auto type = llvm::cast<LLVM::LLVMArrayType>(block.getElemType());
  if (static_cast<uint64_t>(cursor.words()) > type.getNumElements())
    block.setElemType(LLVM::LLVMArrayType::get(type.getElementType(), cursor.words()));
  return block;
}

SmallVector<Value> Context::load(OpBuilder &builder, Location loc,
                                 const LLVMTypeConverter &converter, TypeRange types,
                                 Value address) {
  Cursor cursor(builder, loc, address);
  SmallVector<Value> values;
  for (Type type : types) {
    auto buffer = dyn_cast<MemRefType>(type);
    if (!buffer) {
      values.push_back(cast(builder, loc, type, cursor.load(converter.convertType(type))));
      continue;
    }
    Value start = cursor.load(address.getType());
    SmallVector<Value> open;
    for (int64_t field : fieldsOf(buffer))
      if (ShapedType::isDynamic(field))
        open.push_back(cursor.load(builder.getI64Type()));
    values.push_back(bufferAt(builder, loc, converter, buffer, start, open));
  }
  return values;
}

} // namespace hornet::lower
