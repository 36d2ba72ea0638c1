#include "keras/Config.h"
#include "keras/Keras1.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <functional>
#include <set>

namespace hornet::keras {
namespace {

/// `keras2` empty: the key says nothing for Keras 2.
struct Renaming {
  std::string_view className, keras1, keras2;
};

constexpr std::array classNames = std::to_array<Renaming>({
    {"Convolution1D", "", "Conv1D"},
    {"Convolution2D", "", "Conv2D"},
    {"Convolution3D", "", "Conv3D"},
    {"AtrousConvolution1D", "", "Conv1D"},
    {"AtrousConvolution2D", "", "Conv2D"},
    {"Deconvolution2D", "", "Conv2DTranspose"},
    {"SeparableConvolution2D", "", "SeparableConv2D"},
    {"TimeDistributedDense", "", "Dense"},
});

/// By the class of Keras 2; without a class, of all that the table does not name.
constexpr std::array keyNames = std::to_array<Renaming>({
    {"Embedding", "init", "embeddings_initializer"},
    {"Embedding", "W_regularizer", "embeddings_regularizer"},
    {"Embedding", "W_constraint", "embeddings_constraint"},
    {"Embedding", "dropout", ""},
    {"BatchNormalization", "beta_init", "beta_initializer"},
    {"BatchNormalization", "gamma_init", "gamma_initializer"},
    {"PReLU", "init", "alpha_initializer"},
    {"GaussianNoise", "sigma", "stddev"},
    {"UpSampling1D", "length", "size"},
    {"Conv2DTranspose", "output_shape", "output_shape"}, // which says the output_padding
    {"SeparableConv2D", "init", "depthwise_initializer"},
    {"Dropout", "p", "rate"},
    {"SpatialDropout1D", "p", "rate"},
    {"SpatialDropout2D", "p", "rate"},
    {"SpatialDropout3D", "p", "rate"},
    {"GaussianDropout", "p", "rate"},
    {"Dense", "output_dim", "units"},
    {"LSTM", "output_dim", "units"},
    {"GRU", "output_dim", "units"},
    {"SimpleRNN", "output_dim", "units"},
    {"", "nb_filter", "filters"},
    {"", "filter_length", "kernel_size"},
    {"", "subsample", "strides"},
    {"", "subsample_length", "strides"},
    {"", "atrous_rate", "dilation_rate"},
    {"", "pool_length", "pool_size"},
    {"", "stride", "strides"},
    {"", "border_mode", "padding"},
    {"", "bias", "use_bias"},
    {"", "dropout_W", "dropout"},
    {"", "dropout_U", "recurrent_dropout"},
    {"", "inner_activation", "recurrent_activation"},
    {"", "inner_init", "recurrent_initializer"},
    {"", "init", "kernel_initializer"},
    {"", "W_regularizer", "kernel_regularizer"},
    {"", "U_regularizer", "recurrent_regularizer"},
    {"", "b_regularizer", "bias_regularizer"},
    {"", "W_constraint", "kernel_constraint"},
    {"", "U_constraint", "recurrent_constraint"},
    {"", "b_constraint", "bias_constraint"},
    {"", "input_dtype", ""},
    {"", "create_input_layer", ""},
});

/// Several keys that became a list under one.
struct Gathering {
  std::array<std::string_view, 3> keras1;
  std::string_view keras2;
};
constexpr std::array gathered = std::to_array<Gathering>({
    {{"nb_row", "nb_col", ""}, "kernel_size"},
    {{"kernel_dim1", "kernel_dim2", "kernel_dim3"}, "kernel_size"},
});

/// Classes whose configs do not say the order of their dimensions in Keras 1, but depend on it.
constexpr std::array silentClasses = std::to_array<std::string_view>(
    {"UpSampling2D", "UpSampling3D", "ZeroPadding2D", "ZeroPadding3D", "Cropping2D", "Cropping3D"});

/// What only Keras 1 writes: a key, and of whose layers' configs ("" of any).
constexpr std::array keras1Keys = std::to_array<Renaming>({{"", "nb_filter", ""},
                                                           {"", "border_mode", ""},
                                                           {"", "dim_ordering", ""},
                                                           {"", "W_regularizer", ""},
                                                           {"", "consume_less", ""},
                                                           {"", "pool_length", ""},
                                                           {"Dense", "output_dim", ""},
                                                           {"Dropout", "p", ""}});

/// Layers of Keras 1 that early versions of Keras 2 have, too, spelled as before.
constexpr std::array keptClasses =
    std::to_array<std::string_view>({"Merge", "MaxoutDense", "Highway"});

struct MergeMode {
  std::string_view mode, className;
};
constexpr std::array mergeModes = std::to_array<MergeMode>({{"sum", "Add"},
                                                            {"mul", "Multiply"},
                                                            {"ave", "Average"},
                                                            {"max", "Maximum"},
                                                            {"concat", "Concatenate"},
                                                            {"dot", "Dot"}});

const Json *at(const Json &json, std::string_view key) {
  auto found = json.is_object() ? json.find(key) : json.end();
  return json.is_object() && found != json.end() ? &*found : nullptr;
}

std::string text(const Json &json, std::string_view key) {
  const Json *found = at(json, key);
  return found && found->is_string() ? found->get<std::string>() : "";
}

void rename(Json &config, std::string_view from, std::string_view to) {
  auto found = config.find(from);
  if (found == config.end() || from == to)
    return;
  Json value = std::move(*found);
  config.erase(found);
  if (!to.empty() && !config.contains(to))
    config[std::string(to)] = std::move(value);
}

/// {"name": "L1L2Regularizer", "l1": 0.01} and {"name": "MaxNorm", "m": 2} as Keras 2 has them.
void respellObject(Json &object) {
  std::string name = text(object, "name");
  if (name.empty() || object.contains("class_name"))
    return;
  Json config = object;
  config.erase("name");
  if (name == "WeightRegularizer" || name == "L1L2Regularizer")
    name = "L1L2";
  if (name == "MaxNorm")
    rename(config, "m", "max_value");
  object = {{"class_name", std::move(name)}, {"config", std::move(config)}};
}

std::string dataFormat(const std::string &ordering) {
  return ordering == "th" ? "channels_first" : ordering == "tf" ? "channels_last" : "";
}

/// [top, bottom, left, right] and {"top_pad": …} as pairs for each dimension.
void respellPadding(Json &padding) {
  constexpr const char *sides[] = {"top_pad", "bottom_pad", "left_pad", "right_pad"};
  auto side = [&](int i) { return padding.value(sides[i], Json(0)); };
  if (padding.is_object() && padding.contains("top_pad"))
    padding = {{side(0), side(1)}, {side(2), side(3)}};
  else if (padding.is_object())
    padding = {side(2), side(3)};
  else if (padding.is_array() && padding.size() == 4)
    padding = {{padding[0], padding[1]}, {padding[2], padding[3]}};
}

/// The class that a Merge is in Keras 2; a Merge stays what has no such class.
std::string respellMerge(Json &config) {
  const std::string mode = text(config, "mode");
  const auto *row = std::ranges::find(mergeModes, mode, &MergeMode::mode);
  std::string type = text(config, "mode_type");
  if (row == mergeModes.end() || (!type.empty() && type != "raw"))
    return "Merge";
  Json merged = {{"name", config.value("name", Json())},
                 {"trainable", config.value("trainable", Json(true))}};
  if (mode == "concat")
    merged["axis"] = config.value("concat_axis", Json(-1));
  if (mode == "dot")
    merged["axes"] = config.value("dot_axes", Json(-1));
  config = std::move(merged);
  return std::string(row->className);
}

/// Calls `visit` with every layer of a model, those in others included.
void forEachLayer(const Json &json, const std::function<void(const Json &)> &visit, int depth = 0) {
  if (depth > 64)
    return;
  if (json.is_object() && json.contains("class_name"))
    visit(json);
  if (json.is_structured())
    for (const Json &inner : json)
      if (inner.is_structured())
        forEachLayer(inner, visit, depth + 1);
}

bool isModel(const std::string &className) {
  return className == "Sequential" || className == "Model";
}

class Respeller {
public:
  Respeller(const Json &spec, std::vector<Problem> &problems, std::string file)
      : problems(problems), file(std::move(file)) {
    std::set<std::string> orderings;
    forEachLayer(spec, [&](const Json &layer) {
      if (const Json *config = at(layer, "config"))
        if (std::string format = dataFormat(text(*config, "dim_ordering")); !format.empty())
          orderings.insert(format);
    });
    // Images in TensorFlow's order are the rule where no layer says otherwise.
    ordering = orderings.empty()       ? "channels_last"
               : orderings.size() == 1 ? *orderings.begin()
                                       : "";
  }

