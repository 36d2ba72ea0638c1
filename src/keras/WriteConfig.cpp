#include "keras/WriteConfig.h"
#include "keras/Config.h"
#include "keras/LayerKeys.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace hornet::keras {
namespace {

/// Operations of Keras 3 that share their name with a layer.
constexpr std::array operations = std::to_array<std::string_view>(
    {"Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot"});

/// The tensors of a model's inputs or outputs, for every form in which a file lists them.
bool isPort(const Json &json) {
  return json.is_array() && json.size() >= 3 && json[0].is_string() && json[1].is_number();
}

/// Writes one model and those nested in it.
class ConfigWriter {
public:
  enum Form { hdf5, archive };
  ConfigWriter(Generation target, Form form, Report report)
      : target(target), form(form), report(std::move(report)) {}

  Json write(const Model &model, const Json &spec) {
    same = (model.generation == Generation::keras3) == (target == Generation::keras3);
    const Json &old = spec["config"];
    Json config = old.is_object() ? old : Json::object();
    config["name"] = model.name;
    const Json &oldLayers = old.is_object() ? old["layers"] : old;
    Json layers = Json::array();
    for (int i : layerOrder(model)) {
      const Layer &layer = model.layers[i];
      size_t implied = model.layers.front().implied ? 1 : 0;
      if (!layer.implied)
        layers.push_back(writeLayer(model, layer, oldLayers[i - implied]));
      else if (!same && !layer.config["batch_shape"].is_null())
        layers.push_back(impliedInput(layer));
    }
    config["layers"] = std::move(layers);
    if (!same && !model.isSequential()) {
      writePorts(model, config, "input_layers", model.inputs);
      writePorts(model, config, "output_layers", model.outputs);
    }
    if (!same)
      config.erase("dtype"); // of the model: what its layers have counts
    return {{"class_name", classOf(model)}, {"config", std::move(config)}};
  }

private:
  bool keras3() const { return target == Generation::keras3; }

  std::string classOf(const Model &model) const {
    return model.className == "Model" && keras3() ? "Functional" : model.className;
  }

  Json writeLayer(const Model &model, const Layer &layer, const Json &old) {
    Json spec = old;
    if (layer.model)
      writeNested(model, layer, spec);
    else if (!same)
      convert(layer, spec["config"]);
    else if (!keras3())
      simplify(layer, spec["config"]);
    if (!keras3() || !same)
      for (const char *key : {"module", "registered_name", "build_config"})
        spec.erase(key);
    if (keras3() && (form == archive || !same))
      addModule(layer, spec);
    if (!model.isSequential()) {
      spec["name"] = layer.name;
      if (!same)
        spec["inbound_nodes"] = writeNodes(layer);
    }
    return spec;
  }

  void writeNested(const Model &model, const Layer &layer, Json &spec) {
    // The generations number a nested model's calls differently, and each refuses the other's.
    if (!same && !keras3() && !model.isSequential())
      problem(layer, "it is a model inside a functional model");
    Report nested{report.file, report.path + layer.name + "/", report.problems};
    Json inner = ConfigWriter(target, form, std::move(nested)).write(*layer.model, spec);
    for (auto &[key, value] : inner.items())
      spec[key] = std::move(value);
  }

  /// What only some versions know goes where it says nothing, so that more of them open the file.
  static void simplify(const Layer &layer, Json &config) {
    dropDefaults(layer.className, config);
    Json respelled = config;
    if (inBothGenerations(layer.className) && toKeras2(layer.className, respelled).empty())
      config = std::move(respelled);
  }

  void convert(const Layer &layer, Json &config) {
    if (!inBothGenerations(layer.className))
      return problem(layer,
                     fmt::format("Keras {} has no such layer, or writes it in a way not known here",
                                 keras3() ? 3 : 2));
    dropDefaults(layer.className, config);
    std::string reason =
        keras3() ? toKeras3(layer.className, config) : toKeras2(layer.className, config);
    if (!reason.empty())
      problem(layer, std::move(reason));
  }

  static void addModule(const Layer &layer, Json &spec) {
    if (spec.contains("module"))
      return;
    // A layer takes several tensors as one list, an operation as several arguments.
    bool operation = !layer.calls.empty() && layer.calls[0].args.size() > 1 &&
                     std::ranges::count(operations, layer.className);
    if (operation)
      spec["module"] = "keras.src.ops.numpy";
    else if (layer.model)
      return addModelModule(spec);
    else if (inBothGenerations(layer.className))
      spec["module"] = "keras.layers";
    else
      return; // Keras looks for the class by its name
    spec["registered_name"] = operation ? Json(layer.className) : Json();
  }

  Json impliedInput(const Layer &layer) const {
    Json config = {{keras3() ? "batch_shape" : "batch_input_shape", layer.config["batch_shape"]},
                   {"dtype", layer.config["dtype"]},
                   {"sparse", false},
                   {"name", layer.name}};
    Json spec = {{"class_name", "InputLayer"}, {"config", std::move(config)}};
    if (keras3())
      addModule(layer, spec);
    return spec;
  }

