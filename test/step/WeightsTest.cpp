// Weights of samples in a loss.

#include "keras/Builder.h"
#include "test/step/Steps.h"

#include <gmock/gmock.h>

using namespace hornet;
using formats::Json;

namespace {

TEST(SampleWeights, thatAreAllZeroLeaveTheModelAsItIs) {
  using namespace keras::layers;
  auto x = Input({2});
  auto model = keras::Functional({x}, {Dense(1)(x)}).toModel();
  ASSERT_TRUE(model) << toString(model.error());
  Json loss = {{"class_name", "MeanSquaredError"},
               {"config", {{"reduction", "mean_with_sample_weight"}}}};
  auto runner = test::runnerWith(
      1, *model,
      {.kind = step::Kind::train, .losses = {loss}, .sampleWeights = true, .optimizer = test::sgd},
      {.threads = 1});
  ASSERT_TRUE(runner) << toString(runner.error());
  std::vector<Tensor> batch = {Tensor(DType::f32, {3, 2}), Tensor(DType::f32, {3, 1}),
                               Tensor(DType::f32, {3})};
  ASSERT_TRUE(runner->run(batch, {.learningRate = 1}));
  runner->accept();
  EXPECT_EQ(runner->results().front().as<float>()[0], 0);
  for (const Tensor &value : runner->values())
    EXPECT_THAT(value.as<float>(), testing::Each(1));
}

} // namespace
