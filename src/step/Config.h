//===- Config.h - A loss's or optimizer's config, as Keras writes it -------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
// Internal to src/step.
#pragma once

#include "base/Error.h"
#include "formats/Json.h"

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hornet::step {

using formats::Json;

/// "mean_squared_error", "MeanSquaredError" and "meansquarederror" are one name.
std::string plainName(std::string_view name);

/// What a serialized Keras object says, `{"class_name": …, "config": {…}}` or a bare name.
/// Accessors note what was asked for, and what was wrong; the rest of the config must be neutral.
class Config {
public:
  /// `kind` ("optimizer") names it in messages.
  Config(const Json &object, std::string kind);

  const std::string &className() const { return name; }
  double number(std::string_view key, double fallback);
  std::optional<double> optionalNumber(std::string_view key);
  bool flag(std::string_view key, bool fallback);
  /// A number is a list of one.
  std::vector<int64_t> integers(std::string_view key, int64_t fallback);
  std::string word(std::string_view key, std::string_view fallback);
  void ignore(std::string_view key) { asked.insert(std::string(key)); }
  void problem(std::string_view attribute, std::string reason, std::string mend = "");

  /// Input error: what was wrong, or a key that nobody asked for and that is not null or false.
  Expected<void> check();
  /// That this class is none of `known`.
  tl::unexpected<Error> unknown(std::span<const std::string_view> known) const;

private:
  const Json *find(std::string_view key);

  std::string kind, name;
  Json values = Json::object();
  std::set<std::string, std::less<>> asked;
  InputError error;
};

} // namespace hornet::step
