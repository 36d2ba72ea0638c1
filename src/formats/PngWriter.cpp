#include "formats/Image.h"

#include <png.h>

namespace hornet::formats {

Expected<Bytes> encodePng(const Image &image) {
  png_image header = {};
  header.version = PNG_IMAGE_VERSION;
  header.width = image.width;
  header.height = image.height;
  header.format = image.channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(header);
  Bytes bytes(size);
  bool written = png_image_write_to_memory(&header, bytes.data(), &size, 0, image.pixels.data(), 0,
                                           nullptr) != 0;
  if (!written)
    return machineError(std::string("a PNG file cannot be made: ") + header.message);
  bytes.resize(size);
  return bytes;
}

} // namespace hornet::formats
