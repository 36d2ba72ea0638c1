//===- ImageDecoders.h - What readImage dispatches to -----------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "formats/Image.h"

namespace hornet::formats {

/// More pixels than any camera has; a header that claims more is a decompression bomb.
inline constexpr int64_t maxPixels = int64_t{1} << 26;

/// Input error unless both are at least 1 and the product is at most `maxPixels`. `format` is "PNG"
/// or "JPEG".
Expected<void> checkDimensions(int64_t width, int64_t height, std::string_view format,
                               const std::string &file);

/// Each gives 1 channel (gray files) or 3 (all others), alpha dropped, and refuses damaged or
/// truncated data. `bytes` start with the format's signature.
Expected<Image> decodePng(std::span<const std::byte> bytes, const std::string &file);
Expected<Image> decodeJpeg(std::span<const std::byte> bytes, const std::string &file);

} // namespace hornet::formats
