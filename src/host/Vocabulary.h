//===- Vocabulary.h - Tokens and their indices ------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "host/Hash.h"
#include "host/Plan.h"

#include <unordered_map>

namespace hornet::host {

/// The index of what a layer drops: it counts nowhere.
inline constexpr int64_t droppedIndex = std::numeric_limits<int64_t>::max();

/// The index of a token, as Keras's IndexLookup gives it. Settings: "tokens", strings or integers;
/// "first", the index of the first of them; "oov": {"start", "count", "hash", "salt"}: the indices
/// for all other tokens, chosen by the token's hash or, without "hash", its remainder; "mask":
/// {"token", "index"} or null.
class Vocabulary {
public:
  explicit Vocabulary(const Json &settings);

  /// Nothing for a token that is not in the vocabulary where there are no indices for such.
  std::optional<int64_t> indexOf(const std::string &token) const;
  std::optional<int64_t> indexOf(int64_t token) const;

private:
  template <class Token> using Table = std::unordered_map<Token, int64_t>;
  Table<std::string> strings;
  Table<int64_t> integers;
  int64_t oovStart, oovCount;
  bool hashed;
  Salt salt;
};

/// The salt of settings: null, or two integers.
Salt saltOf(const Json &json);

} // namespace hornet::host
