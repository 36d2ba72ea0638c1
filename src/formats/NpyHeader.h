//===- NpyHeader.h - The header of a .npy file ------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"
#include "base/Tensor.h"

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
};

/// Magic, version, and the Python dict that describes the array: parsed as just that dict, never
/// evaluated. Source: numpy.lib.format.
Expected<NpyHeader> parseNpyHeader(std::span<const std::byte> bytes, const std::string &file);

/// Everything before the data, version 1, padded to a multiple of 64 bytes.
std::string npyHeaderOf(DType dtype, const Shape &shape);

} // namespace hornet::formats
