// How far functions on vectors are from the exact answer, over all magnitudes of their argument.

#include "compiler/Compiler.h"
#include "keras/Builder.h"

#include <bit>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>

using namespace hornet;

namespace {

struct Function {
  const char *activation;
  double (*exact)(double);
  double ulps;      ///< units in the last place that it may be off
  double least = 0; ///< answers smaller than this are counted in units of it: where much cancels
};

void PrintTo(const Function &function, std::ostream *out) { *out << function.activation; }

const Function functions[] = {
    // Near the largest float, 1 elsewhere.
    {"exponential", [](double x) { return std::exp(x); }, 4.5},
    {"tanh", [](double x) { return std::tanh(x); }, 2.6},
    {"sigmoid", [](double x) { return 1 / (1 + std::exp(-x)); }, 2.6},
    {"softplus", [](double x) { return x > 40 ? x : std::log1p(std::exp(x)); }, 2.6},
    {"elu", [](double x) { return x > 0 ? x : std::expm1(x); }, 2.6},
    {"gelu",
     [](double x) { return x == -INFINITY ? NAN : x / 2 * (1 + std::erf(x / std::sqrt(2))); }, 3,
     1},
    {"log_sigmoid", [](double x) { return x < -40 ? x : -std::log1p(std::exp(-x)); }, 2.6},
};

/// Every 4,093rd float: all signs, exponents, infinities and NaNs; and those that are special.
Tensor sweep() {
  constexpr int64_t columns = 64;
  std::vector<float> values = {0.F,     -0.F,    INFINITY, -INFINITY, NAN,   1e-45F,
                               -1e-45F, 3.4e38F, -3.4e38F, 1,         -1,    0.5F,
                               88.7F,   -87.3F,  -103,     9,         -9.02F};
  for (uint64_t bits = 0; bits <= UINT32_MAX; bits += 4093)
    values.push_back(std::bit_cast<float>(static_cast<uint32_t>(bits)));
  values.resize(values.size() / columns * columns);
  Tensor tensor(DType::f32, {static_cast<int64_t>(values.size()) / columns, columns});
  std::ranges::copy(values, tensor.as<float>().begin());
  return tensor;
}

double ulpsOff(double got, double exact, double least) {
  if (std::isnan(exact) || std::isnan(got))
    return std::isnan(exact) == std::isnan(got) ? 0 : INFINITY;
  auto rounded = static_cast<float>(exact);
  if (std::isinf(rounded) || std::isinf(got))
    return rounded == got ? 0 : INFINITY;
  // What is no normal number may be zero.
  constexpr double normal = std::numeric_limits<float>::min();
  if (std::abs(exact) < normal && std::abs(got - exact) < normal)
    return 0;
  auto size = static_cast<float>(std::max({std::abs(exact), least, normal}));
  return std::abs(got - exact) / (std::nextafter(size, INFINITY) - size);
}

class Accuracy : public testing::TestWithParam<Function> {};

TEST_P(Accuracy, staysWithinUnitsInTheLastPlace) {
  using namespace keras::layers;
  keras::Sequential built;
  built.add(Input({64}));
  built.add(Activation(GetParam().activation));
  auto model = built.toModel();
  ASSERT_TRUE(model) << toString(model.error());
  Tensor input = sweep();
  for (const char *target : {"x86-64-v2", "x86-64-v3"}) {
    auto compiled = compile(*model, {.threads = 1, .target = target});
    ASSERT_TRUE(compiled) << toString(compiled.error());
    auto outputs = compiled->run(std::span(&input, 1));
    ASSERT_TRUE(outputs) << toString(outputs.error());
    double worst = 0;
    float at = 0;
    for (int64_t i = 0; i < input.size(); ++i) {
      float x = input.as<float>()[i];
      double off = ulpsOff(outputs->front().as<float>()[i], GetParam().exact(x), GetParam().least);
      if (off > worst)
        worst = off, at = x;
    }
    EXPECT_LE(worst, GetParam().ulps) << "at " << at << ", " << target;
  }
}

INSTANTIATE_TEST_SUITE_P(All, Accuracy, testing::ValuesIn(functions),
                         [](const auto &test) { return test.param.activation; });

} // namespace
