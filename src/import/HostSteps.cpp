// What layers on the host have in common, and those that hash or move elements.

#include "import/HostLayers.h"
#include "import/Policies.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace hornet::import {

llvm::SmallVector<size_t> hostInputs(LayerImport &layer) {
  llvm::SmallVector<size_t> values;
  for (const Tensor &tensor : layer.tensors())
    if (tensor.host)
      values.push_back(*tensor.host);
    else if (tensor.value)
      values.push_back(layer.host().addResult(tensor.value));
  if (layer.failed() || values.size() != layer.tensors().size())
    values.clear();
  return values;
}

std::optional<size_t> hostInput(LayerImport &layer) {
  if (layer.tensors().size() != 1)
    layer.problem("inbound_nodes", fmt::format("takes one input, got {}", layer.tensors().size()));
  llvm::SmallVector<size_t> values = hostInputs(layer);
  if (values.empty())
    return std::nullopt;
  if (layer.host()[values.front()].dtype == DType::boolean) {
    layer.problem("inbound_nodes", "takes strings or integers, got a boolean tensor");
    return std::nullopt;
  }
  return values.front();
}

std::string outputMode(LayerImport &layer, llvm::ArrayRef<std::string_view> modes) {
  std::string mode = layer.word("output_mode", modes);
  if (layer.flag("sparse", false))
    layer.problem("sparse", "sparse tensors are not supported", "set sparse to False");
  return mode == "binary" ? "multi_hot" : mode == "tf-idf" ? "tf_idf" : mode;
}

std::optional<Shape> encodedShape(LayerImport &layer, const Shape &indices, std::string_view mode,
                                  int64_t depth) {
  Shape shape = indices;
  if (mode == "one_hot") {
    if (shape.size() > 1 && shape.back() == 1)
      shape.pop_back();
  } else if (shape.size() == 2) {
    shape.pop_back();
  } else {
    layer.problem("output_mode",
                  fmt::format("output_mode '{}' needs an input of 2 dimensions (batch, tokens), "
                              "got {}",
                              mode, toString(indices)));
    return std::nullopt;
  }
  shape.push_back(depth);
  if (!layer.fits(llvm::ArrayRef(shape).drop_front()))
    return std::nullopt;
  return shape;
}

Json saltOf(LayerImport &layer) {
  const Json *salt = layer.find("salt");
  auto isKey = [](const Json &number) {
    return number.is_number_integer() &&
           (!number.is_number_unsigned() || number.get<uint64_t>() <= INT64_MAX);
  };
  if (!salt)
    return Json();
  if (isKey(*salt))
    return Json::array({*salt, *salt});
  if (salt->is_array() && salt->size() == 2 && llvm::all_of(*salt, isKey))
    return *salt;
  layer.problem("salt", fmt::format("salt must be an integer or two, got {}", describe(*salt)));
  return Json();
}

void checkUnread(LayerImport &layer) {
  // Names, and what has been decided before or has no meaning here.
  static constexpr std::string_view harmless[] = {"name",
                                                  "trainable",
                                                  "dtype",
                                                  "batch_input_shape",
                                                  "salt",
                                                  "has_input_vocabulary",
                                                  "vocabulary_size",
                                                  "batch_shape",
                                                  "input_shape"};
  for (const std::string &key : layer.unread())
    if (!llvm::is_contained(harmless, key))
      layer.problem(key, fmt::format("the attribute {} is not known", key.substr(0, 80)));
}

size_t hostStep(LayerImport &layer, std::string function, llvm::ArrayRef<size_t> operands,
                Json settings, DType dtype, const Shape &shape, int64_t below) {
  return layer.host().addStep({layer.layer().name,
                               layer.className(),
                               std::move(function),
                               {operands.begin(), operands.end()},
                               std::move(settings)},
                              dtype, shape, below);
}

//===----------------------------------------------------------------------===//
// Hashes
//===----------------------------------------------------------------------===//

/// The type of the result by the layer's dtype.
static DType hashedType(const LayerImport &layer, std::string_view mode) {
  std::string policy = policyOf(layer.layer().config);
  return policy == "int32"                                             ? DType::i32
         : policy == "int64" || (mode == "int" && policy != "float32") ? DType::i64
                                                                       : DType::f32;
}

/// The bins as output_mode wants them.
static void giveBins(LayerImport &layer, const std::string &function,
                     llvm::ArrayRef<size_t> operands, const Json &settings,
                     const std::string &mode) {
  int64_t bins = settings["bins"];
  Shape shape = layer.host()[operands.front()].shape;
  DType dtype = hashedType(layer, mode);
  if (mode == "int") {
    if (dtype == DType::f32 && bins > maxExactFloat)
      return layer.problem("num_bins", "as many bins are not exact in float32",
                           "set the layer's dtype to int64");
    return layer.hostResult(hostStep(layer, function, operands, settings, dtype, shape, bins));
  }
  std::optional<Shape> vectors = encodedShape(layer, shape, mode, bins);
  if (!vectors)
    return;
  size_t indices = hostStep(layer, function, operands, settings, DType::i64, shape, bins);
  layer.hostResult(hostStep(layer, "encode", indices,
                            {{"mode", mode}, {"depth", bins}, {"weights", nullptr}}, dtype,
                            *vectors));
}

