// Whatever is chosen, the answers stay.

#include "compiler/Compiler.h"
#include "compiler/Tunables.h"
#include "keras/Builder.h"
#include "keras/Weights.h"

#include <cmath>
#include <gtest/gtest.h>
#include <random>

using namespace hornet;
using namespace keras::layers;

namespace {

/// One of each kind of op about which there is something to choose, and remainders everywhere.
keras::Model network() {
  keras::Sequential model;
  model.add(Input({19, 19, 3}));
  model.add(Conv2D(40, {3, 3}, {.padding = "same", .activation = "relu"}));
  model.add(Conv2D(40, {3, 3}, {.padding = "same", .activation = "relu"}));
  model.add(MaxPooling2D({2, 2}));
  model.add(SeparableConv2D(70, {3, 3}, {.padding = "same", .activation = "relu"}));
  model.add(Conv2D(36, {3, 3}, {.strides = 2}));
  model.add(Flatten());
  model.add(Dense(90, {.activation = "tanh"}));
  model.add(Dense(10));
  auto data = model.toModel();
  EXPECT_TRUE(data) << toString(data.error());
  data->weights = keras::Weights::random(3);
  return *data;
}

std::vector<Tensor> images(int64_t batch) {
  std::vector<Tensor> inputs;
  inputs.emplace_back(DType::f32, Shape{batch, 19, 19, 3});
  std::mt19937 engine(5);
  for (float &value : inputs.front().as<float>())
    value = static_cast<float>(engine() >> 8) * 0x1p-24f;
  return inputs;
}

constexpr int64_t batch = 7;

Tensor answer(const CompileOptions &options) {
  auto compiled = compile(network(), options);
  EXPECT_TRUE(compiled) << toString(compiled.error());
  auto outputs = compiled->run(images(batch));
  EXPECT_TRUE(outputs) << toString(outputs.error());
  return outputs->front();
}

class EveryChoice : public testing::TestWithParam<CompileOptions> {
protected:
  void SetUp() override {
    CompileOptions plain = GetParam();
    plain.level = 0;
    expected = answer(plain);
  }

  void check(const Tuning &tuning) {
    CompileOptions options = GetParam();
    options.tuning = tuning;
    Tensor got = answer(options);
    double largest = 0, furthest = 0;
    for (int64_t i = 0; i < expected.size(); ++i) {
      double a = got.as<float>()[i], b = expected.as<float>()[i];
      largest = std::max(largest, std::abs(b));
      furthest = std::max(furthest, std::isnan(a) ? INFINITY : std::abs(a - b));
    }
    EXPECT_LT(furthest, 2e-5 * largest);
  }

  /// All candidates for each op, those of one position together, when `fixed` holds.
  void checkCandidates(const Tuning &fixed) {
    CompileOptions options = GetParam();
    options.tuning = fixed;
    auto found = tunables(network(), options, batch);
    ASSERT_TRUE(found) << toString(found.error());
    size_t most = 0;
    for (const Tunable &tunable : *found)
      most = std::max(most, tunable.candidates.size());
    EXPECT_GE(most, 4u);
    for (size_t i = 0; i < most; ++i) {
      Tuning tuning = fixed;
      for (const Tunable &tunable : *found)
        if (!fixed.contains(tunable.op) && i < tunable.candidates.size())
          tuning[tunable.op] = tunable.candidates[i];
      SCOPED_TRACE(i);
      check(tuning);
    }
  }

  Tensor expected{DType::f32, {}};
};

TEST_P(EveryChoice, givesTheAnswersOfThePlainLowering) { checkCandidates({}); }

TEST_P(EveryChoice, doesSoWithOtherTilesOfMinimalFiltering) {
  if (GetParam().winograd != 4)
    GTEST_SKIP() << "one of the sets of options is enough";
  auto found = tunables(network(), GetParam(), batch);
  ASSERT_TRUE(found) << toString(found.error());
  for (int64_t tile : {0, 4}) {
    Tuning fixed;
    for (const Tunable &tunable : *found)
      if (tunable.choice.contains("tile"))
        fixed[tunable.op] = {{"tile", tile}};
    EXPECT_FALSE(fixed.empty());
    SCOPED_TRACE(tile);
    checkCandidates(fixed);
  }
}

TEST_P(EveryChoice, mayBeAnyNumberInItsRange) {
  auto found = tunables(network(), GetParam(), batch);
  ASSERT_TRUE(found) << toString(found.error());
  for (const Choice &choice :
       {Choice{{"rows", 32}, {"vectors", 3}, {"sharesRows", 1}, {"tiles", 1}, {"filters", 7}},
        Choice{{"rows", 1}, {"vectors", 16}, {"sharesColumns", 1}, {"reductionBlock", 64}},
        Choice{{"rows", 5}, {"vectors", 5}, {"tiles", 1024}, {"filters", 65536}}}) {
    Tuning tuning;
    for (const Tunable &tunable : *found)
      tuning[tunable.op] = choice;
    SCOPED_TRACE(toString(choice));
    check(tuning);
  }
}

INSTANTIATE_TEST_SUITE_P(Tuning, EveryChoice,
                         testing::Values(CompileOptions{.threads = 1, .target = "x86-64-v3"},
                                         CompileOptions{
                                             .threads = 2, .target = "x86-64-v3", .winograd = 4},
                                         CompileOptions{.threads = 2, .target = "native"}));

TEST(Tunables, areOfWhatTheOptionsAllow) {
  auto tilesAt = [](int winograd) {
    std::set<int64_t> tiles;
    auto found = tunables(network(), {.threads = 1, .winograd = winograd}, batch);
    EXPECT_TRUE(found) << toString(found.error());
    for (const Tunable &tunable : *found) {
      EXPECT_FALSE(tunable.layers.empty()) << tunable.op;
      EXPECT_FALSE(tunable.candidates.empty()) << tunable.op;
      for (const Choice &choice : tunable.candidates) {
        EXPECT_NE(choice, tunable.choice) << tunable.op;
        EXPECT_TRUE(checkChoice(choice)) << tunable.op << ": " << toString(choice);
        if (choice.contains("tile"))
          tiles.insert(choice.at("tile"));
      }
      if (tunable.choice.contains("tile"))
        tiles.insert(tunable.choice.at("tile"));
    }
    return tiles;
  };
  EXPECT_EQ(tilesAt(0), (std::set<int64_t>{}));
  EXPECT_EQ(tilesAt(2), (std::set<int64_t>{0, 2}));
  EXPECT_EQ(tilesAt(4), (std::set<int64_t>{0, 2, 4}));
  EXPECT_TRUE(tunables(network(), {.level = 0}, batch)->empty());
}

TEST(Tuning, isCheckedBeforeItIsUsed) {
  auto refused = compile(network(), {.tuning = {{"product", {{"rows", 1000}}}}});
  ASSERT_FALSE(refused);
  EXPECT_NE(toString(refused.error()).find("'rows=1000' is out of range; give 1 to 32"),
            std::string::npos);
}

} // namespace
