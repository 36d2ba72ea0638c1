#include "formats/ImageDecoders.h"

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstring>
#include <fmt/format.h>
#include <png.h>
#include <zlib.h>

namespace hornet::formats {

namespace {

/// libpng's state and what its callbacks need. libpng leaves by longjmp, so every function that
/// calls it with the jump set holds no C++ object with a destructor.
struct PngReader {
  explicit PngReader(std::span<const std::byte> bytes);
  ~PngReader() { png_destroy_read_struct(&png, &info, nullptr); }
  PngReader(const PngReader &) = delete;
  PngReader &operator=(const PngReader &) = delete;

  bool readHeader();
  bool readRows(uint8_t *pixels, size_t stride);

  std::span<const std::byte> rest;
  png_structp png;
  png_infop info = nullptr;
  uint32_t row = 0; ///< rows finished in the current pass
  uint32_t height = 0;
  char message[160] = {};
};

[[noreturn]] void onError(png_structp png, png_const_charp text) {
  auto *reader = static_cast<PngReader *>(png_get_error_ptr(png));
  std::snprintf(reader->message, sizeof reader->message, "%s", text);
  png_longjmp(png, 1);
}

constexpr const char *endsEarly = "the file ends before its image";

// Warnings are about what does not change the pixels: everything that does is an error in libpng.
void onWarning(png_structp, png_const_charp) {}

void onRead(png_structp png, png_bytep to, size_t size) {
  auto *reader = static_cast<PngReader *>(png_get_io_ptr(png));
  if (size > reader->rest.size())
    png_error(png, endsEarly);
  std::memcpy(to, reader->rest.data(), size);
  reader->rest = reader->rest.subspan(size);
}

PngReader::PngReader(std::span<const std::byte> bytes)
    : rest(bytes), png(png_create_read_struct(PNG_LIBPNG_VER_STRING, this, onError, onWarning)) {}

bool PngReader::readHeader() {
  if (setjmp(png_jmpbuf(png)))
    return false;
  info = png_create_info_struct(png);
  if (!info)
    png_error(png, "out of memory");
  png_set_read_fn(png, this, onRead);
  // Color profiles, text and the like change no pixel here (nor in Pillow): not even unpacked.
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX); // checkDimensions is stricter
  png_read_info(png, info);

