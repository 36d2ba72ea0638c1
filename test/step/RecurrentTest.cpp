// Dropout of recurrent layers while training: the same elements in all steps of a sample.

#include "keras/Builder.h"
#include "test/step/Steps.h"

#include <cmath>
#include <gmock/gmock.h>
#include <set>

using namespace hornet;
using formats::Json;
using testing::Each;

namespace {

constexpr int64_t samples = 64, units = 50;
constexpr float rate = 0.3f, factor = 1 / (1 - rate);

Json linear(Json more) {
  Json config = {{"activation", "linear"}, {"use_bias", false}, {"return_sequences", true}};
  config.update(more);
  return config;
}

/// What the layer gives of ones (samples, time, channels) in a step, its weights all 1; one row of
/// (time, channels out) a sample.
std::vector<std::vector<float>> rowsOf(const char *className, const Json &config, Shape input,
                                       const CompileOptions &options = {.threads = 1}) {
  using namespace keras::layers;
  auto x = Input(input);
  auto y = keras::LayerHandle(className, config)(x);
  auto model = keras::Functional({x}, {y, Dense(1)(Flatten()(y))}).toModel();
  EXPECT_TRUE(model) << toString(model.error());
  auto runner =
      test::runnerWith(1, *model, {.losses = {nullptr, "mse"}, .optimizer = test::sgd}, options);
  EXPECT_TRUE(runner) << toString(runner.error());
  if (!runner)
    return {};
  input.insert(input.begin(), samples);
  std::vector<Tensor> batch = {Tensor(DType::f32, input), Tensor(DType::f32, {samples, 1})};
  std::ranges::fill(batch[0].as<float>(), 1.f);
  auto ran = runner->run(batch, {.seed = 4});
  EXPECT_TRUE(ran) << toString(ran.error());
  auto values = runner->results()[1].as<float>();
  std::vector<std::vector<float>> rows;
  for (size_t i = 0, width = values.size() / samples; i < samples; ++i)
    rows.emplace_back(values.begin() + i * width, values.begin() + (i + 1) * width);
  return rows;
}

TEST(RecurrentDropout, hasOneMaskForAllSteps) {
  auto rows = rowsOf("SimpleRNN", linear({{"units", units}, {"recurrent_dropout", rate}}), {3, 1});
  std::set<int> counts;
  for (const auto &row : rows) {
    // The first state is 1 everywhere: the second step adds those that were kept.
    float kept = (row[units] - 1) / factor;
    EXPECT_NEAR(kept, std::round(kept), 1e-3);
    EXPECT_NEAR(row[2 * units], 1 + kept * factor * row[units], 1e-3 * row[2 * units]);
    counts.insert(static_cast<int>(std::round(kept)));
  }
  EXPECT_GT(counts.size(), 5u) << "samples share a mask";
  double sum = 0;
  for (const auto &row : rows)
    sum += (row[units] - 1) / factor;
  double n = samples * units;
  EXPECT_NEAR(sum / n, 1 - rate, 5 * std::sqrt(rate * (1 - rate) / n));
}

TEST(RecurrentDropout, ofInputsHasOneMaskForAllSteps) {
  auto rows = rowsOf("SimpleRNN", linear({{"units", 1}, {"dropout", rate}}), {2, 40});
  std::set<float> seen;
  for (const auto &row : rows) {
    EXPECT_NEAR(row[1], 2 * row[0], 1e-3 * row[0]);
    seen.insert(row[0]);
  }
  EXPECT_GT(seen.size(), 5u);
}

/// The second of two steps of an LSTM without activations is o (f + i c), where each gate is 1 and
/// what was kept of the states for it.
size_t countOfEqualGates(const Json &config, int64_t inputs) {
  auto rows = rowsOf("LSTM", config, {2, inputs});
  return std::ranges::count_if(rows, [](const auto &row) {
    double last = row.back(), gate = 0;
    for (int kept = 0; kept <= units; ++kept) {
      gate = 1 + kept * factor;
      if (std::abs(gate * (gate + gate * gate) - last) < 1e-4 * last)
        return true;
    }
    return false;
  });
}

TEST(RecurrentDropout, hasAMaskForEachGate) {
  Json config = linear({{"units", units}, {"recurrent_activation", "linear"}});
  config["unit_forget_bias"] = false;
  EXPECT_EQ(countOfEqualGates(config, 1), size_t{samples});
  config["recurrent_dropout"] = rate;
  EXPECT_LT(countOfEqualGates(config, 1), size_t{samples / 4});
}

struct Layer {
  const char *className;
  Json config;
  Shape input;
};

class RecurrentDropouts : public testing::TestWithParam<Layer> {};

TEST_P(RecurrentDropouts, areTheSameForAnyLevelAndThreads) {
  const auto &[className, config, input] = GetParam();
  auto one = rowsOf(className, config, input);
  ASSERT_FALSE(one.empty());
  EXPECT_GT(std::set(one.begin(), one.end()).size(), 5u);
  for (auto [level, threads] : {std::pair(3, 2), std::pair(0, 1)}) {
    auto other = rowsOf(className, config, input, {.level = level, .threads = threads});
    for (size_t i = 0; i < one.size(); ++i)
      ASSERT_THAT(other[i], testing::Pointwise(testing::FloatNear(1e-5), one[i]));
  }
  Json none = config;
  none["dropout"] = none["recurrent_dropout"] = 0.0;
  auto all = rowsOf(className, none, input);
  EXPECT_EQ(std::set(all.begin(), all.end()).size(), 1u);
}

Json both(Json config) {
  config["dropout"] = 0.2;
  config["recurrent_dropout"] = 0.3;
  config["activation"] = "softsign"; // of ones and more, which tanh makes 1
  return config;
}

INSTANTIATE_TEST_SUITE_P(
    All, RecurrentDropouts,
    testing::Values(Layer{"SimpleRNN", both({{"units", 4}}), {3, 5}},
                    Layer{"GRU", both({{"units", 4}}), {3, 5}},
                    Layer{"GRU", both({{"units", 4}, {"reset_after", false}}), {3, 5}},
                    Layer{"LSTM", both({{"units", 4}, {"return_sequences", true}}), {3, 5}},
                    Layer{"ConvLSTM1D", both({{"filters", 2}, {"kernel_size", {2}}}), {3, 4, 2}}));

} // namespace
