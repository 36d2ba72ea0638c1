#include "formats/Npy.h"

#include "base/Utf8.h"
#include "formats/Elements.h"
#include "formats/NpyHeader.h"

#include <fmt/format.h>
#include <new>

namespace hornet::formats {

namespace {

/// Calls `visit` for each element in C order with its place among elements whose first index varies
/// fastest.
template <class Visit> void inFortranOrder(const Shape &shape, size_t count, Visit visit) {
  // Strides in elements: of the first dimension 1, of the next the first extent, …
  std::vector<size_t> strides(shape.size(), 1);
  for (size_t i = 1; i < shape.size(); ++i)
    strides[i] = strides[i - 1] * shape[i - 1];
  std::vector<int64_t> index(shape.size(), 0);
  size_t from = 0;
  for (size_t to = 0; to < count; ++to) {
    visit(to, from);
    for (size_t i = shape.size(); i-- > 0;) {
      from += strides[i];
      if (++index[i] < shape[i])
        break;
      from -= strides[i] * shape[i];
      index[i] = 0;
    }
  }
}

template <class Word>
void fromFortranOrder(std::span<const std::byte> bytes, const Shape &shape, Tensor &tensor) {
  auto words = tensor.as<Word>();
  inFortranOrder(shape, words.size(), [&](size_t to, size_t from) {
    std::memcpy(&words[to], &bytes[from * sizeof(Word)], sizeof(Word));
  });
}

void fillFromFortranOrder(std::span<const std::byte> bytes, Tensor &tensor) {
  const Shape &shape = tensor.shape();
  switch (sizeOf(tensor.dtype())) {
  case 1: return fromFortranOrder<uint8_t>(bytes, shape, tensor);
  case 2: return fromFortranOrder<uint16_t>(bytes, shape, tensor);
  case 4: return fromFortranOrder<uint32_t>(bytes, shape, tensor);
  default: return fromFortranOrder<uint64_t>(bytes, shape, tensor);
  }
}

/// A string of four bytes a character; nothing when it is none.
std::optional<std::string> fromWide(std::span<const std::byte> bytes, std::endian order) {
  std::string text;
  size_t ends = 0; // zeros at the end are padding
  for (; !bytes.empty(); bytes = bytes.subspan(4)) {
    uint32_t code = 0;
    std::memcpy(&code, bytes.data(), sizeof code);
    if (order != std::endian::native)
      code = __builtin_bswap32(code);
    if (!isCharacter(code))
      return std::nullopt;
    appendUtf8(text, code);
    ends = code ? text.size() : ends;
  }
  text.resize(ends);
  return text;
}

std::optional<std::string> fromNarrow(std::span<const std::byte> bytes) {
  std::string text(reinterpret_cast<const char *>(bytes.data()), bytes.size());
  text.resize(text.find_last_not_of('\0') + 1);
  return isUtf8(text) ? std::optional(std::move(text)) : std::nullopt;
}

Expected<Tensor> readStrings(std::span<const std::byte> data, const NpyHeader &header,
                             const std::string &file) {
  Tensor tensor(DType::string, header.shape);
  auto strings = tensor.as<std::string>();
  std::optional<size_t> wrong;
  auto read = [&](size_t to, size_t from) {
    auto bytes = data.subspan(from * header.elementBytes, header.elementBytes);
    auto text = header.wide ? fromWide(bytes, header.byteOrder) : fromNarrow(bytes);
    if (text)
      strings[to] = std::move(*text);
    else if (!wrong)
      wrong = to;
  };
  if (header.fortranOrder)
    inFortranOrder(header.shape, strings.size(), read);
  else
    for (size_t i = 0; i < strings.size(); ++i)
      read(i, i);
  if (wrong)
    return inputError({.file = file,
                       .reason = fmt::format("string number {} of the array is not {}", *wrong,
                                             header.wide ? "Unicode" : "UTF-8"),
                       .mend = "save the strings as Unicode: array.astype(str)"});
  return tensor;
}

Expected<Tensor> read(std::span<const std::byte> bytes, const std::string &file, Strings strings) {
  NpyHeader header = HORNET_TRY(parseNpyHeader(bytes, file, strings));
  std::span<const std::byte> data = bytes.subspan(header.dataOffset);
  std::optional<size_t> needed = byteCount(header.shape, header.elementBytes);
  if (!needed || *needed != data.size())
    return inputError(
        {.file = file,
         .reason = fmt::format("{}: an array of shape {} and type {} takes {} bytes, but {} follow "
                               "the header",
                               needed && *needed < data.size() ? "damaged" : "truncated",
                               toString(header.shape), nameOf(header.dtype),
                               needed ? std::to_string(*needed) : "more than 2^63", data.size())});

  if (header.dtype == DType::string)
    return readStrings(data, header, file);
  Tensor tensor(header.dtype, header.shape);
  if (header.fortranOrder)
    fillFromFortranOrder(data, tensor);
  else
    std::ranges::copy(data, tensor.data());
  toNative(tensor, header.byteOrder);
  if (header.dtype == DType::boolean)
    for (uint8_t &value : tensor.as<uint8_t>())
      value = value != 0;
  return tensor;
}

} // namespace

Expected<Tensor> readNpy(std::span<const std::byte> bytes, const std::string &file,
                         Strings strings) {
  try {
    return read(bytes, file, strings);
  } catch (const std::bad_alloc &) {
    return machineError("out of memory while reading " + file);
  }
}

Expected<Tensor> readNpyFile(const std::string &path, Strings strings) {
  return readNpy(HORNET_TRY(readFile(path)), path, strings);
}

static std::u32string toWide(std::string_view text) {
  std::u32string wide;
  while (!text.empty()) {
    auto [code, bytes] = firstCharacter(text);
    wide.push_back(bytes ? code : U'\ufffd');
    text.remove_prefix(std::max<size_t>(bytes, 1));
  }
  return wide;
}

static Bytes writeStrings(const Tensor &array) {
  std::vector<std::u32string> strings;
  size_t longest = 1;
  for (const std::string &text : array.as<std::string>()) {
    strings.push_back(toWide(text));
    longest = std::max(longest, strings.back().size());
  }
  std::string header = npyHeaderOf(DType::string, array.shape(), longest);
  Bytes bytes(header.size() + strings.size() * longest * sizeof(char32_t));
  auto to = std::ranges::copy(std::as_bytes(std::span(header)), bytes.begin()).out;
  for (const std::u32string &text : strings) {
    std::ranges::copy(std::as_bytes(std::span(text)), to);
    to += static_cast<ptrdiff_t>(longest * sizeof(char32_t));
  }
  return bytes;
}

Bytes writeNpy(const Tensor &array) {
  if (array.dtype() == DType::string)
    return writeStrings(array);
  const Tensor tensor = array.dtype() == DType::bf16 ? array.toFloat32() : array;
  std::string header = npyHeaderOf(tensor.dtype(), tensor.shape());
  Bytes bytes(header.size() + tensor.bytes());
  std::ranges::copy(std::as_bytes(std::span(header)), bytes.begin());
  std::copy_n(tensor.data(), tensor.bytes(), bytes.begin() + header.size());
  return bytes;
}

} // namespace hornet::formats