  png_set_strip_16(png);
  png_set_strip_alpha(png);
  if (png_get_color_type(png, info) == PNG_COLOR_TYPE_GRAY)
    png_set_expand_gray_1_2_4_to_8(png);
  png_set_packing(png);
  return true;
}

bool PngReader::readRows(uint8_t *pixels, size_t stride) {
  if (setjmp(png_jmpbuf(png)))
    return false;
  int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  if (png_get_rowbytes(png, info) != stride)
    png_error(png, "a row has an unexpected size");
  for (int pass = 0; pass < passes; ++pass)
    for (row = 0; row < height; ++row)
      png_read_row(png, pixels + row * stride, nullptr);
  png_read_end(png, nullptr); // the last CRCs, and that the file is complete
  return true;
}

struct Header {
  uint32_t width, height;
  int bitDepth, colorType;
};

struct ColorType {
  int code;
  int samples;
  std::array<int, 5> bitDepths;
};
constexpr std::array<ColorType, 5> colorTypes{{{PNG_COLOR_TYPE_GRAY, 1, {1, 2, 4, 8, 16}},
                                               {PNG_COLOR_TYPE_RGB, 3, {8, 16}},
                                               {PNG_COLOR_TYPE_PALETTE, 1, {1, 2, 4, 8}},
                                               {PNG_COLOR_TYPE_GRAY_ALPHA, 2, {8, 16}},
                                               {PNG_COLOR_TYPE_RGB_ALPHA, 4, {8, 16}}}};

uint32_t bigEndian(const std::byte *bytes) {
  return png_get_uint_32(reinterpret_cast<png_const_bytep>(bytes));
}

tl::unexpected<Error> damaged(const std::string &file, std::string_view what) {
  return inputError({.file = file, .reason = fmt::format("damaged PNG: {}", what)});
}

/// Checks IHDR before libpng sees it: its messages would not say what was found.
Expected<Header> readIhdr(std::span<const std::byte> bytes, const std::string &file) {
  // signature 8, length 4, "IHDR" 4, data 13, CRC 4; the CRC covers name and data.
  if (bytes.size() < 33)
    return inputError({.file = file, .reason = "truncated PNG: it ends before its header (IHDR)"});
  if (bigEndian(&bytes[8]) != 13 || std::memcmp(&bytes[12], "IHDR", 4) != 0)
    return damaged(file, "its first chunk is not a header (IHDR)");
  if (crc32(0, reinterpret_cast<const Bytef *>(&bytes[12]), 17) != bigEndian(&bytes[29]))
    return damaged(file, "the CRC of its header (IHDR) does not match");
  Header header{bigEndian(&bytes[16]), bigEndian(&bytes[20]), std::to_integer<int>(bytes[24]),
                std::to_integer<int>(bytes[25])};
  HORNET_TRY(checkDimensions(header.width, header.height, "PNG", file));

  const auto *type = std::ranges::find(colorTypes, header.colorType, &ColorType::code);
  if (type == colorTypes.end())
    return damaged(file, fmt::format("color type {} does not exist", header.colorType));
  if (header.bitDepth == 0 || !std::ranges::count(type->bitDepths, header.bitDepth))
    return damaged(file, fmt::format("bit depth {} does not exist for color type {}",
                                     header.bitDepth, header.colorType));
  // Deflate expands at most 1032 times: a tiny file that claims more is not worth a large buffer.
  uint64_t rawBytes = uint64_t{header.width} * header.height * type->samples * header.bitDepth / 8;
  if (rawBytes / 1032 > bytes.size())
    return damaged(file, fmt::format("its header says {} x {} pixels, which {} bytes cannot hold",
                                     header.width, header.height, bytes.size()));
  return header;
}

/// Palette indices to RGB.
Expected<Image> lookUp(const Image &indices, std::span<const png_color> palette,
                       const std::string &file) {
  Image rgb{indices.width, indices.height, 3, std::vector<uint8_t>(indices.pixels.size() * 3)};
  uint8_t *to = rgb.pixels.data();
  for (uint8_t index : indices.pixels) {
    if (index >= palette.size())
      return damaged(file, fmt::format("a pixel uses palette entry {}, but the palette has {}",
                                       index, palette.size()));
    *to++ = palette[index].red;
    *to++ = palette[index].green;
    *to++ = palette[index].blue;
  }
  return rgb;
}

tl::unexpected<Error> failed(const PngReader &reader, const std::string &file) {
  std::string what = reader.message;
  if (reader.row > 0 && reader.row < reader.height)
    what += fmt::format(" (after {} of {} rows)", reader.row, reader.height);
  return what.starts_with(endsEarly)
             ? inputError({.file = file, .reason = "truncated PNG: " + what})
             : damaged(file, what);
}

} // namespace

Expected<Image> decodePng(std::span<const std::byte> bytes, const std::string &file) {
  Header header = HORNET_TRY(readIhdr(bytes, file));
  PngReader reader(bytes);
  if (!reader.png)
    return machineError("out of memory while reading the image " + file);
  if (!reader.readHeader())
    return failed(reader, file);

  reader.height = header.height;
  bool isColor = header.colorType == PNG_COLOR_TYPE_RGB || header.colorType == PNG_COLOR_TYPE_RGBA;
  Image image{static_cast<int>(header.width), static_cast<int>(header.height), isColor ? 3 : 1, {}};
  size_t stride = size_t{header.width} * image.channels;
  image.pixels.resize(stride * header.height);
  if (!reader.readRows(image.pixels.data(), stride))
    return failed(reader, file);
  if (header.colorType != PNG_COLOR_TYPE_PALETTE)
    return image;

  png_colorp palette = nullptr;
  int entries = 0;
  png_get_PLTE(reader.png, reader.info, &palette, &entries);
  return lookUp(image, {palette, static_cast<size_t>(entries)}, file);
}

} // namespace hornet::formats
