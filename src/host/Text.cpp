#include "host/Text.h"

#include "base/Utf8.h"

#include <algorithm>

namespace hornet::host {

TextRules::TextRules(const Json &settings)
    : lower(settings.at("lower")), strip(settings.at("strip")) {
  const Json &how = settings.at("split");
  split = how.is_null() ? Split::none : how == "character" ? Split::character : Split::whitespace;
  if (const Json &lengths = settings.at("ngrams"); !lengths.is_null())
    ngrams = lengths.get<std::vector<size_t>>();
}

static bool isSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
static bool isPunctuation(char c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
         (c >= '{' && c <= '~');
}

std::string TextRules::standardized(std::string_view text) const {
  std::string result;
  for (char c : text)
    if (!strip || !isPunctuation(c))
      result.push_back(lower && c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  return result;
}

static std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> result;
  for (const char *at = text.begin(); at != text.end();) {
    const char *end = std::find_if(at, text.end(), isSpace);
    if (end != at)
      result.emplace_back(at, end);
    at = std::find_if_not(end, text.end(), isSpace);
  }
  return result;
}

static std::vector<std::string> characters(std::string_view text) {
  std::vector<std::string> result;
  while (!text.empty()) {
    size_t bytes = std::max<size_t>(firstCharacter(text).bytes, 1);
    result.emplace_back(text.substr(0, bytes));
    text.remove_prefix(bytes);
  }
  return result;
}

std::vector<std::string> TextRules::tokensOf(std::string_view text) const {
  std::string plain = standardized(text);
  switch (split) {
  case Split::none: return {std::move(plain)};
  case Split::whitespace: return words(plain);
  case Split::character: return characters(plain);
  }
  return {};
}

std::vector<std::string> TextRules::ngramsOf(std::vector<std::string> tokens) const {
  if (ngrams.empty())
    return tokens;
  std::vector<std::string> result;
  for (size_t length : ngrams)
    for (size_t start = 0; start + length <= tokens.size(); ++start) {
      std::string joined = tokens[start];
      for (size_t i = 1; i < length; ++i)
        joined += " " + tokens[start + i];
      result.push_back(std::move(joined));
    }
  return result;
}

} // namespace hornet::host