  Json layer(Json spec, int depth) {
    std::string className = text(spec, "class_name");
    if (depth > 64 || className.empty())
      return spec;
    Json &config = spec["config"];
    if (isModel(className))
      return model(std::move(spec), depth);
    if (!config.is_object())
      return spec;
    if (config.contains("layer"))
      config["layer"] = layer(config["layer"], depth + 1);
    if (config.contains("layers") && config["layers"].is_array())
      for (Json &branch : config["layers"])
        branch = layer(branch, depth + 1);
    std::string missing;
    spec["class_name"] = respellLayer(className, config, ordering, missing);
    if (!missing.empty())
      problems.push_back({file, text(config, "name"), className, missing,
                          "the file does not say in which order this layer has its dimensions, and "
                          "other layers of the model differ in theirs",
                          "write dim_ordering ('th' or 'tf') into its config"});
    return spec;
  }

  Json model(Json spec, int depth) {
    Json &config = spec["config"];
    Json &layers = config.is_object() ? config["layers"] : config;
    if (!layers.is_array())
      return spec;
    for (Json &inner : layers)
      inner = layer(inner, depth + 1);
    bool merges = !layers.empty() && text(spec, "class_name") == "Sequential" &&
                  at(layers[0], "config") && layers[0]["config"].is_object() &&
                  layers[0]["config"].contains(branchesKey);
    if (!merges)
      return spec;
    std::string name = text(spec, "name");
    Json merged = mergeBranches(layers, name.empty() ? "sequential" : name);
    for (const char *key : {"name", "inbound_nodes", "keras_version", "backend"})
      if (spec.contains(key))
        merged[key] = spec[key];
    return merged;
  }

