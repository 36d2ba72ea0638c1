#include "formats/Idx.h"

#include "formats/Elements.h"
#include "formats/File.h"

#include <array>
#include <fmt/format.h>
#include <new>
#include <zlib.h>

namespace hornet::formats {

namespace {

constexpr size_t magicBytes = 4;
constexpr size_t longestHeader = magicBytes + 4 * 255;

struct ElementType {
  int code;
  DType dtype;
};
constexpr std::array<ElementType, 6> elementTypes{{{0x08, DType::u8},
                                                   {0x09, DType::i8},
                                                   {0x0B, DType::i16},
                                                   {0x0C, DType::i32},
                                                   {0x0D, DType::f32},
                                                   {0x0E, DType::f64}}};

struct Inflater {
  z_stream stream = {};
  bool ready = inflateInit2(&stream, 16 + MAX_WBITS) == Z_OK; // 16: with gzip's header
  ~Inflater() {
    if (ready)
      inflateEnd(&stream);
  }
};

bool isGzip(std::span<const std::byte> bytes) { return signatureOf(bytes) == Signature::gzip; }

/// Expands all members of a gzip file; stops once there are `limit` bytes, so that no bomb goes
/// off.
Expected<Bytes> gunzip(std::span<const std::byte> bytes, size_t limit, const std::string &file) {
  Inflater inflater;
  z_stream &stream = inflater.stream;
  if (!inflater.ready)
    return machineError("out of memory while reading " + file);

  Bytes output;
  std::vector<std::byte> chunk(size_t{1} << 18);
  while (output.size() < limit) {
    auto offered = static_cast<uInt>(std::min<size_t>(bytes.size(), 1 << 30));
    auto room = static_cast<uInt>(std::min(chunk.size(), limit - output.size()));
    stream.next_in = reinterpret_cast<Bytef *>(const_cast<std::byte *>(bytes.data()));
    stream.avail_in = offered;
    stream.next_out = reinterpret_cast<Bytef *>(chunk.data());
    stream.avail_out = room;
    int status = inflate(&stream, Z_NO_FLUSH);
    bytes = bytes.subspan(offered - stream.avail_in);
    output.insert(output.end(), chunk.begin(), chunk.begin() + (room - stream.avail_out));

    if (status == Z_STREAM_END) {
      if (bytes.empty())
        break;
      if (!isGzip(bytes))
        return inputError({.file = file,
                           .reason = fmt::format("damaged gzip data: {} more bytes follow its end",
                                                 bytes.size())});
      inflateReset(&stream);
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      return inputError(
          {.file = file,
           .reason = fmt::format("damaged gzip data: {}", stream.msg ? stream.msg : "no stream")});
    } else if (bytes.empty() && stream.avail_out > 0) {
      return inputError({.file = file, .reason = "truncated: the gzip data ends early"});
    }
  }
  return output;
}

struct Header {
  DType dtype;
  Shape shape;
  size_t offset; ///< of the data
  size_t total;  ///< bytes of header and data
};

Expected<Header> parseHeader(std::span<const std::byte> bytes, const std::string &file) {
  if (bytes.size() < magicBytes || bytes[0] != std::byte{0} || bytes[1] != std::byte{0})
    return inputError({.file = file,
                       .reason = "not an idx file: it must start with two zero bytes, an element "
                                 "type and a number of dimensions",
                       .mend = "give a file in MNIST's format, gzipped or plain"});
  int code = std::to_integer<int>(bytes[2]);
  const auto *type = std::ranges::find(elementTypes, code, &ElementType::code);
  if (type == elementTypes.end())
    return inputError(
        {.file = file, .reason = fmt::format("the idx format has no element type {:#04x}", code)});

  auto rank = std::to_integer<size_t>(bytes[3]);
  Header header{type->dtype, {}, magicBytes + 4 * rank, 0};
  if (bytes.size() < header.offset)
    return inputError({.file = file, .reason = "truncated: the idx header ends early"});
  for (size_t dimension = 0; dimension < rank; ++dimension) {
    uint32_t extent = 0;
    for (size_t i = 0; i < 4; ++i)
      extent = extent << 8 | std::to_integer<uint32_t>(bytes[magicBytes + 4 * dimension + i]);
    header.shape.push_back(extent);
  }
  std::optional<size_t> size = byteCount(header.shape, header.dtype);
  if (!size)
    return inputError({.file = file,
                       .reason = fmt::format("its header says {}: more than any file can hold",
                                             toString(header.shape))});
  header.total = header.offset + *size;
  return header;
}

Expected<Tensor> readIdx(const std::string &path) {
  Bytes bytes = HORNET_TRY(readFile(path));
  Header header;
  if (isGzip(bytes)) {
    header = HORNET_TRY(parseHeader(HORNET_TRY(gunzip(bytes, longestHeader, path)), path));
    // One byte more than needed shows that there are too many, and makes zlib check its checksum.
    bytes = HORNET_TRY(gunzip(bytes, header.total + 1, path));
  } else {
    header = HORNET_TRY(parseHeader(bytes, path));
  }
  if (bytes.size() != header.total)
    return inputError(
        {.file = path,
         .reason = fmt::format("{}: its header says {} elements of type {}, {} bytes "
                               "with the header, but it holds {}",
                               bytes.size() < header.total ? "truncated" : "damaged",
                               toString(header.shape), nameOf(header.dtype), header.total,
                               bytes.size() < header.total ? fmt::format("{}", bytes.size())
                                                           : std::string("more"))});
  Tensor tensor(header.dtype, header.shape);
  std::ranges::copy(std::span(bytes).subspan(header.offset), tensor.data());
  toNative(tensor, std::endian::big);
  return tensor;
}

} // namespace

Expected<Tensor> readIdxFile(const std::string &path) {
  try {
    return readIdx(path);
  } catch (const std::bad_alloc &) {
    return machineError("out of memory while reading " + path);
  }
}

} // namespace hornet::formats
