#include "keras/Config.h"
#include "keras/Keras1.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <fmt/format.h>
#include <map>

namespace hornet::keras {
namespace {

/// Deeper nesting is a mistake or an attack: reading and importing recurse once a level.
constexpr int deepestNesting = 64;
constexpr std::array<std::string_view, 3> modelClasses = {"Sequential", "Functional", "Model"};

/// Which keys of a layer's config hold layers, and what Keras 3 calls these in files of weights.
struct WrapperKey {
  std::string_view className;
  const char *key, *role;
};
constexpr WrapperKey wrapperKeys[] = {
    {"Bidirectional", "layer", "forward_layer"},
    {"Bidirectional", "backward_layer", "backward_layer"},
    {"Pipeline", "layers", "layers"},
    {"RNN", "cell", "cell"},
    {"SpectralNormalization", "layer", "layer"},
    {"StackedRNNCells", "cells", "cells"},
    {"TimeDistributed", "layer", "layer"},
};

bool isModelClass(std::string_view name) { return std::ranges::count(modelClasses, name); }

/// The string at `key`; empty when absent or something else.
std::string text(const Json &json, const char *key) {
  auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

/// The value at `key` of an object; null when there is none.
const Json &at(const Json &json, const char *key) {
  static const Json null;
  auto found = json.is_object() ? json.find(key) : json.end();
  return found == json.end() ? null : *found;
}

/// Reads one model and, recursively, those nested in it.
class ConfigReader {
public:
  ConfigReader(Generation generation, Report report, int depth)
      : generation(generation), report(std::move(report)), depth(depth) {}

  /// Nothing when there is no list of layers.
  std::optional<Model> read(const Json &spec) {
    size_t before = report.problems.size();
    const Json &config = at(spec, "config");
    model.file = report.file;
    model.generation = generation;
    model.className = text(spec, "class_name");
    model.name = config.is_object() ? text(config, "name") : "";
    if (model.name.empty())
      model.name = !text(spec, "name").empty() ? text(spec, "name") : toSnakeCase(model.className);
    model.trainable = at(config, "trainable") != false;
    const Json &layers = config.is_array() ? config : at(config, "layers");
    if (depth > deepestNesting) {
      report.add("layers", fmt::format("models are nested more than {} deep", deepestNesting));
      return std::nullopt;
    }
    if (!layers.is_array()) {
      report.add("layers", fmt::format("'layers' is {}, a list was expected", describe(layers)));
      return std::nullopt;
    }
    if (layers.empty()) {
      report.add("layers", "the model has no layers");
      return std::nullopt;
    }
    for (const Json &layer : layers) {
      std::optional<Layer> read = readLayer(layer);
      model.layers.push_back(read ? std::move(*read) : unreadLayer(layer));
    }
    model.isSequential() ? chain(spec) : connect(layers, config);
    checkGraph(model, report);
    model.problems.assign(report.problems.begin() + static_cast<ptrdiff_t>(before),
                          report.problems.end());
    return std::move(model);
  }

private:
  static std::string nameOf(const Json &spec) {
    const Json &config = at(spec, "config");
    std::string name = config.is_object() ? text(config, "name") : "";
    return !name.empty() || !spec.is_object() ? name : text(spec, "name");
  }

  /// What stands for a layer that was reported: other layers may take its results.
  static Layer unreadLayer(const Json &spec) {
    Layer layer;
    layer.name = nameOf(spec);
    layer.config = Json::object();
    return layer;
  }

  /// Nothing, and reported, when what it is cannot be told.
  std::optional<Layer> readLayer(const Json &spec) {
    Layer layer;
    const Json &config = at(spec, "config");
    layer.className = spec.is_object() ? text(spec, "class_name") : "";
    if (layer.className.empty()) {
      report.add("layers", "a layer has no class_name");
      return std::nullopt;
    }
    layer.name = nameOf(spec);
    bool isModel = isModelClass(layer.className);
    if (layer.name.empty() && isModel) // Keras 2.0 saved a nested Sequential without its name
      layer.name = fmt::format("{}_{}", toSnakeCase(layer.className), model.layers.size() + 1);
    if (layer.name.empty()) {
      report.add(layer, "name", "the layer has no name");
      return std::nullopt;
    }
    layer.module = text(spec, "module");
    layer.registeredName = text(spec, "registered_name");
    if (!isModel && !config.is_object()) {
      report.add(layer, "config",
                 fmt::format("config is {}, an object was expected", describe(config)));
      return std::nullopt;
    }
    if (!isModel)
      layer.config = config;
    bool whole = isModel ? readNested(spec, layer) : readWrapped(layer);
    return whole ? std::optional(std::move(layer)) : std::nullopt;
  }

  /// False when one of them could not be read.
  bool readWrapped(Layer &layer) {
    bool whole = true;
    std::map<std::string, int> count;
    for (const auto &[className, key, role] : wrapperKeys) {
      if (layer.className != className || !layer.config.is_object())
        continue;
      const Json &found = at(layer.config, key);
      if (found.is_null() || ++depth > deepestNesting)
        continue;
      for (const Json &spec : found.is_array() ? found : Json::array({found})) {
        std::optional<Layer> inner = readLayer(spec);
        whole = whole && inner;
        if (inner) {
          inner->role = role;
          if (found.is_array()) {
            std::string name = toSnakeCase(inner->className);
            int number = count[name]++;
            inner->role += "/" + (number ? fmt::format("{}_{}", name, number) : name);
          }
          layer.wrapped.push_back(std::move(*inner));
        }
      }
      --depth;
    }
    if (layer.className == "Bidirectional" && layer.wrapped.size() == 1)
      addBackward(layer);
    return whole;
  }

  /// The copy that Keras makes of a Bidirectional's layer, to go the other way.
  static void addBackward(Layer &layer) {
    Layer &forward = layer.wrapped.front();
    std::string name = forward.name;
    Layer backward = forward;
    backward.role = "backward_layer";
    backward.name = "backward_" + name;
    forward.name = "forward_" + name;
    if (backward.config.is_object())
      backward.config["go_backwards"] = at(backward.config, "go_backwards") != true;
    layer.wrapped.push_back(std::move(backward));
  }

  /// False when there is no list of layers.
  bool readNested(const Json &spec, Layer &layer) {
    Report nested{report.file, report.path + layer.name + "/", report.problems};
    std::optional<Model> inner = ConfigReader(generation, std::move(nested), depth + 1).read(spec);
    if (!inner)
      return false;
    inner->name = layer.name;
    // Without its layers, which would be kept once for every level around them.
    layer.config = {{"name", layer.name}, {"trainable", inner->trainable}};
    layer.model = std::make_shared<const Model>(std::move(*inner));
    return true;
  }

  /// A functional model: the file says who calls whom.
  void connect(const Json &specs, const Json &config) {
    std::set<std::string> names;
    for (const Layer &layer : model.layers)
      names.insert(layer.name);
    auto spec = specs.begin();
    for (Layer &layer : model.layers) {
      if (layer.isInput())
        layer.calls.emplace_back();
      else if (layer.className.empty())
        layer.calls.emplace_back().unread = true;
      else if (auto nodes = spec->find("inbound_nodes"); nodes != spec->end())
        layer.calls = readNodes(*nodes, names, layer, report);
      ++spec;
    }
    model.inputs = readPorts(config, "input_layers", report);
    model.outputs = readPorts(config, "output_layers", report);
  }

  /// A Sequential: each layer takes the output of the one before.
  void chain(const Json &spec) {
    const Layer &first = model.layers.front();
    if (!first.isInput() && !first.className.empty())
      model.layers.insert(model.layers.begin(), impliedInput(spec));
    const Layer *previous = nullptr;
    for (Layer &layer : model.layers) {
      Call &call = layer.calls.emplace_back();
      call.unread = layer.className.empty();
      if (previous) {
        call.inputs.push_back({previous->name, 0, 0});
        call.args.push_back({{std::string(tensorKey), 0}});
        if (layer.isInput())
          report.add(layer, "layers", "an InputLayer comes after another layer of a Sequential",
                     "make it the first layer");
      }
      previous = &layer;
    }
    const Layer &input = model.layers.front();
    model.inputs = {
        {input.name, {input.name, input.className.empty() ? TensorRef::unknownCall : 0, 0}}};
    model.outputs = {{previous->name, {previous->name, 0, 0}}};
  }

  /// The InputLayer that Keras makes for a Sequential which begins with another layer.
  Layer impliedInput(const Json &spec) {
    const Layer &first = model.layers.front();
    Layer input;
    input.name = first.name + "_input";
    input.className = "InputLayer";
    input.implied = true;
    input.config = {{"name", input.name}, {"batch_shape", impliedShape(first, spec)}};
    if (first.model && first.model->inputs.size() == 1)
      if (const Layer *inner = first.model->find(first.model->inputs[0].tensor.layer))
        input.config["dtype"] = at(inner->config, "dtype");
    if (!at(input.config, "dtype").is_string())
      input.config["dtype"] = "float32";
    return input;
  }

  static Json impliedShape(const Layer &first, const Json &spec) {
    for (const char *key : {"batch_input_shape", "batch_shape"})
      if (const Json &shape = at(first.config, key); !shape.is_null())
        return shape;
    if (const Json &shape = at(first.config, "input_shape"); shape.is_array()) {
      Json withBatch = {nullptr};
      withBatch.insert(withBatch.end(), shape.begin(), shape.end());
      return withBatch;
    }
    // Of an Embedding it is the size of its vocabulary.
    if (const Json &size = at(first.config, "input_dim");
        first.className == "Dense" && !size.is_null())
      return {nullptr, size};
    if (const Json &shape = at(at(spec, "config"), "build_input_shape"); shape.is_array())
      return shape;
    if (const Json &shape = at(at(spec, "build_config"), "input_shape"); shape.is_array())
      return shape;
    if (first.model && first.model->inputs.size() == 1)
      if (const Layer *inner = first.model->find(first.model->inputs[0].tensor.layer))
        for (const char *key : {"batch_shape", "batch_input_shape"})
          if (const Json &shape = at(inner->config, key); !shape.is_null())
            return shape;
    return nullptr;
  }

  Generation generation;
  Report report;
  int depth;
  Model model;
};

Generation generationOf(const Json &spec, const std::string &version) {
  if (!version.empty())
    return version.starts_with("1.") || version.starts_with("0.") ? Generation::keras1
           : version.starts_with("2.")                            ? Generation::keras2
                                                                  : Generation::keras3;
  return spec.contains("module") ? Generation::keras3 : Generation::keras2;
}

/// What is wrong with the outermost object; empty: nothing.
std::string classProblem(const Json &spec) {
  std::string name = text(spec, "class_name");
  if (isModelClass(name))
    return "";
  if (name.empty())
    return "there is no class_name: this is no Keras model";
  if (at(at(spec, "config"), "layers").is_array())
    return fmt::format("there is no model class '{}'", name);
  return fmt::format("the model is of class '{}', not Sequential or Functional", name);
}
} // namespace

std::string describe(const Json &json) {
  if (json.is_null())
    return "missing";
  if (json.is_array())
    return "a list";
  if (json.is_number())
    return "a number";
  return json.is_object() ? "an object" : fmt::format("a {}", json.type_name());
}

std::string toSnakeCase(std::string_view className) {
  auto isUpper = [](char c) { return std::isupper(static_cast<unsigned char>(c)) != 0; };
  auto isLower = [](char c) { return std::islower(static_cast<unsigned char>(c)) != 0; };
  std::string words; // "FooBARBaz" -> "Foo_BAR_Baz": before a capital that small letters follow
  for (size_t i = 0; i < className.size(); ++i) {
    char c = className[i], next = i + 1 < className.size() ? className[i + 1] : ' ';
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_')
      continue;
    if (!words.empty() && isUpper(c) && (isLower(next) || isLower(words.back())))
      words += '_';
    words += c;
  }
  for (char &c : words)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return words;
}

Expected<Model> modelFromConfig(const Json &json, const std::string &file,
                                const std::string &attribute) {
  Model model = HORNET_TRY(examineConfig(json, file, attribute));
  if (!model.problems.empty())
    return tl::unexpected<Error>(InputError{std::move(model.problems)});
  return model;
}

Expected<Model> examineConfig(const Json &original, const std::string &file,
                              const std::string &attribute) {
  auto wrong = [&](std::string where, std::string reason, std::string mend) {
    return inputError({file, "", "", std::move(where), std::move(reason), std::move(mend)});
  };
  if (!original.is_object())
    return wrong(attribute, fmt::format("is {}, an object was expected", describe(original)),
                 "save the model again with Keras");
  std::string version = text(original, "keras_version");
  bool first = isKeras1(original, version);
  Json json = first ? HORNET_TRY(respellKeras1(original, file)) : original;
  if (std::string reason = classProblem(json); !reason.empty())
    return wrong("class_name", std::move(reason),
                 "only Sequential and functional models hold their own structure: rebuild the "
                 "model as one of them and save that");
  std::vector<Problem> problems;
  Report report{file, "", problems};
  bool second = version.starts_with("2."); // with a layer of Keras 1
  Generation generation = first && !second ? Generation::keras1 : generationOf(json, version);
  std::optional<Model> model = ConfigReader(generation, std::move(report), 1).read(json);
  if (!model)
    return tl::unexpected<Error>(InputError{std::move(problems)});
  model->kerasVersion = std::move(version);
  model->backend = text(json, "backend");
  model->source = std::make_shared<const Json>(std::move(json));
  return std::move(*model);
}

} // namespace hornet::keras