  static constexpr std::string_view branchesKey = "branches";

private:
  std::string ordering;
  std::vector<Problem> &problems;
  std::string file;
};

/// {"name": "Dense", "output_dim": 10, …}, as Keras 0.3 wrote layers, in the form of Keras 1.
Json fromKeras0(const Json &spec, int number, int depth) {
  if (!spec.is_object())
    return spec;
  Json config = spec;
  std::string className = text(spec, "name");
  for (const char *key : {"name", "custom_name", "cache_enabled"})
    config.erase(key);
  config["name"] = text(spec, "custom_name").empty()
                       ? fmt::format("{}_{}", toSnakeCase(className), number)
                       : fmt::format("{}_{}", text(spec, "custom_name"), number);
  if (const Json *inner = at(spec, "layers"); inner && inner->is_array() && depth < 64) {
    Json layers = Json::array();
    for (const Json &layer : *inner)
      layers.push_back(
          fromKeras0(layer, number % 10000 * 100 + static_cast<int>(layers.size()) + 1, depth + 1));
    if (className == "Sequential")
      return {{"class_name", className}, {"name", config["name"]}, {"config", std::move(layers)}};
    config["layers"] = std::move(layers);
  }
  return {{"class_name", className}, {"config", std::move(config)}};
}

} // namespace

std::string_view keras2Name(std::string_view className) {
  const auto *row = std::ranges::find(classNames, className, &Renaming::className);
  return row == classNames.end() ? "" : row->keras2;
}

std::string respellLayer(const std::string &className, Json &config, const std::string &ordering,
                         std::string &missing) {
  if (className == "Merge") {
    Json branches = config.value("layers", Json());
    std::string result = respellMerge(config);
    if (branches.is_array())
      config["branches"] = std::move(branches);
    return result;
  }
  std::string_view later = keras2Name(className);
  std::string result = later.empty() ? className : std::string(later);
  for (auto &[key, value] : config.items())
    if (key.ends_with("_regularizer") || key.ends_with("_constraint"))
      respellObject(value);
  if (const Json *bias = at(config, "forget_bias_init"))
    config["unit_forget_bias"] = *bias == "one";
  config.erase("forget_bias_init");
  if (const std::string mode = text(config, "consume_less"); !mode.empty())
    config["implementation"] = mode == "cpu" ? 0 : mode == "mem" ? 1 : 2;
  config.erase("consume_less");
  if (result == "InputLayer")
    rename(config, "input_dtype", "dtype");
  for (const auto &[names, key] : gathered)
    if (config.contains(names[0])) {
      Json list = Json::array();
      for (std::string_view name : names)
        if (!name.empty())
          list.push_back(config.value(std::string(name), Json())), config.erase(name);
      config[std::string(key)] = std::move(list);
    }
  for (const Renaming &renaming : keyNames)
    if (renaming.className.empty() || renaming.className == result)
      rename(config, renaming.keras1, renaming.keras2);
  if (result.starts_with("ZeroPadding") && config.contains("padding"))
    respellPadding(config["padding"]);
  // The size of the first layer's samples; an Embedding's is that of its vocabulary.
  if (const Json *size = at(config, "input_dim"); size && result != "Embedding") {
    if (size->is_number() && result == "Dense" && !config.contains("batch_input_shape") &&
        !config.contains("input_shape"))
      config["batch_input_shape"] =
          className == "Dense" ? Json{nullptr, *size}
                               : Json{nullptr, config.value("input_length", Json()), *size};
    else if (size->is_number() && !config.contains("batch_input_shape") &&
             !config.contains("input_shape") && config.contains("input_length"))
      config["batch_input_shape"] = {nullptr, config["input_length"], *size};
    config.erase("input_dim");
  }
  if (result != "Embedding")
    config.erase("input_length");
  std::string format = dataFormat(text(config, "dim_ordering"));
  if (config.contains("data_format"))
    return result; // of a later version
  bool silent = std::ranges::count(silentClasses, result) > 0;
  if (format.empty() && (silent || config.contains("dim_ordering"))) {
    format = ordering;
    if (format.empty())
      missing = "dim_ordering";
  }
  config.erase("dim_ordering");
  if (!format.empty())
    config["data_format"] = format;
  return result;
}

bool isKeras1(const Json &spec, const std::string &version) {
  if (version.starts_with("0.") || version.starts_with("1."))
    return true;
  if ((!version.empty() && !version.starts_with("2.")) || at(spec, "module"))
    return false;
  if (text(spec, "class_name").empty() && !text(spec, "name").empty() &&
      (at(spec, "layers") || at(spec, "nodes")))
    return true; // Keras 0.3
  bool found = false;
  forEachLayer(spec, [&](const Json &layer) {
    const Json *config = at(layer, "config");
    std::string className = text(layer, "class_name");
    found = found || std::ranges::count(keptClasses, className) > 0;
    if (!version.empty())
      return;
    found = found || className.starts_with("Convolution");
    for (const Renaming &key : keras1Keys)
      found = found || (config && at(*config, key.keras1) &&
                        (key.className.empty() || key.className == className));
  });
  return found;
}

Expected<Json> respellKeras1(Json spec, const std::string &file) {
  if (spec.is_object() && !spec.contains("class_name") && spec.contains("name"))
    spec = fromKeras0(spec, 1, 0);
  if (std::string name = text(spec, "class_name"); name == "Graph" || name == "Siamese")
    return inputError({file, "", "", "class_name",
                       fmt::format("the model is a {} of Keras 0.3, whose form was given up with "
                                   "Keras 1",
                                   name),
                       "rebuild it as a functional model and save that"});
  std::vector<Problem> problems;
  Json result = Respeller(spec, problems, file).layer(spec, 0);
  if (!problems.empty())
    return tl::unexpected<Error>(InputError{std::move(problems)});
  return result;
}

} // namespace hornet::keras
