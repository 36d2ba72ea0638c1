// Strings and whole numbers to bins.

#include "host/Functions.h"
#include "host/Vocabulary.h"

#include <algorithm>

namespace hornet::host {

/// The elements as TensorFlow hashes them: numbers by their decimal digits.
static std::vector<std::string> textOf(const Tensor &x) {
  if (x.dtype() == DType::string)
    return {x.as<std::string>().begin(), x.as<std::string>().end()};
  std::vector<std::string> texts;
  Tensor whole = x.toInt64();
  for (int64_t value : whole.as<int64_t>())
    texts.push_back(std::to_string(value));
  return texts;
}

/// Which elements are the value `mask`.
static std::vector<bool> equals(const Tensor &x, const Json &mask) {
  std::vector<bool> equal;
  Tensor whole = x.dtype() == DType::string ? Tensor() : x.toInt64();
  auto compare = [&](auto elements, const auto &value) {
    for (const auto &element : elements)
      equal.push_back(element == value);
  };
  if (x.dtype() == DType::string)
    compare(x.as<std::string>(), mask.get<std::string>());
  else if (x.dtype() == DType::f32)
    compare(x.as<float>(), mask.get<float>());
  else
    compare(std::as_const(whole).as<int64_t>(), mask.get<int64_t>());
  return equal;
}

/// Whole numbers in the type of a result.
static Tensor inType(const Tensor &whole, DType dtype) {
  if (dtype == DType::i64)
    return whole;
  if (dtype == DType::f32)
    return whole.toFloat32();
  Tensor result(DType::i32, whole.shape());
  std::ranges::transform(whole.as<int64_t>(), result.as<int32_t>().begin(),
                         [](int64_t value) { return static_cast<int32_t>(value); });
  return result;
}

Function makeHash(const Step &step, const Value &result) {
  uint64_t bins = step.settings.at("bins");
  Salt salt = saltOf(step.settings.at("salt"));
  Json mask = step.settings.at("mask");
  if (bins == 0)
    throw std::out_of_range("no bins");
  // Bin 0 is the mask's own.
  bool masked = !mask.is_null() && bins > 1;
  return [=, dtype = result.dtype](std::span<const Tensor> x) -> Expected<Tensor> {
    std::vector<std::string> texts = textOf(x[0]);
    std::vector<bool> equal = masked ? equals(x[0], mask) : std::vector<bool>(texts.size());
    Tensor result(DType::i64, x[0].shape());
    for (size_t i = 0; i < texts.size(); ++i)
      result.as<int64_t>()[i] =
          equal[i] ? 0 : static_cast<int64_t>(hashOf(texts[i], salt) % (bins - masked)) + masked;
    return inType(result, dtype);
  };
}

Function makeCross(const Step &step, const Value &result) {
  uint64_t bins = step.settings.at("bins");
  if (bins == 0)
    throw std::out_of_range("no bins");
  return [=, dtype = result.dtype](std::span<const Tensor> x) -> Expected<Tensor> {
    constexpr uint64_t start = 0xDECAFCAFFE; // TensorFlow's default key
    std::vector<uint64_t> hashes(static_cast<size_t>(x[0].size()), start);
    for (const Tensor &operand : x) {
      bool text = operand.dtype() == DType::string;
      Tensor whole = text ? Tensor() : operand.toInt64();
      for (size_t i = 0; i < hashes.size(); ++i)
        hashes[i] = concatenated(hashes[i], text ? hashOf(operand.as<std::string>()[i], {})
                                                 : static_cast<uint64_t>(whole.as<int64_t>()[i]));
    }
    Tensor result(DType::i64, x[0].shape());
    std::ranges::transform(hashes, result.as<int64_t>().begin(),
                           [&](uint64_t hash) { return static_cast<int64_t>(hash % bins); });
    return inType(result, dtype);
  };
}

} // namespace hornet::host
