#include "base/Utf8.h"

#include <cstdint>

namespace hornet {

bool isCharacter(char32_t code) { return code < 0xd800 || (code > 0xdfff && code <= 0x10ffff); }

Utf8Character firstCharacter(std::string_view text) {
  if (text.empty())
    return {};
  auto byteAt = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  uint8_t lead = byteAt(0);
  if (lead < 0x80)
    return {lead, 1};
  size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  static constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (lead < 0xc0 || lead > 0xf7 || bytes > text.size())
    return {};
  char32_t code = lead & (0x7f >> bytes);
  for (size_t i = 1; i < bytes; ++i) {
    if ((byteAt(i) & 0xc0) != 0x80)
      return {};
    code = code << 6 | (byteAt(i) & 0x3f);
  }
  return code >= least[bytes] && isCharacter(code) ? Utf8Character{code, bytes} : Utf8Character{};
}

bool isUtf8(std::string_view text) {
  while (!text.empty()) {
    size_t bytes = firstCharacter(text).bytes;
    if (bytes == 0)
      return false;
    text.remove_prefix(bytes);
  }
  return true;
}

void appendUtf8(std::string &text, char32_t code) {
  size_t bytes = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  if (bytes == 1) {
    text.push_back(static_cast<char>(code));
    return;
  }
  // As many leading ones as bytes, then six bits a byte.
  text.push_back(static_cast<char>((0xf00 >> bytes & 0xff) | code >> (6 * (bytes - 1))));
  for (size_t i = bytes - 1; i-- > 0;)
    text.push_back(static_cast<char>(0x80 | (code >> (6 * i) & 0x3f)));
}

} // namespace hornet
