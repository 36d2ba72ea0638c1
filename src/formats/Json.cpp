#include "formats/Json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <unordered_map>

namespace hornet::formats {

namespace {

constexpr size_t maximumDepth = 500;

/// Offset of the first byte that is not well-formed UTF-8 (Unicode 15, table 3-7), or npos.
size_t findInvalidUtf8(std::string_view text) {
  auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  for (size_t i = 0; i < text.size();) {
    unsigned lead = byte(i);
    size_t length = lead < 0x80                    ? 1
                    : lead >= 0xc2 && lead <= 0xdf ? 2
                    : lead >= 0xe0 && lead <= 0xef ? 3
                    : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                   : 0;
    if (length == 0)
      return i;
    // The second byte excludes overlong forms, surrogates, and what is past U+10FFFF.
    unsigned low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    unsigned high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    for (size_t k = 1; k < length; ++k, low = 0x80, high = 0xbf)
      if (byte(i + k) < low || byte(i + k) > high)
        return i;
    i += length;
  }
  return std::string_view::npos;
}

/// The string that stands for a bare word of Python's JSON, or for a number beyond float64 (which
/// Python reads as infinity); empty for every other word.
std::string_view replacementOf(std::string_view word) {
  if (word == "NaN" || word == "Infinity" || word == "-Infinity")
    return word;
  double value = 0;
  auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (code != std::errc::result_out_of_range || end != word.data() + word.size() ||
      std::isfinite(std::strtod(std::string(word).c_str(), nullptr)))
    return {};
  return word.front() == '-' ? "-Infinity" : "Infinity";
}

/// Text that the JSON library takes, and where its offsets are in the original.
struct StandardJson {
  std::string text;
  /// After each replacement: offset in `text`, and the same place in the original.
  std::vector<std::pair<size_t, size_t>> places;

  size_t originalOffset(size_t offset) const {
    auto next = std::ranges::upper_bound(places, offset, {}, &std::pair<size_t, size_t>::first);
    return next == places.begin() ? offset
                                  : std::prev(next)->second + (offset - std::prev(next)->first);
  }
};

StandardJson standardize(std::string_view text) {
  auto isWord = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '+' || c == '.';
  };
  StandardJson result;
  result.text.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    size_t end = i + 1;
    if (text[i] == '"') {
      while (end < text.size() && text[end] != '"')
        end += text[end] == '\\' ? 2 : 1;
      end = std::min(end + 1, text.size());
    } else if (isWord(text[i])) {
      while (end < text.size() && isWord(text[end]))
        ++end;
      if (auto replacement = replacementOf(text.substr(i, end - i)); !replacement.empty()) {
        result.text.append("\"").append(replacement).append("\"");
        result.places.emplace_back(result.text.size(), end);
        i = end;
        continue;
      }
    }
    result.text.append(text.substr(i, end - i));
    i = end;
  }
  return result;
}

/// Builds the document from the library's events. The library's own builder looks a key up by going
/// through all before it (quadratic in a hostile file) and has no limit of depth. Of a key that is
/// there twice the last value counts, as in Python.
class Builder : public nlohmann::json_sax<Json> {
public:
  Json root;
  bool tooDeep = false;
  size_t errorOffset = 0; ///< behind the byte at which parsing stopped
  std::string what;

  bool null() override { return put(nullptr); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(number_integer_t value) override { return put(value); }
  bool number_unsigned(number_unsigned_t value) override { return put(value); }
  bool number_float(number_float_t value, const string_t &) override { return put(value); }
  bool string(string_t &value) override { return put(std::move(value)); }
  bool binary(binary_t &) override { return false; }
  bool start_object(size_t) override { return open(Json::object()); }
  bool start_array(size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t &name) override {
    Level &level = levels.back();
    auto &members = level.value->get_ref<Json::object_t &>();
    auto [place, isNew] = level.keys.emplace(name, members.size());
    if (isNew)
      members.emplace_back(std::move(name), nullptr);
    level.member = place->second;
    return true;
  }

  bool parse_error(size_t position, const std::string &,
                   const nlohmann::detail::exception &exception) override {
    errorOffset = position;
    what = exception.what();
    return false;
  }

private:
  struct Level {
    Json *value; ///< stays in place: nothing is added to its parent while it is open
    std::unordered_map<std::string, size_t> keys;
    size_t member = 0;
  };
  std::vector<Level> levels;

  Json &place(Json &&value) {
    if (levels.empty())
      return root = std::move(value);
    Level &level = levels.back();
    if (level.value->is_array())
      return level.value->get_ref<Json::array_t &>().emplace_back(std::move(value));
    auto member = level.value->get_ref<Json::object_t &>().begin() + level.member;
    return member->second = std::move(value);
  }
  bool put(Json value) {
    place(std::move(value));
    return true;
  }
  bool open(Json value) {
    tooDeep = levels.size() >= maximumDepth;
    if (tooDeep)
      return false;
    levels.push_back({&place(std::move(value)), {}});
    return true;
  }
  bool close() {
    levels.pop_back();
    return true;
  }
};

/// "line 3, column 7" of the byte at `offset`, both from 1.
std::string positionOf(std::string_view text, size_t offset) {
  std::string_view before = text.substr(0, offset);
  size_t lineStart = before.rfind('\n') + 1; // npos + 1 is 0
  return "line " + std::to_string(1 + std::ranges::count(before, '\n')) + ", column " +
         std::to_string(1 + before.size() - lineStart);
}

/// What the library complains about, without its prefix, position, and echo of the text.
std::string complaintOf(const std::string &what) {
  size_t start = what.find(": ");
  std::string text = start == std::string::npos ? what : what.substr(start + 2);
  size_t echo = text.find("; last read: ");
  size_t expected = text.find("; expected ", echo == std::string::npos ? 0 : echo);
  if (echo != std::string::npos)
    text.erase(echo, expected == std::string::npos ? expected : expected - echo);
  return text;
}

Expected<Json> parse(std::string_view text, const Problem &where) {
  auto refuse = [&](std::string reason) {
    Problem problem = where;
    problem.reason = std::move(reason);
    return inputError(std::move(problem));
  };
  if (size_t offset = findInvalidUtf8(text); offset != std::string_view::npos)
    return refuse("is not UTF-8: invalid byte at offset " + std::to_string(offset));

  StandardJson standard = standardize(text);
  Builder builder;
  if (Json::sax_parse(standard.text, &builder))
    return std::move(builder.root);
  if (builder.tooDeep)
    return refuse("is nested deeper than " + std::to_string(maximumDepth) +
                  " levels: over the depth limit");
  if (builder.errorOffset > standard.text.size())
    return refuse("is not JSON: ends early, after " + std::to_string(text.size()) + " bytes");
  size_t offset = standard.originalOffset(builder.errorOffset - (builder.errorOffset > 0));
  return refuse("is not JSON: " + positionOf(text, offset) + ": " + complaintOf(builder.what));
}

} // namespace

Expected<Json> parseJson(std::string_view text, const std::string &file,
                         const std::string &attribute) {
  try {
    return parse(text, {.file = file, .attribute = attribute});
  } catch (const std::bad_alloc &) {
    return machineError("out of memory: " + file + " is too large a JSON text");
  } catch (const std::exception &exception) {
    return internalError("parsing " + file + ": " + exception.what());
  }
}

} // namespace hornet::formats
