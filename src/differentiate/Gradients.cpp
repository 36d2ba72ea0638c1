#include "differentiate/Gradients.h"

using namespace mlir;

#include "differentiate/Differentiable.cpp.inc"

namespace hornet::differentiate {

Term zerosLike(Term like) { return broadcastTo(like.scalar(0), like); }

Term sumTo(Term x, RankedTensorType type) {
  RankedTensorType from = x.type();
  if (from == type)
    return x;
  SmallVector<int64_t> repeated;
  int64_t leading = from.getRank() - type.getRank();
  for (int64_t i = 0; i < from.getRank(); ++i)
    if (i < leading || (type.getDimSize(i - leading) == 1 && from.getDimSize(i) != 1))
      repeated.push_back(i);
  Term sum{x.builder, graph::ReduceSumOp::create(*x.builder, x.value, repeated)};
  return reshape(sum, type.getShape());
}

void Gradients::add(Value value, Term gradient) {
  if (!isNeeded(value))
    return;
  gradient = sumTo(gradient, cast<RankedTensorType>(value.getType()));
  Value &sum = sums[value];
  sum = sum ? (term(sum) + gradient).value : gradient.value;
}

void Gradients::findNeeded(Value loss, ValueRange variables) {
  needed.insert(variables.begin(), variables.end());
  for (Operation &op : *loss.getParentBlock()) {
    if (llvm::any_of(op.getOperands(), [&](Value operand) { return needed.contains(operand); }))
      needed.insert(op.result_begin(), op.result_end());
    if (&op == loss.getDefiningOp())
      return;
  }
}

LogicalResult Gradients::goBack(Operation &op) {
  if (llvm::none_of(op.getResults(),
                    [&](Value result) { return sums.contains(result) && isNeeded(result); }))
    return success();
  auto differentiable = dyn_cast<Differentiable>(op);
  if (!differentiable)
    return op.emitError() << "'" << op.getName() << "' has no gradient";
  builder.setLoc(op.getLoc());
  differentiable.differentiate(*this);
  return success();
}

FailureOr<SmallVector<Value>> Gradients::of(Value loss, ValueRange variables, OpBuilder &builder) {
  Gradients gradients(builder, loss.getLoc());
  gradients.findNeeded(loss, variables);
  gradients.sums[loss] = gradients.term(loss).scalar(1).value;
  // The ops that are appended on the way come after the loss.
  auto &ops = loss.getParentBlock()->getOperations();
  auto last = loss.getDefiningOp()->getIterator();
  for (auto op = std::next(last); op != ops.begin();)
    if (failed(gradients.goBack(*--op)))
      return failure();
  SmallVector<Value> results;
  for (Value variable : variables) {
    Value sum = gradients.sums.lookup(variable);
    results.push_back(sum ? sum : zerosLike(gradients.term(variable)).value);
  }
  builder.restoreInsertionPoint(gradients.builder.saveInsertionPoint());
  return results;
}

} // namespace hornet::differentiate
