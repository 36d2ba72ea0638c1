#include "base/Tensor.h"

#include "base/Memory.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <new>
#include <numeric>

namespace hornet {

namespace {

struct DTypeInfo {
  std::string_view name;
  uint8_t bytes;
};
// In the order of the enum.
constexpr std::array<DTypeInfo, 13> dtypes{{{"float16", 2},
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
                                            {"bool", 1}}};

float fromBfloat16(uint16_t bits) { return std::bit_cast<float>(uint32_t(bits) << 16); }

float fromFloat16(uint16_t bits) { return static_cast<float>(std::bit_cast<_Float16>(bits)); }

template <class T> void convert(const Tensor &from, std::span<float> to) {
  auto values = from.as<T>();
  for (size_t i = 0; i < to.size(); ++i)
    to[i] = static_cast<float>(values[i]);
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
  switch (elementType) {
  case DType::f32: break;
  case DType::f64: convert<double>(*this, to); break;
  case DType::i8: convert<int8_t>(*this, to); break;
  case DType::i16: convert<int16_t>(*this, to); break;
  case DType::i32: convert<int32_t>(*this, to); break;
  case DType::i64: convert<int64_t>(*this, to); break;
  case DType::boolean:
  case DType::u8: convert<uint8_t>(*this, to); break;
  case DType::u16: convert<uint16_t>(*this, to); break;
  case DType::u32: convert<uint32_t>(*this, to); break;
  case DType::u64: convert<uint64_t>(*this, to); break;
  case DType::f16:
    for (size_t i = 0; i < to.size(); ++i)
      to[i] = fromFloat16(as<uint16_t>()[i]);
    break;
  case DType::bf16:
    for (size_t i = 0; i < to.size(); ++i)
      to[i] = fromBfloat16(as<uint16_t>()[i]);
    break;
  }
  return result;
}

} // namespace hornet
