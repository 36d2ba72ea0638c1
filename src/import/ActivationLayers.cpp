#include "import/ActivationLayers.h"

#include "base/Nearest.h"
#include "graph/Arithmetic.h"
#include "import/Importers.h"

#include <cmath>
#include <fmt/format.h>

using namespace mlir;

namespace hornet::import {

namespace {
/// A layer, or an operation, that is an activation function with attributes of its own. Where the
/// layer's default differs from the function's, or Keras 2 spells the attribute otherwise, that
/// stands here.
struct ActivationLayer {
  std::string_view className, function;
  std::string_view attribute, keras2Spelling;
  double layerDefault = 0;
};
} // namespace

static constexpr ActivationLayer activationLayers[] = {
    {"ELU", "elu", "alpha", "alpha", 1.0},
    {"Gelu", "gelu"},
    {"LeakyReLU", "leaky_relu", "negative_slope", "alpha", 0.3},
    {"ReLU", "relu"},
    {"Softmax", "softmax"},
    {"Threshold", "threshold"},
    {"ThresholdedReLU", "threshold", "threshold", "theta", 1.0},
};

static const ActivationLayer *findLayer(std::string_view className) {
  const auto *it = llvm::find_if(activationLayers,
                                 [&](const auto &layer) { return layer.className == className; });
  return it == std::end(activationLayers) ? nullptr : it;
}

/// What the layer `known` computes, by its config.
static Activation readLayer(const Config &config, const ActivationLayer &known) {
  Activation result{std::string(known.function)};
  for (auto [attribute, functionDefault] : activationAttributes(known.function)) {
    bool own = attribute == known.attribute;
    std::string_view key = own && !config.find(attribute) && config.find(known.keras2Spelling)
                               ? known.keras2Spelling
                               : attribute;
    if (const Json *value = config.find(key); value && value->is_boolean())
      result.attributes[std::string(attribute)] = value->get<bool>();
    else if (value)
      result.attributes[std::string(attribute)] = config.number(key);
    else if (own)
      result.attributes[std::string(attribute)] = known.layerDefault;
  }
  if (known.function == "softmax") {
    Config::Integers axes = config.integers("axis", Config::Integers{-1});
    result.axes.assign(axes.begin(), axes.end());
  }
  return result;
}

static Activation named(LayerImport &layer, std::string_view key, const std::string &name) {
  std::vector<std::string_view> names = activationNames();
  if (llvm::is_contained(names, name))
    return {name};
  std::string suggestion = didYouMean(name, names);
  layer.problem(std::string(key), fmt::format("no activation '{}'", name.substr(0, 80)),
                !suggestion.empty() ? suggestion
                                    : "rebuild the model with one of Keras's own activations: a "
                                      "Python function cannot be read from a file");
  return {};
}

Activation readActivation(LayerImport &layer, std::string_view key) {
  const Json *value = layer.find(key);
  if (!value)
    return {};
  if (value->is_string())
    return named(layer, key, value->get<std::string>());
  auto className = value->find("class_name"), config = value->find("config");
  if (!value->is_object() || className == value->end() || !className->is_string() ||
      config == value->end()) {
    layer.problem(std::string(key),
                  fmt::format("{} must be a name, got {}", key, describe(*value)));
    return {};
  }
  if (config->is_string()) // {"class_name": "function", "config": "my_activation"}
    return named(layer, key, config->get<std::string>());
  const auto &name = className->get_ref<const std::string &>();
  if (const ActivationLayer *known = findLayer(name)) {
    Config nested(*config, [&](std::string attribute, std::string reason, std::string mend) {
      layer.problem(fmt::format("{}.{}", key, attribute), std::move(reason), std::move(mend));
    });
    return readLayer(nested, *known);
  }
  return named(layer, key, name);
}

bool isElementwise(const Activation &activation) {
  static constexpr std::string_view along[] = {"glu", "log_softmax", "softmax", "sparsemax"};
  return !llvm::is_contained(along, activation.name);
}

Value activate(LayerImport &layer, const Activation &activation, Value x) {
  if (!x)
    return {};
  Expected<Value> y =
      buildActivation(layer.builder(), layer.location(), activation, layer.generation(), x);
  if (y)
    return *y;
  if (const auto *error = std::get_if<InputError>(&y.error()))
    for (const Problem &problem : error->problems)
      layer.problem(problem.attribute, problem.reason, problem.mend);
  else
    layer.problem("activation", toString(y.error()));
  return {};
}

//===----------------------------------------------------------------------===//
// Importers
//===----------------------------------------------------------------------===//

void importActivation(LayerImport &layer) {
  if (!layer.find("activation"))
    layer.problem("activation", "activation is missing", "name one, such as \"relu\"");
  Activation activation = readActivation(layer);
  Value x = layer.input();
  if (layer.ready())
    layer.result(activate(layer, activation, x));
}

void importActivationLayer(LayerImport &layer) {
  Activation activation = readLayer(layer, *findLayer(layer.className()));
  Value x = layer.input();
  if (layer.ready())
    layer.result(activate(layer, activation, x));
}

/// Softmax takes a mask too, true where an element counts: as second argument or by name.
void importSoftmax(LayerImport &layer) {
  Activation activation = readLayer(layer, *findLayer("Softmax"));
  layer.ignore({"robust_masking"}); // of Keras 2, which says how to compute
  Value mask = layer.keyword("mask");
  ArrayRef<Value> inputs = layer.inputs();
  if (!mask && inputs.size() == 2)
    mask = inputs[1];
  else if (inputs.size() != 1)
    layer.problem("inbound_nodes", fmt::format("takes one input, got {}", inputs.size()));
  if (!layer.ready())
    return;
  Value x = inputs[0];
  if (!getElementTypeOrSelf(x).isF32())
    return layer.problem("inbound_nodes", "takes numbers, got a boolean tensor");
  if (mask && !getElementTypeOrSelf(mask).isInteger(1))
    mask = layer.create<graph::CompareOp>(graph::Comparison::gt, mask, layer.scalar(0.5));
  if (mask)
    x = layer.create<graph::SelectOp>(mask, x, layer.scalar(std::numeric_limits<float>::lowest()));
  layer.result(activate(layer, activation, x));
}

/// https://keras.io/api/layers/activation_layers/prelu/: a slope for every element of a sample, or
/// for all along the shared axes.
void importPRelu(LayerImport &layer) {
  Config::Integers shared = layer.integers("shared_axes", Config::Integers{});
  Value x = layer.input();
  if (!layer.ready())
    return;
  Shape shape = toShape(x);
  for (int64_t axis : shared) {
    std::optional<int64_t> found =
        layer.axis("shared_axes", axis, static_cast<int64_t>(shape.size()));
    if (!found)
      return;
    if (*found == 0)
      return layer.problem("shared_axes", "axis 0 is the batch, which always shares its slopes",
                           "count axes from 1");
    shape[*found] = 1;
  }
  shape.erase(shape.begin());
  Value alpha = layer.parameter("alpha", shape);
  if (!alpha)
    return;
  ImplicitLocOpBuilder builder(layer.location(), layer.builder());
  graph::Term term{&builder, x}, slope{&builder, alpha};
  layer.result((relu(term) - slope * relu(-term)).value);
}

} // namespace hornet::import
