#include "formats/NpyHeader.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>
#include <optional>

namespace hornet::formats {

namespace {

using namespace std::literals;

constexpr std::string_view magic = "\x93NUMPY"sv;
constexpr size_t maxRank = 64; // NumPy's own limit
constexpr size_t longestString = size_t{1} << 28;

struct TypeCode {
  std::string_view code;
  DType dtype;
};
constexpr std::array<TypeCode, 12> typeCodes{{{"b1", DType::boolean},
                                              {"i1", DType::i8},
                                              {"i2", DType::i16},
                                              {"i4", DType::i32},
                                              {"i8", DType::i64},
                                              {"u1", DType::u8},
                                              {"u2", DType::u16},
                                              {"u4", DType::u32},
                                              {"u8", DType::u64},
                                              {"f2", DType::f16},
                                              {"f4", DType::f32},
                                              {"f8", DType::f64}}};

struct RefusedKind {
  char kind;
  std::string_view elements;
};
constexpr std::array<RefusedKind, 8> refusedKinds{{{'O', "Python objects (pickles)"},
                                                   {'S', "byte strings"},
                                                   {'a', "byte strings"},
                                                   {'U', "strings"},
                                                   {'V', "raw bytes (bfloat16, perhaps)"},
                                                   {'c', "complex numbers"},
                                                   {'M', "dates"},
                                                   {'m', "time spans"}}};

tl::unexpected<Error> refuse(const std::string &file, std::string_view elements) {
  return inputError(
      {.file = file,
       .attribute = "descr",
       .reason = fmt::format("an array of {}, but numbers or booleans are needed", elements),
       .mend = "save it as a plain array: numpy.save(file, array.astype('float32')), or "
               "array.astype(str) of text for a model that takes strings"});
}

/// Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }` and nothing else.
class Parser {
public:
  Parser(std::string_view text, const std::string &file, Strings strings)
      : text(text), file(file), strings(strings) {}

  Expected<NpyHeader> parse() {
    if (!accept('{'))
      return bad("'{'");
    while (!accept('}')) {
      HORNET_TRY(parseEntry());
      if (!accept(',') && peek() != '}')
        return bad("',' or '}'");
    }
    if (peek() != '\0' || position < text.size())
      return bad("the end of the header");
    for (size_t i = 0; i < keys.size(); ++i)
      if (!seen[i])
        return inputError(
            {.file = file, .reason = fmt::format("damaged .npy header: no '{}' in it", keys[i])});
    return std::move(header);
  }

private:
  static constexpr std::array<std::string_view, 3> keys{"descr", "fortran_order", "shape"};

  Expected<void> parseEntry() {
    std::optional<std::string_view> key = string();
    size_t which = key ? std::ranges::find(keys, *key) - keys.begin() : keys.size();
    if (which == keys.size() || seen[which])
      return bad("'descr', 'fortran_order' or 'shape', each once,");
    seen[which] = true;
    if (!accept(':'))
      return bad("':'");
    return which == 0 ? parseDescr() : which == 1 ? parseOrder() : parseShape();
  }

  Expected<void> parseDescr() {
    char first = peek();
    if (first == '[' || first == '(' || first == '{')
      return refuse(file, "records (a structured type)");
    std::optional<std::string_view> descr = string();
    if (!descr || descr->empty())
      return bad("an element type");
    size_t prefix = "<>|="sv.find(descr->front()) != std::string_view::npos;
    std::string_view code = descr->substr(prefix);
    header.byteOrder = descr->front() == '>'   ? std::endian::big
                       : descr->front() == '<' ? std::endian::little
                                               : std::endian::native;
    if (parseStrings(code))
      return {};
    const auto *type = std::ranges::find(typeCodes, code, &TypeCode::code);
    if (type == typeCodes.end()) {
      const auto *kind =
          std::ranges::find(refusedKinds, code.empty() ? '\0' : code[0], &RefusedKind::kind);
      return refuse(file, kind == refusedKinds.end() ? fmt::format("type '{}'", *descr)
                                                     : std::string(kind->elements));
    }
    header.dtype = type->dtype;
    header.elementBytes = sizeOf(type->dtype);
    return {};
  }

  /// "U12": strings of at most 12 characters; "S12": of 12 bytes.
  bool parseStrings(std::string_view code) {
    if (strings == Strings::refuse || code.size() < 2 || (code[0] != 'U' && code[0] != 'S'))
      return false;
    size_t length = 0;
    auto [end, error] = std::from_chars(code.data() + 1, code.data() + code.size(), length);
    if (error != std::errc() || end != code.data() + code.size() || length == 0 ||
        length > longestString)
      return false;
    header.dtype = DType::string;
    header.wide = code[0] == 'U';
    header.elementBytes = header.wide ? 4 * length : length;
    return true;
  }

