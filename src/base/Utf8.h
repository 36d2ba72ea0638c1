//===- Utf8.h - Characters as bytes ----------------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hornet {

/// A character and how many bytes it takes; 0 bytes: what `text` begins with is not UTF-8
/// (truncated, longer than need be, a surrogate, beyond U+10FFFF), or it is empty.
struct Utf8Character {
  char32_t code = 0;
  size_t bytes = 0;
};
Utf8Character firstCharacter(std::string_view text);

/// Whether all of it is UTF-8.
bool isUtf8(std::string_view text);

/// Whether `code` is a character: no surrogate, not beyond U+10FFFF.
bool isCharacter(char32_t code);

/// Adds the bytes of a character.
void appendUtf8(std::string &text, char32_t code);

} // namespace hornet
