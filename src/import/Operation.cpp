#include "import/Operation.h"

#include <cmath>
#include <fmt/format.h>
#include <numeric>

using namespace mlir;

namespace hornet::import {

Operation::Operation(LayerImport &layer, std::string_view name, const Json &arguments)
    : Config(arguments,
             [&layer](std::string attribute, std::string reason, std::string mend) {
               layer.problem(std::move(attribute), std::move(reason), std::move(mend));
             }),
      layer(layer), name(name), builder(layer.location(), layer.builder()) {}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

static std::optional<float> numberOf(const Json &json) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  if (json.is_number())
    return json.get<float>();
  if (json.is_boolean())
    return json.get<bool>() ? 1.0f : 0.0f;
  if (json == "NaN")
    return std::numeric_limits<float>::quiet_NaN();
  if (json == "Infinity" || json == "-Infinity")
    return json == "Infinity" ? infinity : -infinity;
  return std::nullopt;
}

/// Reads nested lists of numbers, which must all have one shape.
static bool readNumbers(const Json &json, size_t depth, SmallVectorImpl<int64_t> &shape,
                        SmallVectorImpl<float> &numbers) {
  if (!json.is_array()) {
    std::optional<float> number = numberOf(json);
    if (number)
      numbers.push_back(*number);
    return number && depth == shape.size();
  }
  auto extent = static_cast<int64_t>(json.size());
  if (depth == shape.size() && numbers.empty())
    shape.push_back(extent);
  if (depth >= shape.size() || shape[depth] != extent || depth > 16)
    return false;
  return llvm::all_of(
      json, [&](const Json &entry) { return readNumbers(entry, depth + 1, shape, numbers); });
}

/// What stands for an array in the arguments of Keras 3.
static const Json &withoutClass(const Json &json) {
  if (json.is_object() &&
      (json.value("class_name", "") == "__numpy__" || json.value("class_name", "") == "__tensor__"))
    if (auto config = json.find("config"); config != json.end() && config->is_object())
      if (auto value = config->find("value"); value != config->end())
        return *value;
  return json;
}

Value Operation::toValue(std::string_view key, const Json &json) {
  if (Value tensor = layer.tensor(json))
    return tensor;
  SmallVector<int64_t> shape;
  SmallVector<float> numbers;
  const Json &plain = withoutClass(json);
  if (!json.is_object() || &plain != &json)
    if (readNumbers(plain, 0, shape, numbers) && !numbers.empty())
      return constant(shape, numbers).value;
  if (layer.ready())
    problem(std::string(key),
            fmt::format("{} must be a tensor or numbers, got {}", key, describe(json)));
  return {};
}

Value Operation::value(std::string_view key) {
  if (const Json *json = find(key))
    return toValue(key, *json);
  problem(std::string(key), fmt::format("the argument {} is missing", key));
  return {};
}

SmallVector<Value> Operation::values(std::string_view key) {
  const Json *json = find(key);
  if (json && json->is_object())
    return {toValue(key, *json)};
  if (!json || !json->is_array() || json->empty()) {
    problem(std::string(key), fmt::format("{} must be a list of tensors", key));
    return {};
  }
  SmallVector<Value> values;
  for (const Json &entry : *json)
    values.push_back(toValue(key, entry));
  return values;
}

static bool isTruth(Value value) { return getElementTypeOrSelf(value).isInteger(1); }

Term Operation::number(Value value) {
  if (!value || !isTruth(value))
    return {&builder, value};
  return indicator({&builder, value});
}

Term Operation::truth(Value value) {
  if (!value || isTruth(value))
    return {&builder, value};
  return {&builder,
          graph::CompareOp::create(builder, graph::Comparison::ne, value, layer.scalar(0))};
}

Term Operation::constant(ArrayRef<int64_t> shape, ArrayRef<float> numbers) {
  auto type = RankedTensorType::get(shape, builder.getF32Type());
  return {&builder, graph::ConstantOp::create(builder, DenseElementsAttr::get(type, numbers))};
}

Term Operation::count(int64_t count) {
  SmallVector<float> numbers(count);
  std::iota(numbers.begin(), numbers.end(), 0.0f);
  return constant(count, numbers);
}

//===----------------------------------------------------------------------===//
// Other arguments
//===----------------------------------------------------------------------===//

int64_t Operation::oneInteger(std::string_view key, int64_t fallback) {
  Integers given = integers(key, Integers{fallback});
  if (given.size() == 1)
    return given.front();
  if (!layer.failed())
    problem(std::string(key), fmt::format("{} must be one integer", key));
  return fallback;
}

std::optional<int64_t> Operation::oneAxis(std::string_view key, int64_t rank,
                                          std::optional<int64_t> fallback) {
  Integers given = find(key) || !fallback ? integers(key) : Integers{*fallback};
  if (given.size() == 1)
    return layer.axis(key, given.front(), rank);
  if (!layer.failed())
    problem(std::string(key), fmt::format("{} must be one axis", key));
  return std::nullopt;
}

