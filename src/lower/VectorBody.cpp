#include "lower/VectorBody.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace hornet::lower {

Value vectorizeBody(OpBuilder &builder, Block &body, ValueRange arguments, int64_t width,
                    PlaceOf place) {
  IRMapping mapping, broadcasts;
  mapping.map(body.getArguments(), arguments);
  auto asVector = [&](Value element) -> Value {
    Value value = mapping.lookupOrDefault(element);
    if (!value || isa<VectorType>(value.getType()))
      return value;
    if (Value known = broadcasts.lookupOrNull(value))
      return known;
    Value broadcast = vector::BroadcastOp::create(builder, value.getLoc(),
                                                  VectorType::get(width, value.getType()), value);
    broadcasts.map(value, broadcast);
    return broadcast;
  };
  auto isScalar = [&](Value element) {
    Value value = mapping.lookupOrDefault(element);
    return value && !isa<VectorType>(value.getType());
  };
  for (Operation &op : body.without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(op)) {
      mapping.map(index, place(index.getDim()));
      continue;
    }
    if (llvm::all_of(op.getOperands(), isScalar)) {
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
