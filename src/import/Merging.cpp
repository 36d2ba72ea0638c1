#include "graph/Arithmetic.h"
#include "import/Importers.h"
#include "import/Masks.h"

#include <fmt/format.h>

using namespace mlir;

namespace hornet::import {

static std::string shapesOf(ArrayRef<Value> values) {
  std::vector<std::string> shapes;
  for (Value value : values)
    shapes.push_back(shapeOf(value));
  return fmt::format("{}", fmt::join(shapes, " and "));
}

/// What is merged. A layer gets a list of tensors; the operation of the same name (`x + y`) gets
/// two operands, of which one may be a number.
static SmallVector<Value> operandsOf(LayerImport &layer) {
  const Json &args = layer.call().args;
  bool isOperation = args.is_array() && args.size() == 2;
  SmallVector<Value> operands(layer.inputs());
  if (!isOperation || operands.size() == 2)
    return operands;
  for (size_t i : {0, 1})
    if (args[i].is_number())
      operands.insert(operands.begin() + i, layer.scalar(args[i].get<double>()));
  return operands;
}

/// Keras aligns tensors of different rank at the batch and at the last dimension: extents of 1 go
/// in after the batch. (Its operations, as NumPy, align at the last dimension alone.)
static void alignRanks(LayerImport &layer, SmallVector<Value> &operands) {
  const Json &args = layer.call().args;
  if (args.is_array() && args.size() == 2)
    return;
  size_t rank = 0;
  for (Value operand : operands)
    rank = std::max(rank, toShape(operand).size());
  for (Value &operand : operands) {
    SmallVector<int64_t> shape(cast<RankedTensorType>(operand.getType()).getShape());
    if (shape.empty() || shape.size() == rank)
      continue;
    shape.insert(shape.begin() + 1, rank - shape.size(), 1);
    operand = layer.reshape(operand, shape);
  }
}

static bool broadcast(ArrayRef<Value> operands) {
  Shape result;
  for (Value operand : operands) {
    Shape shape = toShape(operand);
    if (shape.size() > result.size())
      result.insert(result.begin(), shape.size() - result.size(), 1);
    for (size_t i = 0, skip = result.size() - shape.size(); i < shape.size(); ++i) {
      int64_t &extent = result[skip + i];
      if (extent != shape[i] && extent != 1 && shape[i] != 1)
        return false;
      extent = extent == 1 ? shape[i] : extent;
    }
  }
  return true;
}

/// The operands, ready to be merged; nothing when they do not fit together.
static SmallVector<Value> mergeable(LayerImport &layer) {
  SmallVector<Value> operands = operandsOf(layer);
  if (operands.empty())
    layer.problem("inbound_nodes", "has no inputs");
  if (!layer.ready())
    return {};
  for (Value operand : operands)
    if (!getElementTypeOrSelf(operand).isF32()) {
      layer.problem("inbound_nodes", "merges numbers, got a boolean tensor");
      return {};
    }
  std::string shapes = shapesOf(operands);
  alignRanks(layer, operands);
  if (broadcast(operands))
    return operands;
  layer.problem("inbound_nodes",
                fmt::format("{} gets {}, which do not broadcast", layer.className(), shapes),
                "make the shapes equal, or 1 where they differ");
  return {};
}

/// op(op(a, b), c), …
template <class Op> static Value fold(LayerImport &layer, ArrayRef<Value> operands) {
  Value merged = operands.front();
  for (Value operand : operands.drop_front())
    merged = layer.create<Op>(merged, operand);
  return merged;
}

template <class Op> static void importMerge(LayerImport &layer) {
  if (SmallVector<Value> operands = mergeable(layer); !operands.empty())
    layer.result(fold<Op>(layer, operands), mergedMask(layer));
}

// https://keras.io/api/layers/merging_layers/
void importAdd(LayerImport &layer) { importMerge<graph::AddOp>(layer); }
void importMultiply(LayerImport &layer) { importMerge<graph::MultiplyOp>(layer); }
void importMaximum(LayerImport &layer) { importMerge<graph::MaximumOp>(layer); }
void importMinimum(LayerImport &layer) { importMerge<graph::MinimumOp>(layer); }

void importSubtract(LayerImport &layer) {
  if (size_t count = operandsOf(layer).size(); count != 2)
    return layer.problem("inbound_nodes", fmt::format("Subtract takes two inputs, got {}", count));
  importMerge<graph::SubtractOp>(layer);
}

/// Of keras.applications' InceptionResNetV2: x + scale * y.
void importCustomScale(LayerImport &layer) {
  double scale = layer.number("scale");
  SmallVector<Value> operands = mergeable(layer);
  if (!operands.empty() && operands.size() != 2)
    return layer.problem("inbound_nodes", fmt::format("takes two inputs, got {}", operands.size()));
  if (operands.empty())
    return;
  Value scaled = layer.create<graph::MultiplyOp>(operands[1], layer.scalar(scale));
  layer.result(layer.create<graph::AddOp>(operands[0], scaled));
}

void importAverage(LayerImport &layer) {
  SmallVector<Value> operands = mergeable(layer);
  if (operands.empty())
    return;
  Value sum = fold<graph::AddOp>(layer, operands);
  layer.result(
      layer.create<graph::DivideOp>(sum, layer.scalar(static_cast<double>(operands.size()))),
      mergedMask(layer));
}

void importConcatenate(LayerImport &layer) {
  Config::Integers axes = layer.integers("axis", Config::Integers{-1});
  ArrayRef<Value> operands = layer.inputs();
  if (operands.empty())
    layer.problem("inbound_nodes", "has no inputs");
  if (axes.size() != 1 && !layer.failed())
    layer.problem("axis", "axis must be one integer", "give the axis to join along");
  if (!layer.ready())
    return;
  Shape first = toShape(operands.front());
  std::optional<int64_t> axis =
      layer.axis("axis", axes.front(), static_cast<int64_t>(first.size()));
  if (!axis)
    return;
  if (*axis == 0)
    return layer.problem("axis", "axis 0 is the batch: samples cannot be joined",
                         "join along another axis");
  for (Value operand : operands) {
    Shape shape = toShape(operand);
    if (shape.size() == first.size())
      shape[*axis] = first[*axis];
    if (shape != first || getElementTypeOrSelf(operand) != getElementTypeOrSelf(operands.front()))
      return layer.problem("inbound_nodes",
                           fmt::format("Concatenate gets {}, which differ beyond axis {}",
                                       shapesOf(operands), axes.front()),
                           "make the shapes equal but for that axis");
  }
  layer.result(layer.create<graph::ConcatenateOp>(ValueRange(operands), *axis),
               concatenatedMask(layer, *axis));
}

static graph::Term normalized(graph::Term x, int64_t axis) {
  return x * rsqrt(max(graph::reduceKeeping<graph::ReduceSumOp>(x * x, axis), 1e-12));
}

/// Letters of a tensor's dimensions: 'a' the batch, `next` and those after it the others, but 'z'
/// what is summed over.
static std::string lettersOf(int64_t rank, int64_t axis, char &next) {
  std::string letters = "a";
  for (int64_t i = 1; i < rank; ++i)
    letters.push_back(i == axis ? 'z' : next++);
  return letters;
}

/// https://keras.io/api/layers/merging_layers/dot/: all pairs of rows, multiplied and summed.
void importDot(LayerImport &layer) {
  Config::Integers axes = layer.integers("axes");
  bool normalize = layer.flag("normalize", false);
  ArrayRef<Value> operands = layer.inputs();
  if (operands.size() != 2)
    layer.problem("inbound_nodes", fmt::format("Dot takes two inputs, got {}", operands.size()));
  if (axes.size() == 1)
    axes.push_back(axes.front());
  if (axes.size() != 2)
    layer.problem("axes", "axes must be an integer, or two", "give the axis of each input");
  if (!layer.ready())
    return;
  ImplicitLocOpBuilder builder(layer.location(), layer.builder());
  SmallVector<graph::Term> terms;
  for (auto [operand, axis] : llvm::zip_equal(operands, axes)) {
    std::optional<int64_t> known =
        layer.axis("axes", axis, static_cast<int64_t>(toShape(operand).size()));
    if (!known)
      return;
    axis = *known;
    if (axis == 0 || !getElementTypeOrSelf(operand).isF32())
      return layer.problem("axes", "needs numbers, and an axis other than the batch (0)");
    terms.push_back({&builder, operand});
  }
  graph::Term left = terms[0], right = terms[1];
  if (left.type().getDimSize(axes[0]) != right.type().getDimSize(axes[1]))
    return layer.problem(
        "axes",
        fmt::format("Dot gets {}, whose axes {} differ", shapesOf(operands), fmt::join(axes, ", ")),
        "name axes of one extent");
  if (normalize)
    left = normalized(left, axes[0]), right = normalized(right, axes[1]);
  if (left.type().getRank() == 2 && right.type().getRank() == 2)
    return layer.result(graph::reduceKeeping<graph::ReduceSumOp>(left * right, 1).value);
  char next = 'b';
  std::string lhs = lettersOf(left.type().getRank(), axes[0], next);
  std::string rhs = lettersOf(right.type().getRank(), axes[1], next), result = lhs + rhs.substr(1);
  llvm::erase(result, 'z');
  layer.result(
      layer.create<graph::EinsumOp>(lhs + "," + rhs + "->" + result, left.value, right.value));
}

} // namespace hornet::import
