#include "base/Tensor.h"

#include "base/Memory.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>
#include <new>
#include <numeric>

namespace hornet {

namespace {

struct DTypeInfo {
  std::string_view name;
  uint8_t bytes;
};
// In the order of the enum.
constexpr std::array<DTypeInfo, 14> dtypes{{{"float16", 2},
                                            {"bfloat16", 2},
                                            {"float32", 4},
                                            {"float64", 8},
                                            {"int8", 1},
                                            {"int16", 2},
                                            {"int32", 4},
                                            {"int64", 8},
                                            {"uint8", 1},
                                            {"uint16", 2},
                                            {"uint32", 4},
                                            {"uint64", 8},
                                            {"bool", 1},
                                            {"string", sizeof(std::string)}}};

float fromBfloat16(uint16_t bits) { return std::bit_cast<float>(uint32_t(bits) << 16); }

float fromFloat16(uint16_t bits) { return static_cast<float>(std::bit_cast<_Float16>(bits)); }

template <class T> int64_t toWhole(T value) {
  if constexpr (std::is_floating_point_v<T>)
    if (!(value >= -0x1p63 && value < 0x1p63))
      return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(value);
}

template <class T, class To> void convert(const Tensor &from, std::span<To> to) {
  auto values = from.as<T>();
  for (size_t i = 0; i < to.size(); ++i)
    if constexpr (std::is_same_v<To, int64_t>)
      to[i] = toWhole(values[i]);
    else
      to[i] = static_cast<To>(values[i]);
}

/// Elements of every type but half precision and strings.
template <class To> void convertAll(const Tensor &from, std::span<To> to) {
  switch (from.dtype()) {
  case DType::f32: return convert<float>(from, to);
  case DType::f64: return convert<double>(from, to);
  case DType::i8: return convert<int8_t>(from, to);
  case DType::i16: return convert<int16_t>(from, to);
  case DType::i32: return convert<int32_t>(from, to);
  case DType::i64: return convert<int64_t>(from, to);
  case DType::boolean:
  case DType::u8: return convert<uint8_t>(from, to);
  case DType::u16: return convert<uint16_t>(from, to);
  case DType::u32: return convert<uint32_t>(from, to);
  case DType::u64: return convert<uint64_t>(from, to);
  default: assert(false && "strings are no numbers");
  }
}

} // namespace

size_t sizeOf(DType dtype) { return dtypes[static_cast<size_t>(dtype)].bytes; }
std::string_view nameOf(DType dtype) { return dtypes[static_cast<size_t>(dtype)].name; }

std::optional<DType> dtypeOf(std::string_view name) {
  auto found = std::ranges::find(dtypes, name, &DTypeInfo::name);
  if (found == dtypes.end())
    return std::nullopt;
  return static_cast<DType>(found - dtypes.begin());
}

std::string toString(const Shape &shape) {
  std::string text = "(";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? ", " : "") + (shape[i] < 0 ? "None" : std::to_string(shape[i]));
  return text + (shape.size() == 1 ? ",)" : ")");
}

Tensor::Tensor(DType dtype, Shape shape) : elementType(dtype), extents(std::move(shape)) {
  if (dtype == DType::string) {
    auto strings = std::make_shared<std::string[]>(static_cast<size_t>(this->size()));
    auto *first = reinterpret_cast<std::byte *>(strings.get());
    storage = std::shared_ptr<std::byte[]>(std::move(strings), first);
    return;
  }
  size_t size = bytes();
  Memory memory = allocate(size);
  if (!memory)
    throw std::bad_alloc();
  std::memset(memory.get(), 0, size);
  storage = std::move(memory);
}

Tensor Tensor::fromFloats(Shape shape, std::span<const float> values) {
  Tensor tensor(DType::f32, std::move(shape));
  assert(static_cast<size_t>(tensor.size()) == values.size());
  if (!values.empty())
    std::memcpy(tensor.data(), values.data(), values.size_bytes());
  return tensor;
}

int64_t Tensor::size() const {
  return std::accumulate(extents.begin(), extents.end(), int64_t{1}, std::multiplies<>());
}

Tensor Tensor::reshaped(Shape shape) const {
  Tensor copy = *this;
  copy.extents = std::move(shape);
  assert(copy.size() == size());
  return copy;
}

Tensor Tensor::toFloat32() const {
  if (elementType == DType::f32)
    return *this;
  Tensor result(DType::f32, extents);
  auto to = result.as<float>();
  if (elementType == DType::f16)
    std::ranges::transform(as<uint16_t>(), to.begin(), fromFloat16);
  else if (elementType == DType::bf16)
    std::ranges::transform(as<uint16_t>(), to.begin(), fromBfloat16);
  else
    convertAll(*this, to);
  return result;
}

Tensor Tensor::toInt64() const {
  if (elementType == DType::i64)
    return *this;
  if (elementType == DType::f16 || elementType == DType::bf16)
    return toFloat32().toInt64();
  Tensor result(DType::i64, extents);
  convertAll(*this, result.as<int64_t>());
  return result;
}

} // namespace hornet