  Expected<void> parseOrder() {
    for (bool value : {false, true})
      if (acceptWord(value ? "True" : "False")) {
        header.fortranOrder = value;
        return {};
      }
    return bad("True or False");
  }

  Expected<void> parseShape() {
    if (!accept('('))
      return bad("'('");
    while (!accept(')')) {
      peek();
      int64_t extent = 0;
      const char *begin = text.data() + position;
      auto [end, error] = std::from_chars(begin, text.data() + text.size(), extent);
      if (error != std::errc() || extent < 0)
        return bad("an extent from 0 to 2^63 - 1");
      position += end - begin;
      acceptWord("L"); // Python 2 wrote 28L
      header.shape.push_back(extent);
      if (header.shape.size() > maxRank)
        return bad(fmt::format("at most {} dimensions", maxRank));
      if (!accept(',') && (peek() != ')' || header.shape.size() == 1))
        return bad("','");
    }
    return {};
  }

  /// The next character that is not a space; '\0' at the end.
  char peek() {
    position = std::min(text.find_first_not_of(" \t\r\n", position), text.size());
    return position < text.size() ? text[position] : '\0';
  }
  bool accept(char character) {
    bool found = peek() == character;
    position += found;
    return found;
  }
  bool acceptWord(std::string_view word) {
    peek();
    bool found = text.substr(position).starts_with(word);
    position += found ? word.size() : 0;
    return found;
  }
  /// A string without escapes, in either kind of quotes.
  std::optional<std::string_view> string() {
    char quote = peek();
    if (quote != '\'' && quote != '"')
      return std::nullopt;
    size_t end = text.find(quote, position + 1);
    if (end == std::string_view::npos)
      return std::nullopt;
    std::string_view value = text.substr(position + 1, end - position - 1);
    position = end + 1;
    return value;
  }

  tl::unexpected<Error> bad(std::string_view needed) const {
    return inputError({.file = file,
                       .reason = fmt::format("damaged .npy header: {} is needed at its character "
                                             "{}",
                                             needed, position + 1)});
  }

  std::string_view text;
  const std::string &file;
  Strings strings;
  size_t position = 0;
  NpyHeader header;
  std::array<bool, keys.size()> seen = {};
};

} // namespace

Expected<NpyHeader> parseNpyHeader(std::span<const std::byte> bytes, const std::string &file,
                                   Strings strings) {
  std::string_view text(reinterpret_cast<const char *>(bytes.data()), bytes.size());
  if (!text.starts_with(magic))
    return inputError({.file = file,
                       .reason = "not a .npy file: its signature is missing",
                       .mend = "write it with numpy.save"});
  auto byteAt = [&](size_t i) { return static_cast<size_t>(static_cast<uint8_t>(text[i])); };
  size_t lengthAt = magic.size() + 2;
  size_t version = text.size() < lengthAt ? 0 : byteAt(magic.size());
  if (text.size() >= lengthAt && (version < 1 || version > 3))
    return inputError(
        {.file = file,
         .reason = fmt::format("version {} of the .npy format, but 1 to 3 are read", version)});
  size_t lengthBytes = version == 1 ? 2 : 4;
  size_t start = lengthAt + lengthBytes;
  size_t length = 0;
  for (size_t i = 0; start <= text.size() && i < lengthBytes; ++i)
    length |= byteAt(lengthAt + i) << (8 * i);
  if (start > text.size() || length > text.size() - start)
    return inputError({.file = file, .reason = "truncated: the .npy header ends early"});

  NpyHeader header = HORNET_TRY(Parser(text.substr(start, length), file, strings).parse());
  header.dataOffset = start + length;
  return header;
}

std::string npyHeaderOf(DType dtype, const Shape &shape, size_t characters) {
  const auto *type = std::ranges::find(typeCodes, dtype, &TypeCode::dtype);
  std::string code =
      type == typeCodes.end() ? fmt::format("U{}", characters) : std::string(type->code);
  char order = sizeOf(dtype) == 1 ? '|' : std::endian::native == std::endian::little ? '<' : '>';
  std::string extents;
  for (size_t i = 0; i < shape.size(); ++i)
    extents += fmt::format("{}{}", i ? ", " : "", shape[i]);
  std::string dict = fmt::format("{{'descr': '{}{}', 'fortran_order': False, 'shape': ({}{}), }}",
                                 order, code, extents, shape.size() == 1 ? "," : "");
  size_t start = magic.size() + 4;
  dict.resize((start + dict.size() + 1 + 63) / 64 * 64 - start - 1, ' ');
  dict += '\n';
  std::string text(magic);
  text += {1, 0, static_cast<char>(dict.size() & 0xff), static_cast<char>(dict.size() >> 8)};
  return text + dict;
}

} // namespace hornet::formats
