#include "formats/Image.h"

#include "formats/ImageDecoders.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <new>

namespace hornet::formats {

namespace {

struct OtherFormat {
  size_t offset;
  std::string_view magic;
  std::string_view name;
};
// Formats that users take for images that we read.
constexpr std::array<OtherFormat, 14> otherFormats{{{0, "BM", "a BMP image"},
                                                    {0, "GIF8", "a GIF image"},
                                                    {0, "P1\n", "a PBM image"},
                                                    {0, "P2\n", "a PGM image"},
                                                    {0, "P3\n", "a PPM image"},
                                                    {0, "P4\n", "a PBM image"},
                                                    {0, "P5\n", "a PGM image"},
                                                    {0, "P6\n", "a PPM image"},
                                                    {0, {"II*\0", 4}, "a TIFF image"},
                                                    {0, {"MM\0*", 4}, "a TIFF image"},
                                                    {8, "WEBP", "a WebP image"},
                                                    {4, "ftypheic", "a HEIC image"},
                                                    {4, "ftypavif", "an AVIF image"},
                                                    {0, "%PDF", "a PDF document"}}};

std::string_view describeOther(std::span<const std::byte> bytes) {
  std::string_view text(reinterpret_cast<const char *>(bytes.data()), bytes.size());
  for (const OtherFormat &format : otherFormats)
    if (text.size() >= format.offset && text.substr(format.offset).starts_with(format.magic))
      return format.name;
  return {};
}

tl::unexpected<Error> refuse(std::span<const std::byte> bytes, Signature signature,
                             const std::string &file) {
  if (signature == Signature::empty)
    return inputError({.file = file, .reason = "the file is empty, but an image is needed"});
  std::string_view found = describeOther(bytes);
  if (!found.empty())
    return inputError({.file = file,
                       .reason = fmt::format("this is {}, but only PNG and JPEG are read", found),
                       .mend = "convert it to PNG"});
  if (signature != Signature::unknown)
    return inputError({.file = file,
                       .reason = fmt::format("this is {}, but a PNG or JPEG image is needed",
                                             describe(signature))});
  return inputError({.file = file,
                     .reason = "not an image: it has the signature of neither PNG nor JPEG",
                     .mend = "give a PNG or JPEG image"});
}

Image toGray(const Image &rgb) {
  Image gray{rgb.width, rgb.height, 1, std::vector<uint8_t>(rgb.pixels.size() / 3)};
  const uint8_t *from = rgb.pixels.data();
  for (uint8_t &value : gray.pixels) {
    value = (19595u * from[0] + 38470u * from[1] + 7471u * from[2] + 32768u) >> 16;
    from += 3;
  }
  return gray;
}

Image toRgb(const Image &gray) {
  Image rgb{gray.width, gray.height, 3, std::vector<uint8_t>(gray.pixels.size() * 3)};
  uint8_t *to = rgb.pixels.data();
  for (uint8_t value : gray.pixels)
    to = std::fill_n(to, 3, value);
  return rgb;
}

Expected<Image> decode(std::span<const std::byte> bytes, const std::string &file) {
  Signature signature = signatureOf(bytes);
  if (signature == Signature::png)
    return decodePng(bytes, file);
  if (signature == Signature::jpeg)
    return decodeJpeg(bytes, file);
  return refuse(bytes, signature, file);
}

} // namespace

Expected<void> checkDimensions(int64_t width, int64_t height, std::string_view format,
                               const std::string &file) {
  if (width < 1 || height < 1)
    return inputError({.file = file,
                       .reason = fmt::format("damaged {}: its header says {} x {} pixels", format,
                                             width, height)});
  if (width > maxPixels || height > maxPixels || width * height > maxPixels)
    return inputError(
        {.file = file,
         .reason = fmt::format("the {} header says {} x {} pixels: more than the {} that are read",
                               format, width, height, maxPixels),
         .mend = "make the image smaller"});
  return {};
}

Expected<Image> readImage(std::span<const std::byte> bytes, const std::string &file,
                          ColorMode mode) {
  try {
    Image image = HORNET_TRY(decode(bytes, file));
    if (mode == ColorMode::gray && image.channels == 3)
      return toGray(image);
    if (mode == ColorMode::rgb && image.channels == 1)
      return toRgb(image);
    return image;
  } catch (const std::bad_alloc &) {
    return machineError(fmt::format("out of memory while reading the image {}", file));
  }
}

void invert(Image &image) {
  for (uint8_t &value : image.pixels)
    value = 255 - value;
}

Tensor toTensor(const Image &image) {
  Tensor tensor(DType::f32, {image.height, image.width, image.channels});
  std::ranges::transform(image.pixels, tensor.as<float>().begin(),
                         [](uint8_t value) { return static_cast<float>(value) / 255.0f; });
  return tensor;
}

} // namespace hornet::formats
