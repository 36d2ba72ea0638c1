// How rows of an array become rows of a batch.
#include "training/Samples.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <numeric>

namespace hornet::training {
namespace {

struct Rows {
  std::span<const int64_t> samples;
  size_t from, to; ///< elements of a row
};

template <class From, class To>
void castRows(const std::byte *from, std::byte *to, const Rows &rows) {
  auto *target = reinterpret_cast<To *>(to);
  for (int64_t sample : rows.samples) {
    const auto *source = reinterpret_cast<const From *>(from) + sample * rows.from;
    for (size_t i = 0; i < rows.to; ++i)
      target[i] = static_cast<To>(source[i]); // NOLINT(bugprone-signed-char-misuse): numbers
    target += rows.to;
  }
}

/// Divided by 255, as `x.astype("float32") / 255` is: multiplying by the inverse rounds otherwise.
void scaleRows(const std::byte *from, std::byte *to, const Rows &rows) {
  auto *target = reinterpret_cast<float *>(to);
  for (int64_t sample : rows.samples) {
    const auto *source = reinterpret_cast<const uint8_t *>(from) + sample * rows.from;
    for (size_t i = 0; i < rows.to; ++i)
      target[i] = static_cast<float>(source[i]) / 255.f;
    target += rows.to;
  }
}

void oneHotRows(const std::byte *from, std::byte *to, const Rows &rows) {
  size_t classes = rows.to / rows.from;
  auto *target = reinterpret_cast<float *>(to);
  std::memset(to, 0, rows.samples.size() * rows.to * sizeof(float));
  for (int64_t sample : rows.samples)
    for (size_t i = 0; i < rows.from; ++i, target += classes)
      target[reinterpret_cast<const int32_t *>(from)[sample * rows.from + i]] = 1;
}

template <class To>
void castFrom(DType type, const std::byte *from, std::byte *to, const Rows &rows) {
  switch (type) {
  case DType::boolean:
  case DType::u8: return castRows<uint8_t, To>(from, to, rows);
  case DType::i8: return castRows<int8_t, To>(from, to, rows);
  case DType::i16: return castRows<int16_t, To>(from, to, rows);
  case DType::u16: return castRows<uint16_t, To>(from, to, rows);
  case DType::i32: return castRows<int32_t, To>(from, to, rows);
  case DType::u32: return castRows<uint32_t, To>(from, to, rows);
  case DType::i64: return castRows<int64_t, To>(from, to, rows);
  case DType::u64: return castRows<uint64_t, To>(from, to, rows);
  default: return castRows<float, To>(from, to, rows); // other floats were converted on fitting
  }
}

} // namespace

void Feed::assemble(std::span<const int64_t> samples, std::byte *to) const {
  int64_t width = std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
  int64_t count = values.shape()[0];
  Rows rows{samples, static_cast<size_t>(values.size() / count), static_cast<size_t>(width)};
  if (conversion == Conversion::scale)
    scaleRows(values.data(), to, rows);
  else if (conversion == Conversion::oneHot)
    oneHotRows(values.data(), to, rows);
  else if (dtype == DType::i32)
    castFrom<int32_t>(values.dtype(), values.data(), to, rows);
  else
    castFrom<float>(values.dtype(), values.data(), to, rows);
}

} // namespace hornet::training
