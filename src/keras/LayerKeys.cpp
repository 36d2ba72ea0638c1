#include "keras/LayerKeys.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace hornet::keras {
namespace {

/// Compared by the configs that Keras 3.15 and tf_keras 2.21 write.
constexpr std::array commonClasses = std::to_array<std::string_view>({"InputLayer",
                                                                      "Dense",
                                                                      "Conv1D",
                                                                      "Conv2D",
                                                                      "DepthwiseConv2D",
                                                                      "SeparableConv2D",
                                                                      "Conv2DTranspose",
                                                                      "MaxPooling1D",
                                                                      "MaxPooling2D",
                                                                      "AveragePooling1D",
                                                                      "AveragePooling2D",
                                                                      "GlobalMaxPooling1D",
                                                                      "GlobalMaxPooling2D",
                                                                      "GlobalAveragePooling1D",
                                                                      "GlobalAveragePooling2D",
                                                                      "BatchNormalization",
                                                                      "LayerNormalization",
                                                                      "UnitNormalization",
                                                                      "Normalization",
                                                                      "ReLU",
                                                                      "LeakyReLU",
                                                                      "PReLU",
                                                                      "ELU",
                                                                      "Softmax",
                                                                      "Activation",
                                                                      "Add",
                                                                      "Subtract",
                                                                      "Multiply",
                                                                      "Average",
                                                                      "Maximum",
                                                                      "Minimum",
                                                                      "Concatenate",
                                                                      "Dot",
                                                                      "Flatten",
                                                                      "Reshape",
                                                                      "Permute",
                                                                      "RepeatVector",
                                                                      "Dropout",
                                                                      "SpatialDropout1D",
                                                                      "SpatialDropout2D",
                                                                      "GaussianNoise",
                                                                      "GaussianDropout",
                                                                      "AlphaDropout",
                                                                      "ActivityRegularization",
                                                                      "ZeroPadding2D",
                                                                      "Cropping2D",
                                                                      "UpSampling2D",
                                                                      "Rescaling",
                                                                      "Identity",
                                                                      "Masking",
                                                                      "Embedding"});

/// Functions of one name that compute the same in both generations. Not among them, but in both:
/// hard_sigmoid.
constexpr std::array commonActivations = std::to_array<std::string_view>(
    {"elu", "exponential", "gelu", "leaky_relu", "linear", "log_softmax", "mish", "relu", "relu6",
     "selu", "sigmoid", "silu", "softmax", "softplus", "softsign", "swish", "tanh"});

/// A key that one generation lacks (or, under `both`, early versions of one).
struct KeyRule {
  std::string_view className, key;
  enum { keras2, keras3, both } knownTo;
  /// As JSON: with this value it says nothing. Empty: it says nothing with any value.
  std::string_view meaningless;
};
constexpr std::array keyRules = std::to_array<KeyRule>({
    {"InputLayer", "optional", KeyRule::both, "false"},
    {"InputLayer", "ragged", KeyRule::both, "false"},
    {"Dense", "quantization_config", KeyRule::keras3, "null"},
    // Factors of low rank are part of the kernel by the time that the weights are bound.
    {"Dense", "lora_rank", KeyRule::keras3, ""},
    {"Dense", "lora_alpha", KeyRule::keras3, ""},
    {"Dense", "quantization_mode", KeyRule::keras3, "null"},
    {"Conv1D", "lora_rank", KeyRule::keras3, ""},
    {"Conv2D", "lora_rank", KeyRule::keras3, ""},
    {"Embedding", "quantization_config", KeyRule::keras3, "null"},
    {"Embedding", "lora_rank", KeyRule::keras3, ""},
    {"Embedding", "input_length", KeyRule::keras2, ""},
    {"DepthwiseConv2D", "groups", KeyRule::keras2, "1"},
    {"DepthwiseConv2D", "kernel_initializer", KeyRule::keras2, ""},
    {"DepthwiseConv2D", "kernel_regularizer", KeyRule::keras2, ""},
    {"DepthwiseConv2D", "kernel_constraint", KeyRule::keras2, ""},
    {"SeparableConv2D", "groups", KeyRule::keras2, "1"},
    {"SeparableConv2D", "kernel_initializer", KeyRule::keras2, ""},
    {"SeparableConv2D", "kernel_regularizer", KeyRule::keras2, ""},
    {"SeparableConv2D", "kernel_constraint", KeyRule::keras2, ""},
    {"Conv2DTranspose", "groups", KeyRule::keras2, "1"},
    {"BatchNormalization", "synchronized", KeyRule::keras3, "false"},
    {"BatchNormalization", "renorm", KeyRule::keras3, "false"},
    {"BatchNormalization", "renorm_clipping", KeyRule::keras3, "null"},
    {"BatchNormalization", "renorm_momentum", KeyRule::both, ""},
    {"LayerNormalization", "rms_scaling", KeyRule::keras3, "false"},
    {"SpatialDropout1D", "noise_shape", KeyRule::keras2, "null"},
    {"SpatialDropout1D", "trainable", KeyRule::keras2, ""},
    {"SpatialDropout2D", "noise_shape", KeyRule::keras2, "null"},
    {"SpatialDropout2D", "trainable", KeyRule::keras2, ""},
    {"AlphaDropout", "noise_shape", KeyRule::both, "null"},
});

struct KeyName {
  std::string_view className, keras2, keras3;
};
constexpr std::array keyNames = std::to_array<KeyName>({
    {"InputLayer", "batch_input_shape", "batch_shape"},
    {"LeakyReLU", "alpha", "negative_slope"},
});

/// Keys that hold objects, by their ends, and where the objects' classes are in Keras 3.
struct ObjectKey {
  std::string_view ending, module;
};
constexpr std::array objectKeys = std::to_array<ObjectKey>({
    {"_initializer", "keras.initializers"},
    {"_regularizer", "keras.regularizers"},
    {"_constraint", "keras.constraints"},
});

/// What an initializer of Keras 3 has and says nothing when it is null.
constexpr std::array newArguments = std::to_array<std::string_view>({"input_axes", "output_axes"});

bool isObject(const Json &json) {
  return json.is_object() && json.contains("class_name") && json.contains("config");
}

void rename(Json &config, std::string_view from, std::string_view to) {
  if (auto found = config.find(from); found != config.end() && !config.contains(to)) {
    Json value = std::move(*found);
    config.erase(found);
    config[std::string(to)] = std::move(value);
  }
}

/// A policy by its name, which both generations take.
std::string simplifyDType(Json &config) {
  auto dtype = config.find("dtype");
  if (dtype == config.end() || !isObject(*dtype))
    return "";
  std::string kind = dtype->value("class_name", "");
  const Json &inner = (*dtype)["config"];
  if ((kind != "DTypePolicy" && kind != "FloatDTypePolicy" && kind != "Policy") ||
      !inner.is_object() || !inner.contains("name"))
    return fmt::format("its dtype is a {}", kind);
  *dtype = Json(inner["name"]);
  return "";
}

/// The first key that `generation` alone knows: those at their defaults are gone already.
std::string foreignKey(std::string_view className, const Json &config, decltype(KeyRule::both) of) {
  for (const KeyRule &rule : keyRules)
    if (rule.className == className && rule.knownTo == of)
      if (auto found = config.find(rule.key); found != config.end())
        return fmt::format("it has {} = {}", rule.key, found->dump());
  return "";
}

std::string activationProblem(const Json &config) {
  auto found = config.find("activation");
  if (found == config.end() || found->is_null())
    return "";
  if (!found->is_string())
    return "its activation is an object, not a name";
  return std::ranges::count(commonActivations, found->get<std::string>())
             ? ""
             : fmt::format("its activation '{}' is not the same function in both",
                           found->get<std::string>());
}

} // namespace

