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
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hornet::keras {

using formats::Json;

/// In lower case and without underscores: Keras knows one thing as "GlorotUniform" and as
/// "glorot_uniform".
std::string plainName(std::string_view name);
/// Whether both are names of one thing: "MSE" and "mse".
bool sameName(std::string_view a, std::string_view b);

/// The names of a table's rows.
template <class Table> std::vector<std::string_view> namesOf(const Table &table) {
  std::vector<std::string_view> names;
  names.reserve(std::size(table));
  for (const auto &row : table)
    names.push_back(row.name);
  return names;
}

/// A loss, an optimizer, a metric, … as Keras's configs write it: a name, or an object with
/// `class_name` and `config`. Wrong values become problems, which `check` returns.
class Spec {
public:
  /// `where` says what messages are to name: file, layer, attribute. Input error: neither form.
  static Expected<Spec> read(const Json &json, Problem where);

  std::string name; ///< as written
  /// The config's own "name", if it has one.
  std::optional<std::string> givenName();

  // The value of `key`; absent or null: `fallback`.
  double number(std::string_view key, double fallback);
  std::optional<double> optionalNumber(std::string_view key);
  int64_t integer(std::string_view key, int64_t fallback);
  bool flag(std::string_view key, bool fallback);
  std::string text(std::string_view key, std::string fallback);
  /// Which of `words` it is; `fallback` is a place among them.
  size_t choice(std::string_view key, size_t fallback,
                std::initializer_list<std::string_view> words);
  /// Lists, or a single one.
  std::vector<double> numbers(std::string_view key, std::vector<double> fallback);
  std::vector<int64_t> integers(std::string_view key, std::vector<int64_t> fallback);
  std::vector<std::string> texts(std::string_view key);
  bool has(std::string_view key);       ///< there, and not null
  bool givenNull(std::string_view key); ///< Python's None, where it differs from absence
  const Json &at(std::string_view key);
  /// Says that `key` has no meaning here, or is read elsewhere.
  void ignore(std::string_view key) { asked.insert(std::string(key)); }

  /// Of a value that is there but cannot be. An empty `key`: the object itself.
  void refuse(std::string_view key, std::string reason, std::string mend = "");
  /// The problem "there is no initializer 'x'; did you mean 'y'?" (`kind` is "initializer"), with
  /// those before it.
  tl::unexpected<Error> refuseName(std::string_view kind, std::span<const std::string_view> known);
  /// What was refused so far.
  Expected<void> check() const;
  /// Also refuses what nobody asked for, and that is neither null nor false: it would change what
  /// is computed.
  Expected<void> checkAll();

private:
  Spec(std::string name, Json config, Problem where)
      : name(std::move(name)), config(std::move(config)), where(std::move(where)) {}

  Json config;
  Problem where;
  std::set<std::string, std::less<>> asked;
  std::vector<Problem> problems;
};

} // namespace hornet::keras
