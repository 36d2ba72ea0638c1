//===- NpyHeader.h - The header of a .npy file ------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"
#include "base/Tensor.h"
#include "formats/Npy.h"

#include <bit>
#include <span>
#include <string>

namespace hornet::formats {

struct NpyHeader {
  DType dtype = DType::f32;
  std::endian byteOrder = std::endian::native;
  bool fortranOrder = false;
  Shape shape;
  size_t dataOffset = 0;
  size_t elementBytes = 0;
  bool wide = false; ///< strings of four bytes a character (U), not of one byte (S)
};

/// Magic, version, and the Python dict that describes the array: parsed as just that dict, never
/// evaluated. Source: numpy.lib.format.
Expected<NpyHeader> parseNpyHeader(std::span<const std::byte> bytes, const std::string &file,
                                   Strings strings);

/// Everything before the data, version 1, padded to a multiple of 64 bytes. `characters`: of the
/// longest string, at least 1.
std::string npyHeaderOf(DType dtype, const Shape &shape, size_t characters = 0);

} // namespace hornet::formats
