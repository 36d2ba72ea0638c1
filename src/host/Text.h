//===- Text.h - Text to tokens -----------------------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "host/Plan.h"

#include <string>
#include <string_view>
#include <vector>

namespace hornet::host {

/// What Keras's TextVectorization does before it looks tokens up, as TensorFlow's string ops do it:
/// case and punctuation are ASCII's alone, and so is white space. Settings: "lower", "strip"
/// (punctuation), "split" ("whitespace", "character" or null), "ngrams" (lengths, or null).
class TextRules {
public:
  explicit TextRules(const Json &settings);

  /// The tokens of one text, before n-grams.
  std::vector<std::string> tokensOf(std::string_view text) const;
  /// The n-grams of tokens, the lengths one after another; the tokens where none were asked for.
  std::vector<std::string> ngramsOf(std::vector<std::string> tokens) const;

private:
  enum class Split { none, whitespace, character };
  std::string standardized(std::string_view text) const;

  bool lower, strip;
  Split split;
  std::vector<size_t> ngrams;
};

} // namespace hornet::host