bool inBothGenerations(std::string_view className) {
  return std::ranges::count(commonClasses, className) > 0;
}

void dropDefaults(std::string_view className, Json &config) {
  for (const KeyRule &rule : keyRules)
    if (rule.className == className)
      if (auto found = config.find(rule.key); found != config.end())
        if (rule.meaningless.empty() || *found == Json::parse(rule.meaningless))
          config.erase(found);
}

Json plainObject(const Json &object) {
  if (!isObject(object))
    return object;
  Json config = object["config"];
  if (config.is_object()) {
    for (std::string_view key : newArguments)
      if (auto found = config.find(key); found != config.end() && found->is_null())
        config.erase(found);
    simplifyDType(config);
    for (auto &[key, value] : config.items())
      value = plainObject(value);
  }
  return {{"class_name", object["class_name"]}, {"config", std::move(config)}};
}

Json modernObject(const Json &object, std::string_view module) {
  if (!isObject(object))
    return object;
  Json result = {{"module", object.value("module", std::string(module))},
                 {"class_name", object["class_name"]},
                 {"config", object["config"]},
                 {"registered_name", object.value("registered_name", Json())}};
  return result;
}

std::string toKeras2(std::string_view className, Json &config) {
  std::string problem = simplifyDType(config);
  for (const ObjectKey &row : objectKeys)
    for (auto &[key, value] : config.items())
      if (key.ends_with(row.ending))
        value = plainObject(value);
  for (const KeyName &row : keyNames)
    if (row.className == className)
      rename(config, row.keras3, row.keras2);
  if (problem.empty())
    problem = foreignKey(className, config, KeyRule::keras3);
  return problem.empty() ? activationProblem(config) : problem;
}

std::string toKeras3(std::string_view className, Json &config) {
  std::string problem = simplifyDType(config);
  for (const ObjectKey &row : objectKeys)
    for (auto &[key, value] : config.items())
      if (key.ends_with(row.ending))
        value = modernObject(value, row.module);
  for (const KeyName &row : keyNames)
    if (row.className == className)
      rename(config, row.keras2, row.keras3);
  // The shape of a Sequential's first layer is in an InputLayer; Keras 3 takes no second one.
  for (const char *key : {"batch_input_shape", "input_shape"})
    config.erase(key);
  if (className == "Dense")
    config.erase("input_dim");
  if (auto axis = config.find("axis");
      axis != config.end() && axis->is_array() && axis->size() == 1 && className != "Normalization")
    *axis = Json((*axis)[0]);
  if (problem.empty())
    problem = foreignKey(className, config, KeyRule::keras2);
  return problem.empty() ? activationProblem(config) : problem;
}

} // namespace hornet::keras
