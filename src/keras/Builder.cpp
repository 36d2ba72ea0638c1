#include "keras/Builder.h"
#include "keras/Config.h"
#include "keras/WriteConfig.h"

#include <fmt/format.h>
#include <map>

namespace hornet::keras {

struct LayerNode {
  std::string className;
  Json config; ///< of a nested model: as in its toConfig()
};

struct CallNode {
  std::shared_ptr<const LayerNode> layer;
  std::vector<KerasTensor> inputs;
  bool inputsAreList;
};

namespace {

Json specOf(const LayerNode &layer, const std::string &name) {
  Json spec = {{"module", "keras.layers"},
               {"class_name", layer.className},
               {"config", layer.config},
               {"registered_name", nullptr}};
  spec["config"]["name"] = name;
  if (layer.config.contains("layers"))
    addModelModule(spec);
  return spec;
}

/// Default names: the class in snake case, numbered from its second layer on.
class Namer {
public:
  std::string name(const LayerNode &layer) {
    std::string given = layer.config.value("name", "");
    if (!given.empty())
      return given;
    std::string base = toSnakeCase(layer.className);
    int number = count[base]++;
    return number ? fmt::format("{}_{}", base, number) : base;
  }

private:
  std::map<std::string, int> count;
};

Json modelSpec(const char *className, const std::string &name, Json config) {
  config["trainable"] = true;
  if (!name.empty())
    config["name"] = name;
  Json spec = {{"class_name", className}, {"config", std::move(config)}};
  addModelModule(spec);
  return spec;
}

/// The graph behind a functional model's outputs, as Keras 3 writes it.
class GraphWriter {
public:
  /// Numbers the calls that `tensor` needs, inputs first. A loop, not a recursion: nets are deep.
  void visit(const KerasTensor &tensor) {
    std::vector<const CallNode *> stack = {tensor.call.get()};
    while (!stack.empty()) {
      const CallNode *call = stack.back();
      if (call && !numbers.contains(call)) {
        size_t before = stack.size();
        for (auto input = call->inputs.rbegin(); input != call->inputs.rend(); ++input)
          if (!numbers.contains(input->call.get()))
            stack.push_back(input->call.get());
        if (stack.size() > before)
          continue;
        enter(*call);
      }
      stack.pop_back();
    }
  }

  Json layers() {
    Json specs = Json::array();
    for (const auto &[layer, calls] : order) {
      Json spec = specOf(*layer, names.at(layer));
      spec["name"] = names.at(layer);
      spec["inbound_nodes"] = Json::array();
      for (const CallNode *call : calls)
        if (layer->className != "InputLayer")
          spec["inbound_nodes"].push_back(nodeOf(*call));
      specs.push_back(std::move(spec));
    }
    return specs;
  }

  /// `firstCall` is 1 where Keras counts a nested model's own graph as its call 0.
  Json triple(const KerasTensor &tensor, int firstCall = 0) const {
    auto number = numbers.find(tensor.call.get());
    if (number == numbers.end())
      return {"(a tensor of no layer)", 0, 0};
    return {names.at(tensor.call->layer.get()), number->second + firstCall, tensor.index};
  }

  Json outputTriple(const KerasTensor &tensor) const {
    return triple(tensor, tensor.call && tensor.call->layer->className == "Functional" ? 1 : 0);
  }

private:
  void enter(const CallNode &call) {
    const LayerNode *layer = call.layer.get();
    auto [position, isNew] = positions.emplace(layer, order.size());
    if (isNew) {
      order.push_back({layer, {}});
      names[layer] = namer.name(*layer);
    }
    auto &calls = order[position->second].second;
    numbers[&call] = static_cast<int>(calls.size());
    calls.push_back(&call);
  }

  Json nodeOf(const CallNode &call) const {
    Json tensors = Json::array();
    for (const KerasTensor &input : call.inputs)
      tensors.push_back(
          {{"class_name", "__keras_tensor__"}, {"config", tensorConfig(triple(input))}});
    Json args = call.inputsAreList ? Json::array({std::move(tensors)}) : std::move(tensors);
    return {{"args", std::move(args)}, {"kwargs", Json::object()}};
  }

  Namer namer;
  std::vector<std::pair<const LayerNode *, std::vector<const CallNode *>>> order;
  std::map<const LayerNode *, size_t> positions;
  std::map<const LayerNode *, std::string> names;
  std::map<const CallNode *, int> numbers; ///< of the call among those of its layer
};
} // namespace

LayerHandle::LayerHandle(std::string className, Json config)
    : node(std::make_shared<const LayerNode>(std::move(className), std::move(config))) {}

KerasTensor LayerHandle::operator()(const KerasTensor &input) const {
  return {std::make_shared<const CallNode>(node, std::vector{input}, false), 0};
}

KerasTensor LayerHandle::operator()(const std::vector<KerasTensor> &inputs) const {
  return {std::make_shared<const CallNode>(node, inputs, true), 0};
}

std::vector<KerasTensor> LayerHandle::call(const std::vector<KerasTensor> &inputs) const {
  auto made = std::make_shared<const CallNode>(node, inputs, inputs.size() != 1);
  auto outputs = node->config.find("output_layers");
  bool single = outputs == node->config.end() || (!outputs->empty() && outputs->at(0).is_string());
  size_t count = single ? 1 : outputs->size();
  std::vector<KerasTensor> results;
  results.reserve(count);
  for (size_t i = 0; i < count; ++i)
    results.push_back({made, static_cast<int>(i)});
  return results;
}

Expected<Model> ModelBuilder::toModel() const {
  Model model = HORNET_TRY(modelFromConfig(toConfig(), "", "the model"));
  model.weights = weights;
  return model;
}

Expected<void> ModelBuilder::loadWeights(const std::string &path) {
  Model opened;
  HORNET_TRY(keras::loadWeights(opened, path));
  weights = std::move(opened.weights);
  return {};
}

ModelBuilder::operator LayerHandle() const {
  if (!asLayer) {
    Json spec = toConfig();
    asLayer.emplace(spec["class_name"].get<std::string>(), spec["config"]);
  }
  return *asLayer;
}

Sequential::Sequential(std::initializer_list<LayerHandle> layers, std::string name)
    : name(std::move(name)), layers(layers) {}

void Sequential::add(const KerasTensor &input) {
  if (input.call)
    layers.push_back({input.call->layer->className, input.call->layer->config});
}

Json Sequential::toConfig() const {
  Namer namer;
  Json specs = Json::array();
  for (const LayerHandle &layer : layers)
    specs.push_back(specOf(*layer.node, namer.name(*layer.node)));
  return modelSpec("Sequential", name, {{"layers", std::move(specs)}});
}

Json Functional::toConfig() const {
  GraphWriter writer;
  for (const KerasTensor &input : inputs)
    writer.visit(input);
  for (const KerasTensor &output : outputs)
    writer.visit(output);
  Json config = {{"layers", writer.layers()},
                 {"input_layers", Json::array()},
                 {"output_layers", Json::array()}};
  for (const KerasTensor &input : inputs)
    config["input_layers"].push_back(writer.triple(input));
  for (const KerasTensor &output : outputs)
    config["output_layers"].push_back(writer.outputTriple(output));
  for (const char *key : {"input_layers", "output_layers"})
    if (Json &ports = config[key]; ports.size() == 1)
      ports = Json(ports[0]); // a list of one would make Keras answer with one
  return modelSpec("Functional", name, std::move(config));
}

} // namespace hornet::keras