  Json writeNodes(const Layer &layer) {
    Json nodes = Json::array();
    if (!layer.isInput())
      for (const Call &call : layer.calls)
        nodes.push_back(keras3() ? node3(call) : node2(layer, call));
    return nodes;
  }

  static Json node3(const Call &call) {
    return {{"args", withTensors(call, call.args)}, {"kwargs", withTensors(call, call.kwargs)}};
  }

  static Json withTensors(const Call &call, const Json &json) {
    if (!json.is_structured())
      return json;
    if (json.is_object() && json.contains(tensorKey)) {
      const TensorRef &ref = call.inputs[json[std::string(tensorKey)].get<size_t>()];
      return {{"class_name", "__keras_tensor__"},
              {"config", tensorConfig({ref.layer, ref.call, ref.tensor})}};
    }
    Json result = json;
    for (auto &[key, value] : result.items())
      value = withTensors(call, value);
    return result;
  }

  /// [["name", call, tensor, kwargs], …]; Keras 3 takes no other form of Keras 2's.
  Json node2(const Layer &layer, const Call &call) {
    Json kwargs = Json::object();
    for (const auto &[key, value] : call.kwargs.items())
      if (!value.is_null())
        kwargs[key] = value;
    const Json *tensors = call.args.size() == 1 ? &call.args[0] : nullptr;
    Json list = tensors && tensors->is_object() ? Json::array({*tensors})
                : tensors                       ? *tensors
                                                : Json();
    bool plain = list.is_array() && list.size() == call.inputs.size() &&
                 kwargs.dump().find(tensorKey) == std::string::npos;
    Json node = Json::array();
    for (size_t i = 0; plain && i < list.size(); ++i) {
      plain = list[i] == Json({{std::string(tensorKey), i}});
      const TensorRef &ref = call.inputs[i];
      node.push_back({ref.layer, ref.call, ref.tensor, kwargs});
    }
    if (!plain)
      problem(layer, "it is called in a way that Keras 2 does not write");
    return node;
  }

  /// Tensor lists keep the form that they have in the file, but a single tensor needs none: what
  /// Keras 2 lists alone, Keras 3 would hand out as a list of one.
  void writePorts(const Model &model, Json &config, const char *key,
                  const std::vector<Port> &ports) {
    auto triple = [&](const Port &port) {
      const Layer *layer = model.find(port.tensor.layer);
      bool fromOne = layer && layer->model && keras3() && !layer->model->isSequential();
      return Json({port.tensor.layer, port.tensor.call + (fromOne ? 1 : 0), port.tensor.tensor});
    };
    if (const Json &old = config[key];
        !keras3() && !isPort(old) && !(old.is_array() && std::ranges::all_of(old, isPort)))
      report.add(key, fmt::format("{} is not a list of tensors", key));
    size_t next = 0;
    auto replace = [&](auto &self, Json &json) -> void {
      if (isPort(json))
        json = triple(ports[next++]);
      else
        for (auto &[name, value] : json.items())
          self(self, value);
    };
    if (keras3() && ports.size() == 1 && config[key].is_array())
      config[key] = triple(ports[0]);
    else
      replace(replace, config[key]);
  }

  void problem(const Layer &layer, std::string reason) {
    report.add(layer, "", std::move(reason), "save it as .h5 instead");
  }

  Generation target;
  Form form;
  Report report;
  bool same = true; ///< the target's generation is the model's
};

} // namespace

void addModelModule(Json &spec) {
  // Functional is no public name of Keras's.
  bool functional = spec["class_name"] == "Functional";
  spec["module"] = functional ? "keras.src.models.functional" : "keras";
  spec["registered_name"] = functional ? Json("Functional") : Json();
}

Json tensorConfig(Json history) {
  return {{"shape", Json::array()}, {"dtype", "float32"}, {"keras_history", std::move(history)}};
}

Expected<Json> configForHdf5(const Model &model) {
  if (!model.source)
    return internalError("a model without its configuration");
  for (Generation target : {Generation::keras2, Generation::keras3}) {
    std::vector<Problem> problems;
    ConfigWriter writer(target, ConfigWriter::hdf5, {model.file, "", problems});
    Json spec = writer.write(model, *model.source);
    if (problems.empty())
      return spec;
  }
  return internalError("a configuration does not fit its own generation");
}

Expected<Json> configForArchive(const Model &model) {
  std::vector<Problem> problems;
  if (!model.source)
    return internalError("a model without its configuration");
  Json spec = ConfigWriter(Generation::keras3, ConfigWriter::archive, {model.file, "", problems})
                  .write(model, *model.source);
  if (!problems.empty())
    return tl::unexpected<Error>(InputError{std::move(problems)});
  const Json &source = *model.source;
  bool same = model.generation == Generation::keras3;
  if (same && source.contains("module"))
    for (const char *key : {"module", "registered_name", "build_config"}) {
      if (source.contains(key))
        spec[key] = source[key];
    }
  else
    addModelModule(spec);
  return spec;
}

} // namespace hornet::keras
