//===- Elements.h - Sizes and byte order of arrays in files -----------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Tensor.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <optional>
#include <span>

namespace hornet::formats {

/// Bytes of an array whose shape comes from a file (extents not negative). Nothing when they cannot
/// be counted; extents beside a zero must be countable too, since Tensor multiplies them in turn.
inline std::optional<size_t> byteCount(const Shape &shape, size_t elementBytes) {
  uint64_t bytes = elementBytes;
  bool empty = false;
  for (int64_t extent : shape) {
    empty |= extent == 0;
    uint64_t factor = std::max<int64_t>(extent, 1);
    if (bytes > std::numeric_limits<int64_t>::max() / factor)
      return std::nullopt;
    bytes *= factor;
  }
  return empty ? 0 : bytes;
}
inline std::optional<size_t> byteCount(const Shape &shape, DType dtype) {
  return byteCount(shape, sizeOf(dtype));
}

template <class Word> void swapWords(std::span<std::byte> bytes) {
  for (; bytes.size() >= sizeof(Word); bytes = bytes.subspan(sizeof(Word))) {
    Word word;
    std::memcpy(&word, bytes.data(), sizeof word);
    if constexpr (sizeof word == 2)
      word = __builtin_bswap16(word);
    else if constexpr (sizeof word == 4)
      word = __builtin_bswap32(word);
    else
      word = __builtin_bswap64(word);
    std::memcpy(bytes.data(), &word, sizeof word);
  }
}

/// Turns elements that are in `order` into native ones.
inline void toNative(Tensor &tensor, std::endian order) {
  std::span<std::byte> bytes(tensor.data(), tensor.bytes());
  if (order == std::endian::native)
    return;
  switch (sizeOf(tensor.dtype())) {
  case 2: return swapWords<uint16_t>(bytes);
  case 4: return swapWords<uint32_t>(bytes);
  case 8: return swapWords<uint64_t>(bytes);
  default: return;
  }
}

} // namespace hornet::formats
