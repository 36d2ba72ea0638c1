// The plan of what is computed around the graph, and who takes part in it.

#include "import/Host.h"

#include "import/HostLayers.h"

#include <fmt/format.h>

using namespace mlir;

namespace hornet::import {

namespace {
struct Row {
  std::string_view className;
  LayerImporter import;
  bool always; ///< on the host; else only what is there already
};
} // namespace

static constexpr Row rows[] = {
    {"Concatenate", importHostConcatenate, false},
    {"Flatten", importHostFlatten, false},
    {"HashedCrossing", importHashedCrossing, true},
    {"Hashing", importHashing, true},
    {"Identity", importHostIdentity, false},
    {"IntegerLookup", importIndexLookup, true},
    {"Reshape", importHostReshape, false},
    {"StringLookup", importIndexLookup, true},
    {"TextVectorization", importTextVectorization, true},
};

static const Row *rowOf(std::string_view className) {
  const Row *row = llvm::find_if(rows, [&](const Row &r) { return r.className == className; });
  return row == std::end(rows) ? nullptr : row;
}

bool HostPlan::isHostLayer(std::string_view className) {
  const Row *row = rowOf(className);
  return row && row->always;
}

bool HostPlan::isNeeded(const keras::Model &model) {
  return llvm::any_of(model.layers, [](const keras::Layer &layer) {
    return isHostLayer(layer.className) || (layer.model && isNeeded(*layer.model)) ||
           (layer.isInput() && layer.config.is_object() &&
            layer.config.value("dtype", Json()) == "string");
  });
}

//===----------------------------------------------------------------------===//
// The plan
//===----------------------------------------------------------------------===//

size_t HostPlan::add(host::Value value, Facts fact) {
  plan.values.push_back(std::move(value));
  facts.push_back(fact);
  return facts.size() - 1;
}

size_t HostPlan::addInput(size_t index, DType dtype, const Shape &shape) {
  return add({host::Value::Source::input, index, dtype, shape}, {});
}

size_t HostPlan::addStep(host::Step step, DType dtype, const Shape &shape, int64_t below) {
  bool late = llvm::any_of(step.operands, [&](size_t operand) { return isLate(operand); });
  plan.steps.push_back(std::move(step));
  return add({host::Value::Source::step, plan.steps.size() - 1, dtype, shape}, {late, below});
}

size_t HostPlan::addResult(Value value) {
  for (auto [i, known] : llvm::enumerate(plan.values))
    if (known.source == host::Value::Source::code && results[known.index] == value)
      return i;
  results.push_back(value);
  DType dtype = getElementTypeOrSelf(value).isInteger(1) ? DType::boolean : DType::f32;
  return add({host::Value::Source::code, results.size() - 1, dtype, toShape(value)},
             {.late = true});
}

Value HostPlan::argument(size_t value, Block &block, Location loc) {
  Value &argument = arguments[value];
  if (argument)
    return argument;
  const host::Value &held = plan.values[value];
  SmallVector<int64_t> extents;
  for (int64_t extent : held.shape)
    extents.push_back(extent == unknownSize ? ShapedType::kDynamic : extent);
  Type element = Float32Type::get(loc.getContext());
  if (held.dtype == DType::boolean)
    element = IntegerType::get(loc.getContext(), 1);
  argument = block.addArgument(RankedTensorType::get(extents, element), loc);
  plan.arguments.push_back(value);
  return argument;
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

void bringFromHost(LayerImport &layer) {
  HostPlan &host = layer.host();
  auto refuse = [&](std::string reason, std::string mend) {
    layer.problem("inbound_nodes", std::move(reason), std::move(mend));
    return Value();
  };
  layer.bringIn([&](size_t value) {
    if (host[value].dtype == DType::string)
      return refuse("takes numbers, got strings",
                    "give them to a StringLookup, TextVectorization, Hashing or HashedCrossing "
                    "first; Reshape, Flatten and Concatenate may come before");
    if (host.isLate(value))
      return refuse("takes what a lookup or hash made of computed numbers, which can only be an "
                    "output of the model",
                    "look up or hash the model's inputs, or end the model there");
    if (host.bound(value) > maxExactFloat)
      return refuse(fmt::format("takes integers up to {}, which are not exact in float32",
                                host.bound(value) - 1),
                    fmt::format("keep them within {}", maxExactFloat));
    return layer.hostArgument(value);
  });
}

/// Operations of keras.ops may have the name of a layer class; only layers have this flag.
static bool isLayer(const LayerImport &layer) {
  const Json &config = layer.layer().config;
  return layer.generation() != keras::Generation::keras3 ||
         (config.is_object() && config.contains("trainable"));
}

bool importOnHost(LayerImport &layer) {
  HostPlan &host = layer.host();
  const Row *row = isLayer(layer) || HostPlan::isHostLayer(layer.className())
                       ? rowOf(layer.className())
                       : nullptr;
  auto moves = [&](const Tensor &tensor) {
    return tensor.host &&
           (host[*tensor.host].dtype == DType::string || host[*tensor.host].dtype == DType::i64);
  };
  ArrayRef<Tensor> inputs = layer.tensors();
  if (!row || (!row->always && (inputs.empty() || !llvm::all_of(inputs, moves)))) {
    bringFromHost(layer);
    return false;
  }
  if (layer.isWrapped())
    layer.problem("layer", "a lookup or hash inside another layer is not supported",
                  "call it on the model's input itself");
  else
    row->import(layer);
  return true;
}

} // namespace hornet::import
