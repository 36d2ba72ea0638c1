// What layers do to activations at random while training, and what must not change it.

#include "keras/Builder.h"
#include "test/step/Steps.h"

#include <cmath>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <numeric>
#include <set>

using namespace hornet;
using formats::Json;
using keras::LayerHandle;
using training::StepRunner;
using training::StepSettings;

namespace {

/// A model that gives what `layer` makes of its input, and a dense layer on it that is trained.
keras::Model modelOf(const std::vector<LayerHandle> &layers, const Shape &shape) {
  using namespace keras::layers;
  auto x = Input(shape);
  std::vector<keras::KerasTensor> outputs;
  for (const LayerHandle &layer : layers)
    outputs.push_back(layer(x));
  outputs.push_back(Dense(1)(Flatten()(outputs.front())));
  auto model = keras::Functional({x}, outputs).toModel();
  EXPECT_TRUE(model) << toString(model.error());
  return *model;
}

/// What the layers give for a batch of `value`, in a step with these settings.
std::vector<Tensor> outputsOf(const std::vector<LayerHandle> &layers, const Shape &shape,
                              float value, const StepSettings &settings = {},
                              const CompileOptions &options = {.threads = 1}) {
  keras::Model model = modelOf(layers, shape);
  step::StepOptions step{.losses = std::vector<Json>(layers.size()), .optimizer = test::sgd};
  step.losses.push_back("mse");
  auto runner = test::runnerWith(0, model, step, options);
  EXPECT_TRUE(runner) << toString(runner.error());
  Shape batch = shape;
  batch.insert(batch.begin(), 64);
  std::vector<Tensor> arrays = {Tensor(DType::f32, batch), Tensor(DType::f32, {64, 1})};
  std::ranges::fill(arrays[0].as<float>(), value);
  auto ran = runner->run(arrays, settings);
  EXPECT_TRUE(ran) << toString(ran.error());
  const auto &results = runner->results(); // the loss comes first
  return {results.begin() + 1, results.begin() + 1 + static_cast<ptrdiff_t>(layers.size())};
}

std::vector<double> numbers(const Tensor &tensor) {
  auto values = tensor.as<float>();
  return {values.begin(), values.end()};
}

double meanOf(const std::vector<double> &values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

//===----------------------------------------------------------------------===//
// Distributions
//===----------------------------------------------------------------------===//

struct Distribution {
  const char *className;
  Json config;
  float input;
  double mean, variance, fourth; ///< central moments
};

/// Either `a`, with probability `p`, or `b`.
Distribution either(const char *className, Json config, float input, double p, double a, double b) {
  double d2 = (a - b) * (a - b), q = 1 - p;
  return {className,     std::move(config), input,
          p * a + q * b, p * q * d2,        p * q * d2 * d2 * (1 - 3 * p * q)};
}

Distribution normal(const char *className, Json config, float input, double mean, double variance) {
  return {className, std::move(config), input, mean, variance, 3 * variance * variance};
}

std::vector<Distribution> distributions() {
  // https://arxiv.org/abs/1706.02515, section "new dropout technique"
  double limit = -1.7580993408473766, rate = 0.2;
  double a = 1 / std::sqrt((1 - rate) * (1 + rate * limit * limit)), b = -a * limit * rate;
  return {
      either("Dropout", {{"rate", 0.25}}, 3, 0.25, 0, 4),
      either("AlphaDropout", {{"rate", rate}}, 2, rate, a * limit + b, a * 2 + b),
      normal("GaussianNoise", {{"stddev", 0.5}}, 2, 2, 0.25),
      normal("GaussianDropout", {{"rate", 0.3}}, 2, 2, 4 * 0.3 / 0.7),
  };
}

class Noise : public testing::TestWithParam<Distribution> {
protected:
  static LayerHandle layer() { return {GetParam().className, GetParam().config}; }
};

const Shape row = {1000};

TEST_P(Noise, hasTheMomentsOfKeras) {
  const Distribution &wanted = GetParam();
  std::vector<double> values =
      numbers(outputsOf({layer()}, row, wanted.input, {.seed = 1}).front());
  double n = values.size(), mean = meanOf(values);
  EXPECT_NEAR(mean, wanted.mean, 5 * std::sqrt(wanted.variance / n));
  std::vector<double> squares, products;
  for (size_t i = 0; i < values.size(); ++i) {
    double here = values[i] - wanted.mean, before = (i ? values[i - 1] : 0) - wanted.mean;
    squares.push_back(here * here);
    if (i)
      products.push_back(here * before);
  }
  EXPECT_NEAR(meanOf(squares), wanted.variance,
              5 * std::sqrt((wanted.fourth - wanted.variance * wanted.variance) / n));
  EXPECT_NEAR(meanOf(products), 0, 5 * wanted.variance / std::sqrt(n)) << "neighbors depend";
}

TEST_P(Noise, isTheSameForTheSameSeedWhateverTheThreads) {
  auto with = [](const StepSettings &settings, const CompileOptions &options) {
    return numbers(outputsOf({layer()}, row, GetParam().input, settings, options).front());
  };
  auto one = with({.iteration = 3, .seed = 7}, {.threads = 1});
  EXPECT_EQ(one, with({.iteration = 3, .seed = 7}, {.threads = 2}));
  EXPECT_NE(one, with({.iteration = 4, .seed = 7}, {.threads = 1}));
  EXPECT_NE(one, with({.iteration = 3, .seed = 8}, {.threads = 1}));
  EXPECT_NE(one, with({.iteration = 3, .seed = 7 | (uint64_t{1} << 40)}, {.threads = 1}));
  auto naive = with({.iteration = 3, .seed = 7}, {.level = 0, .threads = 1});
  EXPECT_THAT(naive, testing::Pointwise(testing::DoubleNear(1e-5), one));
}

TEST_P(Noise, ofTwoLayersIsIndependent) {
  auto outputs = outputsOf({layer(), layer()}, row, GetParam().input);
  std::vector<double> first = numbers(outputs[0]), second = numbers(outputs[1]), products;
  for (size_t i = 0; i < first.size(); ++i)
    products.push_back((first[i] - GetParam().mean) * (second[i] - GetParam().mean));
  EXPECT_NEAR(meanOf(products), 0,
              5 * GetParam().variance / std::sqrt(static_cast<double>(first.size())));
}

INSTANTIATE_TEST_SUITE_P(All, Noise, testing::ValuesIn(distributions()),
                         [](const auto &test) { return test.param.className; });

TEST(Gaussian, hasItsBellShape) {
  LayerHandle layer("GaussianNoise", {{"stddev", 1.0}});
  std::vector<double> values = numbers(outputsOf({layer}, row, 0).front());
  double n = values.size();
  for (double limit : {0.5, 1.0, 2.0, 3.0}) {
    double within = std::ranges::count_if(values, [&](double x) { return std::abs(x) < limit; });
    double p = std::erf(limit / std::sqrt(2));
    EXPECT_NEAR(within / n, p, 5 * std::sqrt(p * (1 - p) / n)) << limit << " sigma";
  }
}

//===----------------------------------------------------------------------===//
// What elements share
//===----------------------------------------------------------------------===//

/// How many different values there are along `along` of 64 x 4 x 5 x 100, others fixed: greatest.
size_t varietyAlong(const std::vector<double> &values, size_t along) {
  const std::array<size_t, 4> shape = {64, 4, 5, 100};
  std::map<std::array<size_t, 4>, std::set<double>> seen;
  for (size_t i = 0; i < values.size(); ++i) {
    std::array<size_t, 4> index{};
    size_t rest = i;
    for (size_t d = 4; d-- > 0; rest /= shape[d])
      index[d] = rest % shape[d];
    index[along] = 0;
    seen[index].insert(values[i]);
  }
  size_t most = 0;
  for (const auto &[index, different] : seen)
    most = std::max(most, different.size());
  return most;
}

struct Sharing {
  std::string name;
  const char *className;
  Json config;
  std::array<size_t, 4> variety;
  double groups; ///< that are drawn one by one
};

class Shared : public testing::TestWithParam<Sharing> {};

TEST_P(Shared, elementsHaveOneFate) {
  const auto &[name, className, config, variety, groups] = GetParam();
  LayerHandle layer(className, config);
  auto values = numbers(outputsOf({layer}, {4, 5, 100}, 1).front());
  for (size_t d = 0; d < 4; ++d)
    EXPECT_EQ(varietyAlong(values, d), variety[d]) << "dimension " << d;
  double low = *std::ranges::min_element(values), n = values.size();
  double dropped = std::ranges::count(values, low), p = config["rate"];
  EXPECT_NEAR(dropped / n, p, 5 * std::sqrt(p * (1 - p) / groups));
}

INSTANTIATE_TEST_SUITE_P(
    All, Shared,
    testing::Values(Sharing{"none", "Dropout", {{"rate", 0.3}}, {2, 2, 2, 2}, 64 * 4 * 5 * 100},
                    Sharing{"spatial", "SpatialDropout2D", {{"rate", 0.3}}, {2, 1, 1, 2}, 64 * 100},
                    Sharing{"spatial_channels_first",
                            "SpatialDropout2D",
                            {{"rate", 0.3}, {"data_format", "channels_first"}},
                            {2, 2, 1, 1},
                            64 * 4},
                    Sharing{"noise_shape",
                            "Dropout",
                            {{"rate", 0.3}, {"noise_shape", {nullptr, 1, nullptr, 1}}},
                            {2, 1, 2, 1},
                            64 * 5},
                    Sharing{"noise_shape_of_the_batch",
                            "Dropout",
                            {{"rate", 0.3}, {"noise_shape", {1, nullptr, nullptr, nullptr}}},
                            {1, 2, 2, 2},
                            4 * 5 * 100},
                    Sharing{"alpha",
                            "AlphaDropout",
                            {{"rate", 0.3}, {"noise_shape", {nullptr, 1, 1, nullptr}}},
                            {2, 1, 1, 2},
                            64 * 100}),
    [](const auto &test) { return test.param.name; });

TEST(Dropout, ofNothingAndOfEverything) {
  EXPECT_THAT(numbers(outputsOf({{"Dropout", {{"rate", 0.0}}}}, {10}, 2).front()),
              testing::Each(2));
  EXPECT_THAT(numbers(outputsOf({{"Dropout", {{"rate", 1.0}}}}, {10}, 2).front()),
              testing::Each(0));
  EXPECT_THAT(numbers(outputsOf({{"GaussianNoise", {{"stddev", 0.0}}}}, {10}, 2).front()),
              testing::Each(2));
}

/// A random layer that multiplies: what went into it is 11 everywhere (ten ones, and a bias of 1).
class Factors : public testing::TestWithParam<LayerHandle> {};

TEST_P(Factors, areThoseOfTheGradients) {
  using namespace keras::layers;
  auto x = Input({10});
  auto y = GetParam()(Dense(20, {.name = "before"})(x));
  auto model = keras::Functional({x}, {y, Dense(1)(y)}).toModel();
  ASSERT_TRUE(model) << toString(model.error());
  step::StepOptions options{.losses = {nullptr, "mse"}, .optimizer = test::sgd, .gradients = true};
  auto runner = test::runnerWith(1, *model, options, {.threads = 2});
  ASSERT_TRUE(runner) << toString(runner.error());
  std::vector<Tensor> batch = {Tensor(DType::f32, {8, 10}), Tensor(DType::f32, {8, 1})};
  std::ranges::fill(batch[0].as<float>(), 1.f);
  ASSERT_TRUE(runner->run(batch, {.seed = 3}));
  auto noisy = numbers(runner->results()[1]), predicted = numbers(runner->results()[2]);
  auto found = numbers(test::resultOf(*runner, "gradient/before/bias"));
  for (size_t i = 0; i < 20; ++i) {
    double wanted = 0;
    for (size_t sample = 0; sample < 8; ++sample)
      wanted += 2 * predicted[sample] / 8 * noisy[sample * 20 + i] / 11;
    EXPECT_NEAR(found[i], wanted, 1e-5 * std::abs(wanted)) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(All, Factors,
                         testing::Values(LayerHandle("Dropout", {{"rate", 0.4}}),
                                         LayerHandle("GaussianDropout", {{"rate", 0.4}})));

TEST(Dropout, doesNothingWhenEvaluating) {
  keras::Model model = modelOf({{"Dropout", {{"rate", 0.5}}}}, {10});
  auto runner = test::runnerWith(
      0, model, {.kind = step::Kind::evaluate, .losses = {nullptr, "mse"}}, {.threads = 1});
  ASSERT_TRUE(runner) << toString(runner.error());
  std::vector<Tensor> batch = {Tensor(DType::f32, {4, 10}), Tensor(DType::f32, {4, 1})};
  std::ranges::fill(batch[0].as<float>(), 2.f);
  ASSERT_TRUE(runner->run(batch));
  EXPECT_THAT(numbers(runner->results()[1]), testing::Each(2));
}

} // namespace
