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

void Gradients::replace(Operation *op, ValueRange by) {
  op->replaceAllUsesWith(by);
  replaced.push_back(op);
}

llvm::DenseSet<Value> Gradients::dependents(Operation *last, ValueRange variables) {
  llvm::DenseSet<Value> dependents(variables.begin(), variables.end());
  for (Operation &op : *last->getBlock()) {
    auto depends = [&](Value operand) { return dependents.contains(operand); };
    if (llvm::any_of(op.getOperands(), depends))
      dependents.insert(op.result_begin(), op.result_end());
    if (&op == last)
      break;
  }
  return dependents;
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
  return success(!hasFailed);
}

FailureOr<SmallVector<Value>> Gradients::of(ArrayRef<std::pair<Value, Value>> known,
                                            Operation *last, ValueRange variables,
                                            OpBuilder &builder) {
  Gradients gradients(builder, last->getLoc());
  gradients.needed = dependents(last, variables);
  for (auto [value, gradient] : known)
    gradients.add(value, gradients.term(gradient));
  LogicalResult result = success();
  // Ops that are appended or replaced on the way are not seen.
  for (Operation *op = last, *before; op && succeeded(result); op = before) {
    before = op->getPrevNode();
    result = gradients.goBack(*op);
  }
  for (Operation *op : gradients.replaced)
    op->erase();
  if (failed(result))
    return failure();
  builder.restoreInsertionPoint(gradients.builder.saveInsertionPoint());
  return llvm::map_to_vector(variables, [&](Value v) { return gradients.sums.lookup(v); });
}

FailureOr<SmallVector<Value>> Gradients::of(Value loss, ValueRange variables, OpBuilder &builder) {
  ImplicitLocOpBuilder b(loss.getLoc(), builder);
  Value one = Term{&b, loss}.scalar(1).value;
  auto gradients = of({{loss, one}}, loss.getDefiningOp(), variables, b);
  if (failed(gradients))
    return failure();
  for (auto [gradient, variable] : llvm::zip_equal(*gradients, variables))
    if (!gradient)
      gradient = zerosLike({&b, variable}).value;
  builder.restoreInsertionPoint(b.saveInsertionPoint());
  return gradients;
}

} // namespace hornet::differentiate
