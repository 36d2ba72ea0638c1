#include "lower/VectorBody.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace hornet::lower {

static Value sideBySide(OpBuilder &builder, Value first, int64_t width) {
  Location loc = first.getLoc();
  auto type = VectorType::get(width, builder.getIndexType());
  Value all = vector::BroadcastOp::create(builder, loc, type, first);
  return arith::AddIOp::create(builder, loc, all, vector::StepOp::create(builder, loc, type));
}

/// `width` elements of `tensor` from `at` on.
static Value readRow(OpBuilder &builder, Value tensor, ValueRange at, int64_t width) {
  Location loc = tensor.getLoc();
  auto type = VectorType::get(width, getElementTypeOrSelf(tensor.getType()));
  Value padding =
      arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type.getElementType()));
  return vector::TransferReadOp::create(builder, loc, type, tensor, at, padding,
                                        ArrayRef<bool>{true});
}

/// The operands of the vectors' element `i`; scalars are those of every element.
static SmallVector<Value> elementsAt(OpBuilder &builder, Location loc, ValueRange operands,
                                     int64_t i) {
  return llvm::map_to_vector(operands, [&](Value operand) {
    return isa<VectorType>(operand.getType())
               ? vector::ExtractOp::create(builder, loc, operand, i).getResult()
               : operand;
  });
}

/// What `make` builds of each element's operands.
static Value forEach(OpBuilder &builder, Location loc, Type type, ValueRange operands,
                     int64_t width, llvm::function_ref<Value(ValueRange)> make) {
  SmallVector<Value> elements;
  for (int64_t i = 0; i < width; ++i)
    elements.push_back(make(elementsAt(builder, loc, operands, i)));
  return vector::FromElementsOp::create(builder, loc, VectorType::get(width, type), elements);
}

/// An element of `tensor` for each element of the indices, which are vectors or scalars.
static Value readEach(OpBuilder &builder, Value tensor, ValueRange at, int64_t width) {
  Location loc = tensor.getLoc();
  Type type = getElementTypeOrSelf(tensor.getType());
  return forEach(builder, loc, type, at, width, [&](ValueRange indices) {
    return tensor::ExtractOp::create(builder, loc, tensor, indices).getResult();
  });
}

/// An address for each element: affine.apply takes no vectors.
static Value applyEach(OpBuilder &builder, affine::AffineApplyOp apply, ValueRange operands,
                       int64_t width) {
  Location loc = apply.getLoc();
  return forEach(builder, loc, builder.getIndexType(), operands, width, [&](ValueRange at) {
    return affine::AffineApplyOp::create(builder, loc, apply.getAffineMap(), at).getResult();
  });
}

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
  llvm::DenseMap<Value, Value> firsts; ///< of indices along the vector
  for (Operation &op : body.without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(op)) {
      Place at = place(index.getDim());
      mapping.map(index, at.isAlongVector ? sideBySide(builder, at.first, width) : at.first);
      if (at.isAlongVector)
        firsts[index] = at.first;
      continue;
    }
    if (llvm::all_of(op.getOperands(), isScalar)) {
      builder.clone(op, mapping);
      continue;
    }
    if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
      ValueRange indices = extract.getIndices();
      Value first = firsts.lookup(indices.back());
      bool isRow = first && llvm::all_of(indices.drop_back(), isScalar);
      SmallVector<Value> at;
      for (Value index : indices)
        at.push_back(mapping.lookupOrDefault(index));
      if (isRow)
        at.back() = first;
      Value tensor = mapping.lookupOrDefault(extract.getTensor());
      mapping.map(extract, isRow ? readRow(builder, tensor, at, width)
                                 : readEach(builder, tensor, at, width));
      continue;
    }
    if (auto apply = dyn_cast<affine::AffineApplyOp>(op)) {
      auto mapped = llvm::map_to_vector(
          op.getOperands(), [&](Value operand) { return mapping.lookupOrDefault(operand); });
      mapping.map(apply, applyEach(builder, apply, mapped, width));
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