Axes Operation::axes(std::string_view key, int64_t rank) {
  Axes result;
  if (!find(key)) {
    result.resize(rank);
    std::iota(result.begin(), result.end(), 0);
    return result;
  }
  for (int64_t given : integers(key))
    if (std::optional<int64_t> axis = layer.axis(key, given, rank))
      result.push_back(*axis);
  llvm::sort(result);
  if (std::adjacent_find(result.begin(), result.end()) != result.end())
    problem(std::string(key), fmt::format("{} names an axis twice", key));
  return result;
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

bool Operation::broadcasts(ArrayRef<Term> terms) {
  Shape common;
  for (Term term : terms) {
    Shape shape = toShape(term.value);
    if (shape.size() > common.size())
      common.insert(common.begin(), shape.size() - common.size(), 1);
    for (size_t i = 0, skip = common.size() - shape.size(); i < shape.size(); ++i) {
      int64_t &extent = common[skip + i];
      if (extent != shape[i] && extent != 1 && shape[i] != 1) {
        std::vector<std::string> shapes;
        for (Term each : terms)
          shapes.push_back(shapeOf(each.value));
        problem("inbound_nodes",
                fmt::format("gets {}, which do not broadcast", fmt::join(shapes, " and ")),
                "make the shapes equal, or 1 where they differ");
        return false;
      }
      extent = extent == 1 ? shape[i] : extent;
    }
  }
  for (size_t i = 1; i < common.size(); ++i)
    if (common[i] == unknownSize) {
      problem("inbound_nodes", "gets shapes whose batches do not meet");
      return false;
    }
  return layer.fits(common);
}

void Operation::result(Value value) {
  if (!value)
    return;
  Shape shape = toShape(value);
  for (size_t i = 1; i < shape.size(); ++i)
    if (shape[i] == unknownSize)
      return problem("inbound_nodes",
                     fmt::format("gives {}: the batch is not its first dimension", toString(shape)),
                     "keep the batch in front");
  if (layer.fits(shape))
    layer.result(value);
}

//===----------------------------------------------------------------------===//
// What families share
//===----------------------------------------------------------------------===//

Term squeezed(Term x, ArrayRef<int64_t> axes) {
  SmallVector<int64_t> shape;
  for (auto [i, extent] : llvm::enumerate(x.type().getShape()))
    if (!llvm::is_contained(axes, static_cast<int64_t>(i)))
      shape.push_back(extent);
  return reshape(x, shape);
}

Term expanded(Term x, int64_t at) {
  SmallVector<int64_t> shape(x.type().getShape());
  shape.insert(shape.begin() + at, 1);
  return reshape(x, shape);
}

Term transposed(Term x, ArrayRef<int64_t> permutation) {
  return {x.builder, x.builder->createOrFold<graph::TransposeOp>(x.value, permutation)};
}

Term taken(Term x, int64_t d, ArrayRef<int64_t> indices) {
  SmallVector<float> numbers(indices);
  auto type = RankedTensorType::get(static_cast<int64_t>(numbers.size()), x.builder->getF32Type());
  Value places =
      graph::ConstantOp::create(*x.builder, DenseElementsAttr::get(type, ArrayRef<float>(numbers)));
  bool truth = isTruth(x.value);
  Term table = truth ? indicator(x) : x;
  Term rows{x.builder, graph::GatherOp::create(*x.builder, table.value, places, d, 0)};
  return truth ? rows > 0 : rows;
}

Term part(Term x, int64_t d, int64_t start, int64_t limit) {
  SmallVector<int64_t> starts(x.type().getRank(), 0), limits, strides(x.type().getRank(), 1);
  for (int64_t extent : x.type().getShape())
    limits.push_back(ShapedType::isDynamic(extent) ? -1 : extent);
  starts[d] = start, limits[d] = limit;
  return {x.builder, x.builder->createOrFold<graph::SliceOp>(x.value, starts, limits, strides)};
}

Term joined(ArrayRef<Term> parts, int64_t d) {
  SmallVector<Value> values = llvm::map_to_vector(parts, [](Term part) { return part.value; });
  ImplicitLocOpBuilder *builder = parts.front().builder;
  return {builder, builder->createOrFold<graph::ConcatenateOp>(ValueRange(values), d)};
}

Term swappedToLast(Term x, int64_t d) {
  Axes order = llvm::to_vector(llvm::seq<int64_t>(x.type().getRank()));
  std::swap(order[d], order.back());
  return d + 1 == x.type().getRank() ? x : transposed(x, order);
}

Term movedTo(Term x, int64_t from, int64_t to) {
  Axes order = llvm::to_vector(llvm::seq<int64_t>(x.type().getRank()));
  order.erase(order.begin() + from);
  order.insert(order.begin() + to, from);
  return from == to ? x : transposed(x, order);
}

Term alongDimension(Term numbers, int64_t d, int64_t rank) {
  SmallVector<int64_t> shape(rank, 1);
  shape[d] = numbers.type().getDimSize(0);
  return reshape(numbers, shape);
}

Term meanKeeping(Term x, ArrayRef<int64_t> axes) {
  double count = 1;
  Term sum = reduceKeeping<graph::ReduceSumOp>(x, axes);
  for (int64_t axis : axes)
    if (!x.type().isDynamicDim(axis))
      count *= static_cast<double>(x.type().getDimSize(axis));
    else
      sum = sum / Term{x.builder,
                       graph::ExtentOp::create(*x.builder,
                                               RankedTensorType::get({}, x.builder->getF32Type()),
                                               x.value, axis)};
  return sum / count;
}

Term indicator(Term condition) {
  auto type = RankedTensorType::get({}, condition.builder->getF32Type());
  auto scalar = [&](float number) {
    return Term{condition.builder, graph::ConstantOp::create(*condition.builder,
                                                             DenseElementsAttr::get(type, number))};
  };
  return where(condition, scalar(1), scalar(0));
}

} // namespace hornet::import
