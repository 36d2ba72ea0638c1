//===- Tensor.h - Dense arrays: dtype, shape, bytes -------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hornet {

/// Element types. Those of NumPy that Keras models use, plus bfloat16. Strings are UTF-8, and stay
/// on the host: compiled code never sees one.
enum class DType : uint8_t {
  f16,
  bf16,
  f32,
  f64,
  i8,
  i16,
  i32,
  i64,
  u8,
  u16,
  u32,
  u64,
  boolean,
  string
};

/// Bytes of one element; of a string: of the std::string that holds it.
size_t sizeOf(DType dtype);
/// Keras's name: "float32", "bool", …
std::string_view nameOf(DType dtype);
/// The type that has this name.
std::optional<DType> dtypeOf(std::string_view name);

/// Extent of each dimension, outermost first. `unknownSize` marks one that the model leaves open.
using Shape = std::vector<int64_t>;
inline constexpr int64_t unknownSize = -1;

/// As Keras prints it: "(None, 28, 28, 1)", "(3,)", "()".
std::string toString(const Shape &shape);

/// A dense, row-major (C order) array that owns its bytes, aligned to 64. Copies share the bytes.
/// The elements of one of strings are std::string: as<std::string>().
class Tensor {
public:
  Tensor() = default;
  /// Zero-filled, or empty strings. The shape must be fully known and its byte count fit in memory:
  /// callers check.
  Tensor(DType dtype, Shape shape);
  /// A float32 tensor from values in row-major order; `values.size()` is the product of `shape`.
  static Tensor fromFloats(Shape shape, std::span<const float> values);

  DType dtype() const { return elementType; }
  const Shape &shape() const { return extents; }
  int64_t size() const;                                         ///< number of elements
  size_t bytes() const { return size() * sizeOf(elementType); } ///< of data, without padding
  const std::byte *data() const { return storage.get(); }
  std::byte *data() { return storage.get(); }

  /// The elements as T, which must match dtype() in size.
  template <class T> std::span<const T> as() const {
    return {reinterpret_cast<const T *>(storage.get()), static_cast<size_t>(size())};
  }
  template <class T> std::span<T> as() {
    return {reinterpret_cast<T *>(storage.get()), static_cast<size_t>(size())};
  }

  /// Same bytes under another shape with the same number of elements.
  Tensor reshaped(Shape shape) const;
  /// A float32 copy (itself when already float32); integers and booleans convert by value. Not of
  /// strings: callers check.
  Tensor toFloat32() const;
  /// An int64 copy (itself when already int64), floats without their fraction; what int64 cannot
  /// hold (NaN, too large) becomes its smallest number. Not of strings.
  Tensor toInt64() const;

private:
  DType elementType = DType::f32;
  Shape extents = {0};
  std::shared_ptr<std::byte[]> storage;
};

} // namespace hornet
