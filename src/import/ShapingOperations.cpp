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

/// What stands at place `i` of a tensor of extents, as TensorFlow's `shape` gives them: kDynamic
/// for the batch; nothing when that is not known.
std::optional<int64_t> extentAt(Value value, int64_t i) {
  mlir::Operation *op = value.getDefiningOp();
  if (!op)
    return std::nullopt;
  if (isa<graph::ExtentOp>(op))
    return ShapedType::kDynamic;
  if (auto constant = dyn_cast<graph::ConstantOp>(op)) {
    auto numbers = llvm::to_vector(cast<DenseElementsAttr>(constant.getValue()).getValues<float>());
    return i < static_cast<int64_t>(numbers.size()) ? std::optional<int64_t>(numbers[i])
                                                    : std::nullopt;
  }
  if (auto slice = dyn_cast<graph::SliceOp>(op); slice && slice.getStart().size() == 1)
    return extentAt(slice.getInput(), slice.getStart()[0] + i * slice.getStrides()[0]);
  if (isa<graph::ReshapeOp, graph::TruncOp>(op))
    return extentAt(op->getOperand(0), i);
  if (isa<graph::ConcatenateOp>(op))
    return i < static_cast<int64_t>(op->getNumOperands()) ? extentAt(op->getOperand(i), 0)
                                                          : std::nullopt;
  if (!isa<graph::MultiplyOp, graph::AddOp, graph::SubtractOp>(op))
    return std::nullopt;
  auto left = extentAt(op->getOperand(0), i), right = extentAt(op->getOperand(1), i);
  if (!left || !right || ShapedType::isDynamic(*left) || ShapedType::isDynamic(*right) ||
      std::max(std::abs(*left), std::abs(*right)) > largestInteger)
    return std::nullopt;
  return isa<graph::MultiplyOp>(op) ? *left * *right
         : isa<graph::AddOp>(op)    ? *left + *right
                                    : *left - *right;
}

/// The entries of a shape: integers, -1 for one to be found, kDynamic for the batch. Nothing, and
/// reported, for others.
std::optional<SmallVector<int64_t>> extentsOf(Operation &op, std::string_view key) {
  const Json *given = op.find(key);
  SmallVector<int64_t> extents;
  if (given && given->is_object()) { // a tensor of them
    Value all = op.layer.tensor(*given);
    auto type = all ? dyn_cast<RankedTensorType>(all.getType()) : RankedTensorType();
    for (int64_t i = 0; type && type.getRank() == 1 && i < type.getDimSize(0); ++i)
      if (std::optional<int64_t> extent = extentAt(all, i))
        extents.push_back(*extent);
    if (type && type.getRank() == 1 && static_cast<int64_t>(extents.size()) == type.getDimSize(0))
      return extents;
  }
  Json entries = given && given->is_array() ? *given : Json::array({given ? *given : Json()});
  for (const Json &entry : entries) {
    Value tensor = op.layer.tensor(entry);
    std::optional<int64_t> extent = tensor ? extentAt(tensor, 0) : std::nullopt;
    if (entry.is_null() && given)
      extent = ShapedType::kDynamic;
    if (entry.is_number_integer() && entry >= -1 && entry <= largestInteger)
      extent = entry.get<int64_t>();
    if (!extent) {
      if (op.ready())
        op.problem(std::string(key), fmt::format("{} is no known size", describe(entry)),
                   "give integers, and -1 for the batch");
      return std::nullopt;
    }
    extents.push_back(*extent);
  }
  return extents;
}

/// Finds what -1 stands for, of `elements` (a sample's, where the batch is open).
bool complete(MutableArrayRef<int64_t> extents, int64_t elements) {
  int64_t known = 1, *open = nullptr;
  for (int64_t &extent : extents)
    if (extent == -1 && !open)
      open = &extent;
    else if (extent < 1 || llvm::MulOverflow(known, extent, known))
      return false;
  if (open && elements % known == 0)
    *open = elements / known, known = elements;
  return known == elements;
}

/// The batch comes first: as -1, when all others are known, or as the extent that it is.
void importReshape(Operation &op) {
  Term x = anyTensor(op);
  std::optional<SmallVector<int64_t>> shape = extentsOf(op, "newshape");
  if (!op.ready() || !shape)
    return;
  bool hasBatch = !x.type().hasStaticShape();
  ArrayRef<int64_t> whole = x.type().getShape();
  MutableArrayRef<int64_t> rest = *shape;
  if (hasBatch && (rest.empty() || (rest.front() != -1 && !ShapedType::isDynamic(rest.front()))))
    return op.problem("newshape", "the batch must stay the first dimension",
                      "begin newshape with -1");
  if (hasBatch) {
    rest.front() = ShapedType::kDynamic;
    rest = rest.drop_front();
  }
  int64_t elements = elementsOf(hasBatch ? whole.drop_front() : whole);
  if (SmallVector<int64_t> given(rest); !complete(rest, elements))
    return op.problem("newshape",
                      fmt::format("the {} values a sample of {} cannot be reshaped to ({}{})",
                                  elements, shapeOf(x.value), hasBatch ? "-1, " : "",
                                  fmt::join(given, ", ")),
                      "give the sizes of all dimensions but the batch");
  op.result(reshape(x, *shape));
}

/// The elements of one sample after those of another: what comes from it may only be an output of
/// the model (ModelImport::finish).
void importRavel(Operation &op) {
  Term x = anyTensor(op);
  if (!op.ready())
    return;
  bool hasBatch = !x.type().hasStaticShape();
  op.result(reshape(x, {hasBatch ? ShapedType::kDynamic : x.type().getNumElements()}));
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
