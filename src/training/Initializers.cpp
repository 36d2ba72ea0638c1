#include "training/Initializers.h"

#include "training/Orthogonal.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <new>

namespace hornet::training {

using keras::namesOf;
using keras::sameName;
namespace {

using Values = std::span<float>;

struct Fans {
  double in = 1, out = 1;
};

/// Source: keras.src.initializers.random_initializers.compute_fans.
Fans fansOf(const Shape &shape, Spec &spec) {
  auto product = [&](const char *key) {
    double size = 1;
    for (double axis : spec.numbers(key, {})) {
      auto rank = static_cast<double>(shape.size());
      double place = axis < 0 ? axis + rank : axis;
      if (place < 0 || place >= rank)
        spec.refuse(key, fmt::format("axis {} of a weight of shape {}", axis, toString(shape)));
      else
        size *= static_cast<double>(shape[static_cast<size_t>(place)]);
    }
    return size;
  };
  if (spec.has("input_axes") && spec.has("output_axes"))
    return {product("input_axes"), product("output_axes")};
  if (shape.empty())
    return {};
  auto last = static_cast<double>(shape.back());
  if (shape.size() == 1)
    return {last, last};
  double window = 1;
  for (size_t i = 0; i + 2 < shape.size(); ++i)
    window *= static_cast<double>(shape[i]);
  return {window * static_cast<double>(shape[shape.size() - 2]), window * last};
}

void fillUniform(Values values, double low, double high, RandomStream &random) {
  for (float &value : values)
    value = static_cast<float>(low + (high - low) * random.uniform());
}

void fillNormal(Values values, double mean, double deviation, RandomStream &random) {
  for (float &value : values)
    value = static_cast<float>(mean + deviation * random.normal());
}

/// Cut at two standard deviations: what lies beyond is drawn again.
void fillTruncated(Values values, double mean, double deviation, RandomStream &random) {
  for (float &value : values) {
    double drawn = 0;
    do
      drawn = random.normal();
    while (std::abs(drawn) > 2);
    value = static_cast<float>(mean + deviation * drawn);
  }
}

enum class Fan { in, out, average };
enum class Distribution { uniform, truncatedNormal, untruncatedNormal };

void fillScaled(Values values, const Shape &shape, double scale, Fan mode,
                Distribution distribution, Spec &spec, RandomStream &random) {
  // The standard deviation of a normal distribution that is cut at two of its own.
  constexpr double truncatedDeviation = 0.87962566103423978;
  Fans fans = fansOf(shape, spec);
  double fan = mode == Fan::in ? fans.in : mode == Fan::out ? fans.out : (fans.in + fans.out) / 2;
  double variance = scale / std::max(1.0, fan);
  if (distribution == Distribution::uniform)
    fillUniform(values, -std::sqrt(3 * variance), std::sqrt(3 * variance), random);
  else if (distribution == Distribution::untruncatedNormal)
    fillNormal(values, 0, std::sqrt(variance), random);
  else
    fillTruncated(values, 0, std::sqrt(variance) / truncatedDeviation, random);
}

// One function an initializer. They fill what is zero.
using Fill = void (*)(Values, const Shape &, Spec &, RandomStream &);

void zeros(Values, const Shape &, Spec &, RandomStream &) {}
void ones(Values values, const Shape &, Spec &, RandomStream &) { std::ranges::fill(values, 1.f); }
void constant(Values values, const Shape &, Spec &spec, RandomStream &) {
  std::ranges::fill(values, static_cast<float>(spec.number("value", 0)));
}
void randomNormal(Values values, const Shape &, Spec &spec, RandomStream &random) {
  fillNormal(values, spec.number("mean", 0), spec.number("stddev", 0.05), random);
}
void randomUniform(Values values, const Shape &, Spec &spec, RandomStream &random) {
  fillUniform(values, spec.number("minval", -0.05), spec.number("maxval", 0.05), random);
}
void truncatedNormal(Values values, const Shape &, Spec &spec, RandomStream &random) {
  fillTruncated(values, spec.number("mean", 0), spec.number("stddev", 0.05), random);
}

void varianceScaling(Values values, const Shape &shape, Spec &spec, RandomStream &random) {
  static constexpr Distribution distributions[] = {
      Distribution::uniform, Distribution::truncatedNormal, Distribution::untruncatedNormal,
      Distribution::truncatedNormal};
  double scale = spec.number("scale", 1);
  if (!(scale > 0))
    spec.refuse("scale", fmt::format("{} is not greater than 0", scale));
  auto mode = static_cast<Fan>(spec.choice("mode", 0, {"fan_in", "fan_out", "fan_avg"}));
  Distribution distribution = distributions[spec.choice(
      "distribution", 1, {"uniform", "truncated_normal", "untruncated_normal", "normal"})];
  fillScaled(values, shape, scale, mode, distribution, spec, random);
}

template <int scale, Fan mode, Distribution distribution>
void scaled(Values values, const Shape &shape, Spec &spec, RandomStream &random) {
  fillScaled(values, shape, scale, mode, distribution, spec, random);
}
constexpr Fill glorotUniform = scaled<1, Fan::average, Distribution::uniform>;
constexpr Fill glorotNormal = scaled<1, Fan::average, Distribution::truncatedNormal>;
constexpr Fill heUniform = scaled<2, Fan::in, Distribution::uniform>;
constexpr Fill heNormal = scaled<2, Fan::in, Distribution::truncatedNormal>;
constexpr Fill lecunUniform = scaled<1, Fan::in, Distribution::uniform>;
constexpr Fill lecunNormal = scaled<1, Fan::in, Distribution::truncatedNormal>;

void orthogonal(Values values, const Shape &shape, Spec &spec, RandomStream &random) {
  if (shape.size() < 2)
    return spec.refuse(
        "", fmt::format("the weight has shape {}, two dimensions are needed", toString(shape)));
  auto columns = static_cast<size_t>(shape.back());
  fillOrthogonal(values, columns ? values.size() / columns : 0, columns, random);
  for (float &value : values)
    value *= static_cast<float>(spec.number("gain", 1));
}

void identity(Values values, const Shape &shape, Spec &spec, RandomStream &) {
  if (shape.size() != 2)
    return spec.refuse(
        "", fmt::format("the weight has shape {}, two dimensions are needed", toString(shape)));
  for (int64_t i = 0; i < std::min(shape[0], shape[1]); ++i)
    values[i * shape[1] + i] = static_cast<float>(spec.number("gain", 1));
}

struct Initializer {
  std::string_view name;
  Fill fill;
};
/// By the names of keras.initializers, and the short ones of Keras 2.
constexpr std::array<Initializer, 21> initializers{{
    {"Zeros", zeros},
    {"Zero", zeros},
    {"Ones", ones},
    {"One", ones},
    {"Constant", constant},
    {"RandomNormal", randomNormal},
    {"Normal", randomNormal},
    {"RandomUniform", randomUniform},
    {"Uniform", randomUniform},
    {"TruncatedNormal", truncatedNormal},
    {"VarianceScaling", varianceScaling},
    {"GlorotUniform", glorotUniform},
    {"GlorotNormal", glorotNormal},
    {"HeUniform", heUniform},
    {"HeNormal", heNormal},
    {"LecunUniform", lecunUniform},
    {"LecunNormal", lecunNormal},
    {"Orthogonal", orthogonal},
    {"OrthogonalInitializer", orthogonal},
    {"Identity", identity},
    {"IdentityInitializer", identity},
}};

} // namespace

Expected<Tensor> initialValue(const Json &initializer, const Shape &shape, uint64_t seed,
                              uint32_t index, const Problem &where) try {
  Spec spec = HORNET_TRY(Spec::read(initializer, where));
  const auto *found = std::ranges::find_if(
      initializers, [&](const Initializer &known) { return sameName(known.name, spec.name); });
  Tensor value(DType::f32, shape);
  if (found == initializers.end()) {
    spec.refuseName("initializer", namesOf(initializers));
  } else {
    if (spec.at("seed").is_number_integer())
      seed = spec.at("seed").get<uint64_t>();
    RandomStream random(seed, Purpose::initialization, index);
    found->fill(value.as<float>(), shape, spec, random);
  }
  HORNET_TRY(spec.check());
  return value;
} catch (const std::bad_alloc &) {
  return machineError("out of memory: the first values of a weight of shape " + toString(shape));
}

} // namespace hornet::training
