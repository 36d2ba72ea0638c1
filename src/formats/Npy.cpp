#include "formats/Npy.h"

#include "formats/Elements.h"
#include "formats/NpyHeader.h"

#include <fmt/format.h>
#include <new>

namespace hornet::formats {

namespace {

/// Copies an array whose first index varies fastest into C order.
template <class Word>
void fromFortranOrder(std::span<const std::byte> bytes, const Shape &shape, Tensor &tensor) {
  // Strides in elements: of the first dimension 1, of the next the first extent, …
  std::vector<size_t> strides(shape.size(), 1);
  for (size_t i = 1; i < shape.size(); ++i)
    strides[i] = strides[i - 1] * shape[i - 1];
  std::vector<int64_t> index(shape.size(), 0);
  size_t from = 0;
  for (Word &element : tensor.as<Word>()) {
    std::memcpy(&element, &bytes[from * sizeof(Word)], sizeof(Word));
    for (size_t i = shape.size(); i-- > 0;) {
      from += strides[i];
      if (++index[i] < shape[i])
        break;
      from -= strides[i] * shape[i];
      index[i] = 0;
    }
  }
}

void fillFromFortranOrder(std::span<const std::byte> bytes, Tensor &tensor) {
  const Shape &shape = tensor.shape();
  switch (sizeOf(tensor.dtype())) {
  case 1: return fromFortranOrder<uint8_t>(bytes, shape, tensor);
  case 2: return fromFortranOrder<uint16_t>(bytes, shape, tensor);
  case 4: return fromFortranOrder<uint32_t>(bytes, shape, tensor);
  default: return fromFortranOrder<uint64_t>(bytes, shape, tensor);
  }
}

Expected<Tensor> read(std::span<const std::byte> bytes, const std::string &file) {
  NpyHeader header = HORNET_TRY(parseNpyHeader(bytes, file));
  std::span<const std::byte> data = bytes.subspan(header.dataOffset);
  std::optional<size_t> needed = byteCount(header.shape, header.dtype);
  if (!needed || *needed != data.size())
    return inputError(
        {.file = file,
         .reason = fmt::format("{}: an array of shape {} and type {} takes {} bytes, but {} follow "
                               "the header",
                               needed && *needed < data.size() ? "damaged" : "truncated",
                               toString(header.shape), nameOf(header.dtype),
                               needed ? std::to_string(*needed) : "more than 2^63", data.size())});

  Tensor tensor(header.dtype, header.shape);
  if (header.fortranOrder)
    fillFromFortranOrder(data, tensor);
  else
    std::ranges::copy(data, tensor.data());
  toNative(tensor, header.byteOrder);
  if (header.dtype == DType::boolean)
    for (uint8_t &value : tensor.as<uint8_t>())
      value = value != 0;
  return tensor;
}

} // namespace

Expected<Tensor> readNpy(std::span<const std::byte> bytes, const std::string &file) {
  try {
    return read(bytes, file);
  } catch (const std::bad_alloc &) {
    return machineError("out of memory while reading " + file);
  }
}

Expected<Tensor> readNpyFile(const std::string &path) {
  return readNpy(HORNET_TRY(readFile(path)), path);
}

Bytes writeNpy(const Tensor &array) {
  const Tensor tensor = array.dtype() == DType::bf16 ? array.toFloat32() : array;
  std::string header = npyHeaderOf(tensor.dtype(), tensor.shape());
  Bytes bytes(header.size() + tensor.bytes());
  std::ranges::copy(std::as_bytes(std::span(header)), bytes.begin());
  std::copy_n(tensor.data(), tensor.bytes(), bytes.begin() + header.size());
  return bytes;
}

} // namespace hornet::formats
