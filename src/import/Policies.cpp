#include "import/Policies.h"

#include "base/Nearest.h"

#include <fmt/format.h>

namespace hornet::import {

// "half", "float" and "double" are names of TensorFlow's that Keras 2 takes, too.
static constexpr std::string_view precisions[] = {
    "float16", "bfloat16", "float64", "mixed_float16", "mixed_bfloat16", "half", "double"};
/// float32 comes first: what is suggested when nothing is near.
static constexpr std::string_view others[] = {"float32", "float",  "bool",   "int8",
                                              "int16",   "int32",  "int64",  "uint8",
                                              "uint16",  "uint32", "uint64", "string"};

static std::string text(const Json &object, std::string_view key) {
  if (!object.is_object())
    return "";
  auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : "";
}

std::string policyOf(const Json &config) {
  auto dtype = config.is_object() ? config.find("dtype") : config.end();
  if (!config.is_object() || dtype == config.end() || dtype->is_null())
    return "";
  if (dtype->is_string())
    return dtype->get<std::string>();
  auto policy = dtype->is_object() ? dtype->find("config") : dtype->end();
  if (!dtype->is_object() || policy == dtype->end())
    return describe(*dtype);
  if (std::string name = text(*policy, "name"); !name.empty())
    return name;
  if (std::string mode = text(*policy, "mode"); !mode.empty())
    return fmt::format("{}_from_{}", mode, text(*policy, "source_name"));
  return text(*dtype, "class_name");
}

std::string checkPolicy(LayerImport &layer) {
  std::string policy = policyOf(layer.layer().config);
  if (policy.empty())
    return "";
  if (llvm::StringRef(policy).contains("_from_"))
    layer.problem("dtype",
                  fmt::format("the quantized dtype policy '{}' is not supported yet", policy),
                  "save the model before it is quantized");
  else if (llvm::is_contained(precisions, policy))
    return fmt::format("Keras computes in '{}', Hornet in float32", policy);
  else if (!llvm::is_contained(others, policy) && policy != "DTypePolicyMap") {
    std::vector<std::string_view> names(std::begin(others), std::end(others));
    names.insert(names.end(), std::begin(precisions), std::end(precisions));
    std::string suggestion = didYouMean(policy, names);
    layer.problem("dtype", fmt::format("no dtype '{}'", policy.substr(0, 80)),
                  suggestion.empty() ? "give float32" : suggestion);
  }
  return "";
}

} // namespace hornet::import
