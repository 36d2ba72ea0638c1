#include "formats/ImageDecoders.h"

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <fmt/format.h>

// After <cstdio>, which it needs.
#include <jpeglib.h>

#include <jerror.h>

namespace hornet::formats {

namespace {

// Warnings of libjpeg after which the picture is not what was saved. The others (unknown JFIF
// version, stray bytes between segments, …) leave the pixels alone.
constexpr std::array<int, 7> damageWarnings{
    JWRN_JPEG_EOF,    JWRN_HIT_MARKER,     JWRN_HUFF_BAD_CODE,    JWRN_ARITH_BAD_CODE,
    JWRN_MUST_RESYNC, JWRN_NOT_SEQUENTIAL, JWRN_BOGUS_PROGRESSION};
// A progressive file needs about ten; thousands of empty ones over a large image would take hours.
constexpr int maxScans = 500;

/// libjpeg's state. libjpeg leaves by longjmp, so every function that calls it with the jump set
/// holds no C++ object with a destructor.
struct JpegReader {
  JpegReader() = default;
  ~JpegReader() { jpeg_destroy_decompress(&info); }
  JpegReader(const JpegReader &) = delete;
  JpegReader &operator=(const JpegReader &) = delete;

  bool readHeader(std::span<const std::byte> bytes);
  bool readRows(uint8_t *pixels, size_t stride);
  [[noreturn]] void fail() {
    errors.format_message(reinterpret_cast<j_common_ptr>(&info), message);
    std::longjmp(escape, 1);
  }

  jpeg_decompress_struct info = {};
  jpeg_error_mgr errors = {};
  jpeg_progress_mgr progress = {};
  std::jmp_buf escape;
  char message[JMSG_LENGTH_MAX] = {};
};

JpegReader &readerOf(j_common_ptr info) { return *static_cast<JpegReader *>(info->client_data); }

[[noreturn]] void onError(j_common_ptr info) { readerOf(info).fail(); }

void onWarning(j_common_ptr info, int level) {
  if (level < 0 && std::ranges::count(damageWarnings, info->err->msg_code))
    readerOf(info).fail();
}

void onOutput(j_common_ptr) {}

void onProgress(j_common_ptr info) {
  JpegReader &reader = readerOf(info);
  if (reader.info.input_scan_number <= maxScans)
    return;
  std::snprintf(reader.message, sizeof reader.message, "more than %d scans", maxScans);
  std::longjmp(reader.escape, 1);
}

bool JpegReader::readHeader(std::span<const std::byte> bytes) {
  info.err = jpeg_std_error(&errors);
  errors.error_exit = onError;
  errors.emit_message = onWarning;
  errors.output_message = onOutput;
  info.client_data = this;
  if (setjmp(escape))
    return false;
  jpeg_create_decompress(&info);
  progress.progress_monitor = onProgress;
  info.progress = &progress;
  jpeg_mem_src(&info, reinterpret_cast<const unsigned char *>(bytes.data()), bytes.size());
  jpeg_read_header(&info, TRUE);
  return true;
}

bool JpegReader::readRows(uint8_t *pixels, size_t stride) {
  if (setjmp(escape))
    return false;
  info.dct_method = JDCT_ISLOW; // as Pillow's, bit by bit
  info.do_fancy_upsampling = TRUE;
  jpeg_start_decompress(&info);
  while (info.output_scanline < info.output_height) {
    JSAMPROW row = pixels + info.output_scanline * stride;
    jpeg_read_scanlines(&info, &row, 1);
  }
  jpeg_finish_decompress(&info);
  return true;
}

tl::unexpected<Error> failed(const JpegReader &reader, const std::string &file) {
  int code = reader.errors.msg_code;
  if (code == JERR_OUT_OF_MEMORY)
    return machineError("out of memory while reading the image " + file);
  if (code == JERR_EMPTY_IMAGE)
    return tl::unexpected<Error>(
        checkDimensions(0, reader.info.image_height, "JPEG", file).error());
  if (code == JWRN_JPEG_EOF)
    return inputError({.file = file, .reason = "truncated JPEG: the file ends before its image"});
  return inputError({.file = file, .reason = fmt::format("damaged JPEG: {}", reader.message)});
}

/// libjpeg's CMYK as Adobe writes it (0 is full ink) to RGB: (255 - ink)(255 - black) / 255,
/// rounded as Pillow does it.
Image toRgb(const Image &cmyk) {
  Image rgb{cmyk.width, cmyk.height, 3, std::vector<uint8_t>(cmyk.pixels.size() / 4 * 3)};
  uint8_t *to = rgb.pixels.data();
  for (size_t i = 0; i < cmyk.pixels.size(); i += 4) {
    int light = cmyk.pixels[i + 3];
    for (size_t c = 0; c < 3; ++c) {
      int product = (255 - cmyk.pixels[i + c]) * light + 128;
      *to++ = std::max(light - ((product + (product >> 8)) >> 8), 0);
    }
  }
  return rgb;
}

struct Layout {
  int components;
  J_COLOR_SPACE colorSpace;
};
constexpr std::array<Layout, 3> layouts{{{1, JCS_GRAYSCALE}, {3, JCS_RGB}, {4, JCS_CMYK}}};

Expected<void> checkHeader(const jpeg_decompress_struct &info, size_t bytes,
                           const std::string &file) {
  HORNET_TRY(checkDimensions(info.image_width, info.image_height, "JPEG", file));
  // A block of 8 x 8 samples takes at least one bit, and at most every second one can be missing
  // through subsampling: a tiny file that claims more is not worth a large buffer.
  if (!info.arith_code && uint64_t{info.image_width} * info.image_height / 1024 > bytes)
    return inputError(
        {.file = file,
         .reason = fmt::format("damaged JPEG: its header says {} x {} pixels, which {} bytes "
                               "cannot hold",
                               info.image_width, info.image_height, bytes)});
  return {};
}

} // namespace

Expected<Image> decodeJpeg(std::span<const std::byte> bytes, const std::string &file) {
  JpegReader reader;
  if (!reader.readHeader(bytes))
    return failed(reader, file);
  HORNET_TRY(checkHeader(reader.info, bytes.size(), file));
  const auto *layout = std::ranges::find(layouts, reader.info.num_components, &Layout::components);
  if (layout == layouts.end())
    return inputError({.file = file,
                       .reason = fmt::format("a JPEG with {} color components, but 1 (gray), "
                                             "3 (color) or 4 (CMYK) are needed",
                                             reader.info.num_components),
                       .mend = "convert it to PNG"});

  reader.info.out_color_space = layout->colorSpace;
  Image image{static_cast<int>(reader.info.image_width),
              static_cast<int>(reader.info.image_height),
              layout->components,
              {}};
  size_t stride = size_t{reader.info.image_width} * image.channels;
  image.pixels.resize(stride * image.height);
  if (!reader.readRows(image.pixels.data(), stride))
    return failed(reader, file);
  return image.channels == 4 ? toRgb(image) : std::move(image);
}

} // namespace hornet::formats
