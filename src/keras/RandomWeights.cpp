#include "keras/Binding.h"

#include <cmath>
#include <fmt/format.h>
#include <new>
#include <random>

namespace hornet::keras {
namespace {

/// The range that Keras's own initializers would choose from: Glorot's for what is multiplied,
/// about 1 for scales and variances, about 0 for offsets and means.
std::pair<float, float> rangeOf(const Parameter &parameter) {
  const Shape &shape = parameter.shape;
  if (parameter.name.ends_with("gamma") || parameter.name.ends_with("variance"))
    return {0.5f, 1.5f};
  if (shape.size() < 2)
    return {-0.1f, 0.1f};
  double window = 1;
  for (size_t i = 0; i + 2 < shape.size(); ++i)
    window *= static_cast<double>(shape[i]);
  auto fans = window * static_cast<double>(shape[shape.size() - 2] + shape.back());
  auto limit = static_cast<float>(std::sqrt(6 / std::max(1.0, fans)));
  return {-limit, limit};
}

class RandomWeights : public Weights {
public:
  explicit RandomWeights(uint32_t seed) : Weights("random weights"), seed(seed) {}

private:
  Expected<void> locate(Binding &binding) const override try {
    std::mt19937 engine(seed);
    for (size_t i = 0; i < binding.parameters.size(); ++i) {
      const Parameter &parameter = binding.parameters[i];
      auto [low, high] = rangeOf(parameter);
      Tensor value(DType::f32, parameter.shape);
      // Not the standard's distributions, which differ from library to library.
      for (float &element : value.as<float>())
        element = low + (high - low) * static_cast<float>(engine() >> 8) * 0x1p-24f;
      binding.sources[i].value = std::move(value);
    }
    return {};
  } catch (const std::bad_alloc &) {
    return machineError("out of memory: random weights");
  }

  uint32_t seed;
};

} // namespace

std::shared_ptr<const Weights> Weights::random(uint32_t seed) {
  return std::make_shared<RandomWeights>(seed);
}

} // namespace hornet::keras
