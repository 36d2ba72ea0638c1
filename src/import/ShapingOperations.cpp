// keras.ops: the same elements in another shape or order.

#include "import/Operation.h"

#include <fmt/format.h>
#include <numeric>

using namespace mlir;

namespace hornet::import {
namespace {

Term anyTensor(Operation &op) { return {&op.builder, op.value("x")}; }

void importExpandDims(Operation &op) {
  Term x = anyTensor(op);
  if (!op.ready())
    return;
  std::optional<int64_t> axis = op.oneAxis("axis", x.type().getRank() + 1);
  if (axis && *axis == 0)
    return op.problem("axis", "a dimension before the batch is not supported",
                      "keep the batch in front");
  if (axis)
    op.result(expanded(x, *axis));
}

void importSqueeze(Operation &op) {
  Term x = anyTensor(op);
  if (!op.ready())
    return;
  Axes axes;
  if (op.find("axis"))
    axes = op.axes("axis", x.type().getRank());
  else
    for (auto [i, extent] : llvm::enumerate(x.type().getShape()))
      if (extent == 1)
        axes.push_back(static_cast<int64_t>(i));
  for (int64_t axis : axes)
    if (op.ready() && x.type().getDimSize(axis) != 1)
      op.problem("axis",
                 fmt::format("axis {} of {} has not an extent of 1", axis, shapeOf(x.value)));
  if (op.ready())
    op.result(squeezed(x, axes));
}

void permute(Operation &op, Term x, const Axes &order) {
  if (op.ready() && !order.empty() && order.front() != 0)
    return op.problem("axes", "the batch must stay the first dimension", "permute the others");
  if (op.ready())
    op.result(transposed(x, order));
}

void importTranspose(Operation &op) {
  Term x = anyTensor(op);
  if (!op.ready())
    return;
  int64_t rank = x.type().getRank();
  Axes order;
  if (op.find("axes"))
    for (int64_t given : op.integers("axes"))
      order.push_back(op.layer.axis("axes", given, rank).value_or(0));
  else
    for (int64_t i = rank; i-- > 0;)
      order.push_back(i);
  Axes sorted = order;
  llvm::sort(sorted);
  if (op.ready() && !llvm::equal(sorted, llvm::seq<int64_t>(rank)))
    op.problem("axes", fmt::format("axes must name each of the {} dimensions once", rank));
  permute(op, x, order);
}

void importSwapaxes(Operation &op) {
  Term x = anyTensor(op);
  if (!op.ready())
    return;
  int64_t rank = x.type().getRank();
  auto first = op.oneAxis("axis1", rank), second = op.oneAxis("axis2", rank);
  if (!first || !second)
    return;
  Axes order = llvm::to_vector(llvm::seq<int64_t>(rank));
  std::swap(order[*first], order[*second]);
  permute(op, x, order);
}

/// The batch may be -1, or unknown; one other dimension may be.
void importReshape(Operation &op) {
  Term x = anyTensor(op);
  Config::Integers shape = op.integers("newshape");
  if (!op.ready())
    return;
  int64_t elements = elementsOf(x.type().getShape().drop_front()), known = 1;
  if (shape.empty() || shape.front() != -1)
    return op.problem("newshape", "the batch must stay the first dimension",
                      "begin newshape with -1");
  for (int64_t extent : ArrayRef(shape).drop_front())
    if (extent < 1 || llvm::MulOverflow(known, extent, known))
      known = 0;
  if (known != elements || !x.type().isDynamicDim(0))
    return op.problem("newshape",
                      fmt::format("the {} values a sample of {} cannot be reshaped to ({})",
                                  elements, shapeOf(x.value), fmt::join(shape, ", ")),
                      "give the sizes of all dimensions but the batch");
  shape.front() = ShapedType::kDynamic;
  op.result(reshape(x, shape));
}

void importRavel(Operation &op) {
  Term x = anyTensor(op);
  if (op.ready() && x.type().getRank() == 1)
    op.result(x);
  else if (op.ready())
    op.problem("inbound_nodes", "flattens the batch, which is not supported", "use Flatten");
}

void importFlip(Operation &op) {
  Term x = anyTensor(op);
  if (!op.ready())
    return;
  Axes axes = op.axes("axis", x.type().getRank());
  if (op.ready() && !axes.empty() && axes.front() == 0)
    op.problem("axis", "samples of a batch cannot be turned around", "name other axes");
  if (op.ready())
    op.result(graph::ReverseOp::create(op.builder, x.value, axes).getResult());
}

/// Operands of one type: numbers, unless all are conditions.
SmallVector<Value> alike(Operation &op, SmallVector<Value> values) {
  if (op.ready() &&
      !llvm::all_equal(llvm::map_range(values, [](Value v) { return getElementTypeOrSelf(v); })))
    for (Value &value : values)
      value = op.number(value).value;
  return values;
}

void importConcatenate(Operation &op) {
  SmallVector<Value> values = alike(op, op.values("xs"));
  if (!op.ready())
    return;
  std::optional<int64_t> axis =
      op.oneAxis("axis", cast<RankedTensorType>(values.front().getType()).getRank(), 0);
  if (axis && *axis == 0)
    return op.problem("axis", "axis 0 is the batch: samples cannot be joined",
                      "join along another axis");
  if (axis)
    op.result(op.layer.create<graph::ConcatenateOp>(ValueRange(values), *axis));
}

void importStack(Operation &op) {
  SmallVector<Value> values = alike(op, op.values("x"));
  if (!op.ready())
    return;
  std::optional<int64_t> axis =
      op.oneAxis("axis", cast<RankedTensorType>(values.front().getType()).getRank() + 1, 0);
  if (axis && *axis == 0)
    return op.problem("axis", "a dimension before the batch is not supported",
                      "stack along another axis");
  if (!axis)
    return;
  for (Value &value : values)
    value = expanded({&op.builder, value},
                     std::min(*axis, cast<RankedTensorType>(value.getType()).getRank()))
                .value;
  op.result(op.layer.create<graph::ConcatenateOp>(ValueRange(values), *axis));
}

} // namespace

static constexpr OperationEntry table[] = {
    {"Concatenate", importConcatenate, "xs"},
    {"ExpandDims", importExpandDims},
    {"Flip", importFlip},
    {"Ravel", importRavel},
    {"Reshape", importReshape},
    {"Squeeze", importSqueeze},
    {"Stack", importStack},
    {"Swapaxes", importSwapaxes},
    {"Transpose", importTranspose},
};

llvm::ArrayRef<OperationEntry> shapingOperations() { return table; }

} // namespace hornet::import
