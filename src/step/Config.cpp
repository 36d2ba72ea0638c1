#include "step/Config.h"

#include "base/Nearest.h"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>

namespace hornet::step {

std::string plainName(std::string_view name) {
  std::string plain;
  for (char c : name)
    if (c != '_')
      plain.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
  return plain;
}

Config::Config(const Json &object, std::string kind) : kind(std::move(kind)) {
  if (object.is_string()) {
    name = object.get<std::string>();
    return;
  }
  bool isObject =
      object.is_object() && object.contains("class_name") && object["class_name"].is_string();
  if (!isObject) {
    problem("", "it is neither a name nor an object with a class_name");
    return;
  }
  name = object["class_name"].get<std::string>();
  auto config = object.find("config");
  // A function is written as its name.
  if (name == "function" && config != object.end() && config->is_string())
    name = config->get<std::string>();
  else if (config != object.end() && config->is_object())
    values = *config;
}

void Config::problem(std::string_view attribute, std::string reason, std::string mend) {
  error.problems.push_back(
      {.layerClass = "",
       .attribute = attribute.empty() ? kind : fmt::format("{} {}", kind, attribute),
       .reason = std::move(reason),
       .mend = std::move(mend)});
}

const Json *Config::find(std::string_view key) {
  asked.insert(std::string(key));
  auto it = values.find(key);
  return it == values.end() || it->is_null() ? nullptr : &*it;
}

std::optional<double> Config::optionalNumber(std::string_view key) {
  const Json *value = find(key);
  if (!value)
    return std::nullopt;
  if (value->is_number())
    return value->get<double>();
  problem(key, fmt::format("a number is needed, got {}", value->dump()));
  return std::nullopt;
}

double Config::number(std::string_view key, double fallback) {
  return optionalNumber(key).value_or(fallback);
}

std::vector<int64_t> Config::integers(std::string_view key, int64_t fallback) {
  const Json *value = find(key);
  if (!value)
    return {fallback};
  if (value->is_number_integer())
    return {value->get<int64_t>()};
  std::vector<int64_t> list;
  bool whole = value->is_array();
  if (whole)
    for (const Json &entry : *value) {
      whole = whole && entry.is_number_integer();
      list.push_back(whole ? entry.get<int64_t>() : 0);
    }
  if (!whole)
    problem(key, fmt::format("integers are needed, got {}", value->dump()));
  return list;
}

bool Config::flag(std::string_view key, bool fallback) {
  const Json *value = find(key);
  if (value && !value->is_boolean())
    problem(key, fmt::format("true or false is needed, got {}", value->dump()));
  return value && value->is_boolean() ? value->get<bool>() : fallback;
}

std::string Config::word(std::string_view key, std::string_view fallback) {
  const Json *value = find(key);
  if (value && !value->is_string())
    problem(key, fmt::format("a name is needed, got {}", value->dump()));
  return value && value->is_string() ? value->get<std::string>() : std::string(fallback);
}

Expected<void> Config::check() {
  for (const auto &[key, value] : values.items())
    if (!asked.contains(key) && !value.is_null() && value != false)
      problem(key, fmt::format("{} of {} is not supported", value.dump(), name));
  if (!error.problems.empty())
    return tl::unexpected<Error>(error);
  return {};
}

tl::unexpected<Error> Config::unknown(std::span<const std::string_view> known) const {
  if (!error.problems.empty())
    return tl::unexpected<Error>(error);
  return inputError({.attribute = kind,
                     .reason = fmt::format("'{}' is not known", name),
                     .mend = didYouMean(name, known)});
}

} // namespace hornet::step
