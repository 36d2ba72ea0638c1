// The same elements in other places.

#include "host/Functions.h"

#include <algorithm>
#include <cstring>

namespace hornet::host {

Function makeReshape(const Step &, const Value &result) {
  return [shape = result.shape](std::span<const Tensor> x) -> Expected<Tensor> {
    Shape whole = shape;
    whole.front() = x[0].shape().front();
    return x[0].reshaped(std::move(whole));
  };
}

/// Elements of one operand from index 0 of `axis` on, to the next.
static size_t block(const Tensor &x, size_t axis) {
  size_t elements = 1;
  for (size_t i = axis; i < x.shape().size(); ++i)
    elements *= static_cast<size_t>(x.shape()[i]);
  return elements;
}

template <class Element>
static void sideBySide(std::span<const Tensor> x, size_t axis, Tensor &result) {
  auto to = result.as<Element>().begin();
  size_t blocks = x[0].size() == 0 ? 0 : static_cast<size_t>(x[0].size()) / block(x[0], axis);
  for (size_t i = 0; i < blocks; ++i)
    for (const Tensor &operand : x) {
      size_t count = block(operand, axis);
      to = std::ranges::copy(operand.as<Element>().subspan(i * count, count), to).out;
    }
}

Function makeConcatenate(const Step &step, const Value &result) {
  size_t axis = step.settings.at("axis");
  if (axis == 0 || axis >= result.shape.size())
    throw std::out_of_range("no such axis");
  return [=, value = result](std::span<const Tensor> x) -> Expected<Tensor> {
    Shape shape = value.shape;
    shape.front() = x[0].shape().front();
    Tensor result(value.dtype, shape);
    if (value.dtype == DType::string) {
      sideBySide<std::string>(x, axis, result);
      return result;
    }
    std::vector<Tensor> whole;
    for (const Tensor &operand : x)
      whole.push_back(operand.toInt64());
    sideBySide<int64_t>(whole, axis, result);
    return result;
  };
}

} // namespace hornet::host
