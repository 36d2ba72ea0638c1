#include "test/differentiate/Functions.h"

#include "differentiate/Gradients.h"

#include "mlir/IR/Verifier.h"

#include <algorithm>
#include <random>

using namespace mlir;

namespace hornet::test {

func::FuncOp functionOf(ModuleOp module) { return *module.getOps<func::FuncOp>().begin(); }

LogicalResult addGradients(func::FuncOp function) {
  Block &body = function.front();
  Operation *end = body.getTerminator();
  SmallVector<Value> variables(body.getArguments());
  ImplicitLocOpBuilder builder(function.getLoc(), end);
  graph::Term y{&builder, end->getOperand(0)};
  graph::Term weighted = y * graph::Term{&builder, body.addArgument(y.type(), builder.getLoc())};
  auto all = llvm::to_vector(llvm::seq<int64_t>(y.type().getRank()));
  Value loss = graph::ReduceSumOp::create(builder, weighted.value, all);
  auto gradients = differentiate::Gradients::of(loss, variables, builder);
  if (failed(gradients))
    return failure();
  // Not y, which another op may have taken the place of.
  SmallVector<Value> results = {end->getOperand(0)};
  llvm::append_range(results, *gradients);
  end->setOperands(results);
  function.setType(
      builder.getFunctionType(body.getArgumentTypes(), ValueRange(results).getTypes()));
  return verify(function);
}

Array distinct(Type type, Domain domain, size_t argument) {
  SmallVector<int64_t> shape(cast<RankedTensorType>(type).getShape());
  std::ranges::replace(shape, ShapedType::kDynamic, 3);
  Array array(shape);
  for (size_t i = 0; i < array.values.size(); ++i) {
    double part = (i + 0.37 + 0.11 * argument) / array.values.size();
    array.values[i] = domain == Domain::positive ? 0.5 + 1.5 * part : 2 * part - 1;
  }
  std::ranges::shuffle(array.values, std::mt19937(argument));
  return array;
}

} // namespace hornet::test
