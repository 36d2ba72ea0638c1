//===- Image.h - PNG and JPEG to the tensors that a model wants ---------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"
#include "base/Tensor.h"
#include "formats/File.h"

#include <cstdint>
#include <string>
#include <vector>

namespace hornet::formats {

/// 8 bits a channel, interleaved, rows from the top: pixels[(y * width + x) * channels + c].
struct Image {
  int width = 0;
  int height = 0;
  int channels = 1; ///< 1 gray, 3 RGB
  std::vector<uint8_t> pixels;
};

enum class ColorMode { gray, rgb };
enum class Resample { nearest, bilinear, bicubic };

/// Decodes a PNG or JPEG of any color type and bit depth, and converts as Pillow's convert('L') or
/// convert('RGB') does, bit by bit: L = (19595 R + 38470 G + 7471 B + 32768) >> 16; alpha and EXIF
/// rotation are ignored. Of 16-bit samples the high byte counts (Pillow clips 16-bit gray at 255).
/// CMYK goes through RGB. Input errors name the cause: not an image (says what it is), damaged,
/// truncated, zero or more than 2^26 pixels, palette entries that do not exist.
Expected<Image> readImage(std::span<const std::byte> bytes, const std::string &file,
                          ColorMode mode);

/// An 8-bit PNG file, gray or RGB, of at least one pixel. Machine error: out of memory.
Expected<Bytes> encodePng(const Image &image);

/// 255 - value.
void invert(Image &image);

/// Pillow's resize: separable, antialiasing, 8 bits between the passes (Pillow 13's order of
/// passes), equal to the bit. `width` and `height` are at least 1. Source: Pillow 13, Image.resize.
Image resize(const Image &image, int width, int height, Resample filter);

/// float32 in [0, 1] (value / 255), shape (height, width, channels).
Tensor toTensor(const Image &image);

} // namespace hornet::formats