void importHashing(LayerImport &layer) {
  static constexpr std::string_view modes[] = {"int", "one_hot", "multi_hot", "count", "binary"};
  int64_t bins = layer.positive("num_bins");
  std::string mode = outputMode(layer, modes);
  Json salt = saltOf(layer);
  const Json *mask = layer.find("mask_value");
  std::optional<size_t> x = hostInput(layer);
  checkUnread(layer);
  if (!x || layer.failed())
    return;
  DType dtype = layer.host()[*x].dtype;
  if (mask && (dtype == DType::string ? !mask->is_string()
               : dtype == DType::f32  ? !mask->is_number()
                                      : !mask->is_number_integer()))
    return layer.problem("mask_value",
                         fmt::format("mask_value is {}, the input holds {}", describe(*mask),
                                     dtype == DType::string ? "strings" : "numbers"));
  giveBins(layer, "hash", *x, {{"bins", bins}, {"salt", salt}, {"mask", mask ? *mask : Json()}},
           mode);
}

void importHashedCrossing(LayerImport &layer) {
  static constexpr std::string_view modes[] = {"int", "one_hot"};
  int64_t bins = layer.positive("num_bins");
  std::string mode = outputMode(layer, modes);
  llvm::SmallVector<size_t> operands = hostInputs(layer);
  checkUnread(layer);
  if (layer.tensors().size() < 2)
    layer.problem("inbound_nodes",
                  fmt::format("takes two inputs or more, got {}", layer.tensors().size()));
  if (layer.failed() || operands.empty())
    return;
  const Shape &shape = layer.host()[operands.front()].shape;
  for (size_t operand : operands) {
    const host::Value &value = layer.host()[operand];
    if (value.shape != shape || shape.size() > 2 || (shape.size() == 2 && shape.back() != 1))
      return layer.problem("inbound_nodes",
                           fmt::format("takes inputs of one shape, (None,) or (None, 1), got {} "
                                       "and {}",
                                       toString(shape), toString(value.shape)));
    if (value.dtype != DType::string && value.dtype != DType::i64)
      return layer.problem("inbound_nodes", "takes strings or integers, got other numbers",
                           "declare the input with dtype='string' or 'int64'");
  }
  giveBins(layer, "cross", operands, Json::object({{"bins", bins}}), mode);
}

//===----------------------------------------------------------------------===//
// The same elements in other places
//===----------------------------------------------------------------------===//

/// As many elements a sample in `shape` as in x.
static void reshape(LayerImport &layer, size_t x, Shape shape) {
  const host::Value value = layer.host()[x];
  layer.hostResult(
      hostStep(layer, "reshape", x, Json::object(), value.dtype, shape, layer.host().bound(x)));
}

static int64_t elementsOf(const Shape &shape) {
  return import::elementsOf(llvm::ArrayRef(shape).drop_front());
}

void importHostReshape(LayerImport &layer) {
  Config::Integers target = layer.integers("target_shape");
  std::optional<size_t> x = hostInput(layer);
  if (!x || layer.failed())
    return;
  int64_t elements = elementsOf(layer.host()[*x].shape), known = 1;
  bool wrong = llvm::count(target, -1) > 1;
  for (int64_t extent : target) {
    wrong |= extent < 1 && extent != -1;
    wrong |= extent != -1 && llvm::MulOverflow(known, extent, known);
  }
  bool open = llvm::is_contained(target, -1);
  if (wrong || (open ? elements % known != 0 : elements != known))
    return layer.problem("target_shape",
                         fmt::format("the {} elements of {} cannot be reshaped to ({})", elements,
                                     toString(layer.host()[*x].shape), fmt::join(target, ", ")),
                         "make the products of the dimensions equal");
  Shape shape = {unknownSize};
  for (int64_t extent : target)
    shape.push_back(extent == -1 ? elements / known : extent);
  reshape(layer, *x, shape);
}

void importHostFlatten(LayerImport &layer) {
  std::optional<size_t> x = hostInput(layer);
  if (!x)
    return;
  const Shape &shape = layer.host()[*x].shape;
  if (layer.channelsFirst() && shape.size() > 2)
    return layer.problem("data_format", "strings are not flattened channels first",
                         "set data_format to channels_last");
  reshape(layer, *x, {unknownSize, elementsOf(shape)});
}

void importHostIdentity(LayerImport &layer) {
  if (std::optional<size_t> x = hostInput(layer))
    layer.hostResult(*x);
}

void importHostConcatenate(LayerImport &layer) {
  Config::Integers axes = layer.integers("axis", Config::Integers{-1});
  llvm::SmallVector<size_t> operands = hostInputs(layer);
  if (layer.failed() || operands.empty())
    return;
  const host::Value first = layer.host()[operands.front()];
  std::optional<int64_t> axis =
      axes.size() == 1 ? layer.axis("axis", axes.front(), static_cast<int64_t>(first.shape.size()))
                       : std::nullopt;
  if (!axis || *axis == 0)
    return layer.problem("axis", "axis must be one dimension, and not the batch");
  Shape shape = first.shape;
  shape[*axis] = 0;
  int64_t below = 1;
  for (size_t operand : operands) {
    const host::Value &value = layer.host()[operand];
    Shape rest = value.shape;
    bool fits = rest.size() == shape.size() && value.dtype == first.dtype;
    if (fits) {
      shape[*axis] += rest[*axis];
      rest[*axis] = shape[*axis];
    }
    if (!fits || rest != shape)
      return layer.problem("inbound_nodes",
                           fmt::format("joins {} of {} with {} of {}", nameOf(first.dtype),
                                       toString(first.shape), nameOf(value.dtype),
                                       toString(value.shape)),
                           "make types and shapes equal but for the axis");
    int64_t bound = layer.host().bound(operand);
    below = below == 0 || bound == 0 ? 0 : std::max(below, bound);
  }
  layer.hostResult(hostStep(layer, "concatenate", operands, Json::object({{"axis", *axis}}),
                            first.dtype, shape, below));
}

} // namespace hornet::import
