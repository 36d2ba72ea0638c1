#include "lower/VectorBody.h"

#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace hornet::lower {

Value vectorizeBody(OpBuilder &builder, Block &body, ValueRange arguments, int64_t width) {
  IRMapping mapping;
  mapping.map(body.getArguments(), arguments);
  auto asVector = [&](Value scalar) -> Value {
    Value value = mapping.lookupOrDefault(scalar);
    if (!value || isa<VectorType>(value.getType()))
      return value;
    Value broadcast = vector::BroadcastOp::create(builder, value.getLoc(),
                                                  VectorType::get(width, value.getType()), value);
    mapping.map(scalar, broadcast);
    return broadcast;
  };
  for (Operation &op : body.without_terminator()) {
    if (op.hasTrait<OpTrait::ConstantLike>()) {
      builder.clone(op, mapping);
      continue;
    }
    SmallVector<Value> operands;
    for (Value operand : op.getOperands())
      operands.push_back(asVector(operand));
    SmallVector<Type> types;
    for (Type type : op.getResultTypes())
      types.push_back(VectorType::get(width, type));
    Operation *vectorized = clone(builder, &op, types, operands);
    mapping.map(op.getResults(), vectorized->getResults());
  }
  return asVector(body.getTerminator()->getOperand(0));
}

} // namespace hornet::lower
