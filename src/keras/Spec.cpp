#include "keras/Spec.h"

#include "base/Nearest.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace hornet::keras {

std::string plainName(std::string_view name) {
  std::string text;
  for (char c : name)
    if (c != '_')
      text += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return text;
}

bool sameName(std::string_view a, std::string_view b) { return plainName(a) == plainName(b); }

/// Numbers that Keras took from tensors are objects: {"class_name": "__tensor__", "config":
/// {"value": 0.1}}.
static const Json *unwrapped(const Json *json) {
  if (json->is_object() && json->contains("config") && (*json)["config"].is_object() &&
      (*json)["config"].contains("value"))
    return &(*json)["config"]["value"];
  return json;
}

Expected<Spec> Spec::read(const Json &json, Problem where) {
  if (json.is_string())
    return Spec(json.get<std::string>(), Json::object(), std::move(where));
  if (json.is_object() && json.contains("class_name") && json["class_name"].is_string()) {
    auto config = json.find("config");
    if (config == json.end() || config->is_null())
      return Spec(json["class_name"], Json::object(), std::move(where));
    if (config->is_object())
      return Spec(json["class_name"], *config, std::move(where));
    if (config->is_string()) // a function: {"class_name": "function", "config": "mse"}
      return Spec(*config, Json::object(), std::move(where));
  }
  where.reason = "neither a name nor an object with 'class_name' and 'config'";
  where.mend = "write it as Keras's configs do";
  return inputError(std::move(where));
}

const Json &Spec::at(std::string_view key) {
  static const Json null;
  asked.insert(std::string(key));
  auto found = config.find(key);
  return found == config.end() ? null : *unwrapped(&*found);
}

bool Spec::has(std::string_view key) { return !at(key).is_null(); }

bool Spec::givenNull(std::string_view key) { return config.contains(key) && !has(key); }

std::optional<std::string> Spec::givenName() {
  return at("name").is_string() ? std::optional(at("name").get<std::string>()) : std::nullopt;
}

std::optional<double> Spec::optionalNumber(std::string_view key) {
  if (has(key) && !at(key).is_number())
    refuse(key, fmt::format("{} is not a number", at(key).dump()));
  return at(key).is_number() ? std::optional(at(key).get<double>()) : std::nullopt;
}

double Spec::number(std::string_view key, double fallback) {
  return optionalNumber(key).value_or(fallback);
}

int64_t Spec::integer(std::string_view key, int64_t fallback) {
  double value = number(key, static_cast<double>(fallback));
  if (!at(key).is_number_integer() && value != std::floor(value))
    refuse(key, fmt::format("{} is not an integer", value));
  return at(key).is_number_integer() ? at(key).get<int64_t>()
         : std::abs(value) < 0x1p62  ? static_cast<int64_t>(value)
                                     : fallback;
}

bool Spec::flag(std::string_view key, bool fallback) {
  if (has(key) && !at(key).is_boolean())
    refuse(key, fmt::format("{} is neither true nor false", at(key).dump()));
  return at(key).is_boolean() ? at(key).get<bool>() : fallback;
}

std::string Spec::text(std::string_view key, std::string fallback) {
  if (has(key) && !at(key).is_string())
    refuse(key, fmt::format("{} is not a string", at(key).dump()));
  return at(key).is_string() ? at(key).get<std::string>() : std::move(fallback);
}

size_t Spec::choice(std::string_view key, size_t fallback,
                    std::initializer_list<std::string_view> words) {
  std::string given = text(key, std::string(words.begin()[fallback]));
  const auto *found =
      std::ranges::find_if(words, [&](std::string_view word) { return sameName(word, given); });
  if (found == words.end())
    refuse(key, fmt::format("'{}' is none of its values", given),
           fmt::format("choose one of {}", fmt::join(words, ", ")));
  return found == words.end() ? fallback : static_cast<size_t>(found - words.begin());
}

std::vector<double> Spec::numbers(std::string_view key, std::vector<double> fallback) {
  const Json &value = at(key);
  if (value.is_null())
    return fallback;
  if (value.is_number())
    return {value.get<double>()};
  std::vector<double> list;
  if (value.is_array())
    for (const Json &element : value)
      if (const Json *number = unwrapped(&element); number->is_number())
        list.push_back(number->get<double>());
  if (!value.is_array() || list.size() != value.size())
    refuse(key, fmt::format("{} is not a list of numbers", value.dump()));
  return list;
}

std::vector<int64_t> Spec::integers(std::string_view key, std::vector<int64_t> fallback) {
  if (!has(key))
    return fallback;
  std::vector<int64_t> list;
  for (double value : numbers(key, {})) {
    bool isInteger = value == std::floor(value) && std::abs(value) < 0x1p53;
    if (!isInteger)
      refuse(key, fmt::format("{} is not an integer", value));
    list.push_back(isInteger ? static_cast<int64_t>(value) : 0);
  }
  return list;
}

std::vector<std::string> Spec::texts(std::string_view key) {
  const Json &value = at(key);
  if (value.is_null())
    return {};
  if (value.is_string())
    return {value.get<std::string>()};
  std::vector<std::string> list;
  if (value.is_array())
    for (const Json &element : value)
      if (element.is_string())
        list.push_back(element.get<std::string>());
  if (!value.is_array() || list.size() != value.size())
    refuse(key, fmt::format("{} is not a list of strings", value.dump()));
  return list;
}

void Spec::refuse(std::string_view key, std::string reason, std::string mend) {
  Problem problem = where;
  if (!key.empty())
    problem.attribute += (problem.attribute.empty() ? "" : ".") + std::string(key);
  problem.reason = fmt::format("{}: {}", name, reason);
  problem.mend = std::move(mend);
  // What is asked for each parameter is wrong once.
  auto isSame = [&](const Problem &other) {
    return other.attribute == problem.attribute && other.reason == problem.reason;
  };
  if (std::ranges::none_of(problems, isSame))
    problems.push_back(std::move(problem));
}

tl::unexpected<Error> Spec::refuseName(std::string_view kind,
                                       std::span<const std::string_view> known) {
  Problem problem = where;
  problem.reason = fmt::format("there is no {} '{}'", kind, name);
  problem.mend = didYouMean(name, known);
  if (problem.mend.empty())
    problem.mend = fmt::format("choose one of {}", fmt::join(known, ", "));
  problems.push_back(std::move(problem));
  return tl::unexpected<Error>(InputError{problems});
}

Expected<void> Spec::check() const {
  if (problems.empty())
    return {};
  return tl::unexpected<Error>(InputError{problems});
}

Expected<void> Spec::checkAll() {
  for (const auto &[key, value] : config.items())
    if (!asked.contains(key) && !value.is_null() && value != false)
      refuse(key, fmt::format("{} is not supported", value.dump()));
  return check();
}

} // namespace hornet::keras
