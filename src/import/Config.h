//===- Config.h - A layer's config, read with care ------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "keras/Model.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringSet.h"

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace hornet::import {

using keras::Json;

/// No integer in a config may be larger: sums and products of two then fit 64 bits.
inline constexpr int64_t largestInteger = 1 << 30;

/// What a message calls a value that has the wrong type: "-3", "NaN", "the string 'three'".
std::string describe(const Json &value);

/// A layer's attributes. An accessor that finds something wrong reports it and returns a value that
/// is safe to go on with, so that one reading reports all that is wrong. Without a `fallback` the
/// attribute must be there.
class Config {
public:
  using Report = std::function<void(std::string attribute, std::string reason, std::string mend)>;
  using Integers = llvm::SmallVector<int64_t, 4>;
  using Border = std::pair<int64_t, int64_t>; ///< before and after

  Config(const Json &json, Report report) : json(&json), report(std::move(report)) {}

  /// The value under `key`; null when it is missing or null.
  const Json *find(std::string_view key) const;
  /// Marks keys as looked at that say nothing in this class.
  void ignore(std::initializer_list<std::string_view> keys) const {
    for (std::string_view key : keys)
      read.insert(key);
  }
  /// The keys that say something (not null, not false) and that nobody looked for.
  std::vector<std::string> unread() const;
  void problem(std::string attribute, std::string reason, std::string mend = "") const {
    report(std::move(attribute), std::move(reason), std::move(mend));
  }

  int64_t positive(std::string_view key, std::optional<int64_t> fallback = {}) const;
  /// `count` positive integers; one number stands for all of them.
  Integers positives(std::string_view key, size_t count,
                     const std::optional<Integers> &fallback = {}) const;
  /// Integers of either sign; one number is a list of one.
  Integers integers(std::string_view key, const std::optional<Integers> &fallback = {}) const;
  /// `count` borders: one number for all, one number a dimension, or a pair a dimension.
  llvm::SmallVector<Border, 3> borders(std::string_view key, size_t count) const;
  double number(std::string_view key, std::optional<double> fallback = {}) const;
  bool flag(std::string_view key, bool fallback) const;
  /// One of `words` (lower case), spelled in any case; the first is the fallback.
  std::string word(std::string_view key, std::span<const std::string_view> words) const;
  /// data_format.
  bool channelsFirst() const;

private:
  std::optional<int64_t> integer(std::string_view key, const Json &value, int64_t least) const;
  Integers list(std::string_view key, const Json &value, int64_t least) const;

  const Json *json;
  Report report;
  mutable llvm::StringSet<> read;
};

} // namespace hornet::import
