#include "keras/Config.h"
#include "keras/Keras1.h"

#include <fmt/format.h>
#include <map>

namespace hornet::keras {
namespace {

Json triple(const std::string &layer, int call = 0) { return {layer, call, 0}; }

/// Builds a functional model of the layers of a Sequential and of the branches that it merges. All
/// of them become layers of the one model, since that is how Keras 1 counts them in its files of
/// weights; a layer that several branches share is called for each of them.
class BranchBuilder {
public:
  /// The tensor that the layers compute.
  Json chain(const Json &specs, const std::string &name, int depth) {
    Json tensor;
    for (const Json &spec : specs) {
      if (!spec.is_object() || depth > 32)
        continue;
      const Json config = spec.value("config", Json());
      if (tensor.is_null() && config.is_object() && config.contains("branches"))
        tensor = merge(spec, depth);
      else if (tensor.is_null() && spec.value("class_name", Json()) == "InputLayer")
        tensor = call(spec, Json());
      else if (tensor.is_null())
        tensor = call(spec, input(spec, name));
      else
        tensor = call(spec, Json::array({tensor}));
    }
    return tensor;
  }

  Json finish(const Json &output, const std::string &name) {
    Json list = Json::array();
    for (const std::string &layer : order)
      list.push_back(layers[layer]);
    return {{"class_name", "Model"},
            {"config",
             {{"name", name},
              {"layers", std::move(list)},
              {"input_layers", inputs},
              {"output_layers", Json::array({output})}}}};
  }

private:
  Json merge(Json spec, int depth) {
    Json tensors = Json::array();
    for (const Json &branch : spec["config"]["branches"])
      tensors.push_back(branchOf(branch, depth + 1));
    spec["config"].erase("branches");
    return call(spec, tensors);
  }

  Json branchOf(const Json &branch, int depth) {
    const Json config = branch.is_object() ? branch.value("config", Json()) : Json();
    if (config.is_array()) // a Sequential
      return chain(config, "", depth);
    if (!config.is_object() || !config.contains("layers"))
      return chain(Json::array({branch}), "", depth);
    if (!config.contains("output_layers"))
      return chain(config["layers"], "", depth);
    for (const Json &layer : config["layers"]) // a functional model
      add(layer);
    for (const Json &port : config.value("input_layers", Json::array()))
      if (std::find(inputs.begin(), inputs.end(), port) == inputs.end())
        inputs.push_back(port);
    const Json &outputs = config["output_layers"];
    return outputs.is_array() && !outputs.empty() ? outputs[0] : Json();
  }

  /// The tensors that the first layer of a branch takes: from an InputLayer of its own.
  Json input(const Json &first, const std::string &) {
    std::string name = nameOf(first) + "_input";
    const Json config = first.value("config", Json::object());
    Json shape = config.is_object() ? config.value("batch_input_shape", Json()) : Json();
    Json layer = {{"class_name", "InputLayer"},
                  {"name", name},
                  {"config", {{"name", name}, {"batch_input_shape", shape}, {"dtype", "float32"}}},
                  {"inbound_nodes", Json::array()}};
    if (!layers.contains(name)) {
      add(layer);
      inputs.push_back(triple(name));
    }
    return Json::array({triple(name)});
  }

  /// One more call of the layer, on `tensors`; null for an InputLayer.
  Json call(Json spec, const Json &tensors) {
    std::string name = nameOf(spec);
    if (!layers.contains(name)) {
      spec["name"] = name;
      spec["inbound_nodes"] = Json::array();
      add(spec);
      if (tensors.is_null())
        inputs.push_back(triple(name));
    }
    if (tensors.is_null())
      return triple(name);
    if (!layers[name].is_object()) // which reading the model reports
      return {};
    Json &nodes = layers[name]["inbound_nodes"];
    if (!nodes.is_array())
      nodes = Json::array();
    nodes.push_back(tensors);
    return triple(name, static_cast<int>(nodes.size()) - 1);
  }

  void add(const Json &spec) {
    std::string name = nameOf(spec);
    if (layers.emplace(name, spec).second)
      order.push_back(name);
  }

  /// Nested Sequentials have no names in Keras 1.
  std::string nameOf(const Json &spec) {
    const Json config = spec.is_object() ? spec.value("config", Json()) : Json();
    for (const Json *holder : {&config, &spec})
      if (holder->is_object() && holder->contains("name") && (*holder)["name"].is_string())
        return (*holder)["name"].get<std::string>();
    return fmt::format("sequential_{}", order.size() + 1);
  }

  std::map<std::string, Json> layers;
  std::vector<std::string> order;
  Json inputs = Json::array();
};

} // namespace

Json mergeBranches(const Json &layers, const std::string &name) {
  BranchBuilder builder;
  Json output = builder.chain(layers, name, 0);
  return builder.finish(output, name);
}

} // namespace hornet::keras
