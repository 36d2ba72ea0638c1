#include "host/Encode.h"

#include "host/Functions.h"

#include <memory>

namespace hornet::host {

Encoder::Encoder(const Json &settings) : depth(settings.at("depth")) {
  std::string mode = settings.at("mode");
  counts = mode == "count" || mode == "tf_idf";
  if (mode == "tf_idf")
    weights = settings.at("weights").get<std::vector<float>>();
  if (depth < 1 || (mode == "tf_idf" && static_cast<int64_t>(weights.size()) != depth))
    throw std::out_of_range("a vector of no length, or of another than its weights");
}

template <class Number>
static void add(std::span<const int64_t> indices, bool counts, int64_t depth, std::byte *row) {
  auto *to = reinterpret_cast<Number *>(row);
  for (int64_t index : indices)
    if (index >= 0 && index < depth)
      to[index] = counts ? to[index] + 1 : Number(1);
}

void Encoder::encode(std::span<const int64_t> indices, DType dtype, std::byte *row) const {
  if (dtype == DType::i64)
    return add<int64_t>(indices, counts, depth, row);
  if (dtype == DType::i32)
    return add<int32_t>(indices, counts, depth, row);
  add<float>(indices, counts, depth, row);
  auto *to = reinterpret_cast<float *>(row);
  for (size_t i = 0; i < weights.size(); ++i)
    to[i] *= weights[i];
}

/// As many indices make a vector as `depth` replaces extents of x.
Function makeEncode(const Step &step, const Value &result) {
  auto encoder = std::make_shared<const Encoder>(step.settings);
  return [=, value = result](std::span<const Tensor> x) -> Expected<Tensor> {
    Shape shape = value.shape;
    shape.front() = x[0].shape().front();
    Tensor indices = x[0].toInt64(), result(value.dtype, shape);
    int64_t rows = result.size() / encoder->depth;
    size_t rowBytes = static_cast<size_t>(encoder->depth) * sizeOf(value.dtype);
    size_t count = rows == 0 ? 0 : static_cast<size_t>(indices.size() / rows);
    for (int64_t row = 0; row < rows; ++row)
      encoder->encode(indices.as<int64_t>().subspan(row * count, count), value.dtype,
                      result.data() + row * rowBytes);
    return result;
  };
}

} // namespace hornet::host
