//===- Spec.h - An object in a Keras configuration ----------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"
#include "formats/Json.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hornet::training {

using formats::Json;

/// Names of one thing in Keras: "GlorotUniform", "glorot_uniform", "MSE" and "mse": upper and lower
/// case and underscores do not count.
bool sameName(std::string_view a, std::string_view b);

/// The names of a table's rows.
template <class Table> std::vector<std::string_view> namesOf(const Table &table) {
  std::vector<std::string_view> names;
  names.reserve(std::size(table));
  for (const auto &row : table)
    names.push_back(row.name);
  return names;
}

/// A metric, schedule or initializer as Keras's configs write it: a name, or an object with
/// `class_name` and `config`. Wrong values become problems, which `check` returns.
class Spec {
public:
  /// `where` says what messages are to name: file, layer, attribute. Input error: neither form.
  static Expected<Spec> read(const Json &json, Problem where);

  std::string name; ///< as written
  /// The config's own "name", if it has one.
  std::optional<std::string> givenName() const;

  // The value of `key`; absent or null: `fallback`.
  double number(const char *key, double fallback);
  int64_t integer(const char *key, int64_t fallback);
  bool flag(const char *key, bool fallback);
  std::string text(const char *key, std::string fallback);
  /// Which of `words` it is; `fallback` is a place among them.
  size_t choice(const char *key, size_t fallback, std::initializer_list<std::string_view> words);
  /// A list of numbers, or a single one.
  std::vector<double> numbers(const char *key, std::vector<double> fallback);
  bool has(const char *key) const;       ///< there, and not null
  bool givenNull(const char *key) const; ///< Python's None, where it differs from absence
  const Json &at(const char *key) const;

  /// Of a value that is there but cannot be. `key` may be null: the object itself.
  void refuse(const char *key, std::string reason, std::string mend = "");
  /// The problem "there is no initializer 'x'; did you mean 'y'?" (`kind` is "initializer").
  void refuseName(std::string_view kind, std::span<const std::string_view> known);
  /// What was refused so far.
  Expected<void> check() const;

private:
  Spec(std::string name, Json config, Problem where)
      : name(std::move(name)), config(std::move(config)), where(std::move(where)) {}

  Json config;
  Problem where;
  std::vector<Problem> problems;
};

} // namespace hornet::training
