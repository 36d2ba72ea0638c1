// Layers that compute something else while training, which we do not know, are refused by name.

#include "keras/Builder.h"
#include "test/step/Steps.h"

#include <gmock/gmock.h>

using namespace hornet;
using formats::Json;
using testing::AllOf;
using testing::HasSubstr;

namespace {

struct Refused {
  std::string name;
  const char *className;
  Json config;
  const char *reason;
};

class Untrainable : public testing::TestWithParam<Refused> {
protected:
  static Expected<training::StepRunner> runner(Json config, step::Kind kind) {
    using namespace keras::layers;
    config["name"] = "the_layer";
    auto x = Input({4, 5, 3});
    keras::LayerHandle layer(GetParam().className, config);
    auto model = keras::Functional({x}, {Dense(1)(layer(x))}).toModel();
    EXPECT_TRUE(model) << toString(model.error());
    model->file = "some.keras";
    return test::runnerWith(1, *model, {.kind = kind, .losses = {"mse"}, .optimizer = test::sgd},
                            {.threads = 1});
  }
};

TEST_P(Untrainable, isRefusedByTheNameOfTheLayer) {
  auto made = runner(GetParam().config, step::Kind::train);
  ASSERT_FALSE(made);
  EXPECT_TRUE(std::holds_alternative<InputError>(made.error()));
  EXPECT_THAT(toString(made.error()), AllOf(HasSubstr("some.keras"), HasSubstr("'the_layer'"),
                                            HasSubstr(GetParam().reason)));
}

TEST_P(Untrainable, canBeEvaluated) {
  auto made = runner(GetParam().config, step::Kind::evaluate);
  EXPECT_TRUE(made) << toString(made.error());
}

INSTANTIATE_TEST_SUITE_P(
    All, Untrainable,
    testing::Values(
        Refused{"renorm", "BatchNormalization", {{"renorm", true}}, "with renorm"},
        Refused{"gaussian", "GaussianDropout", {{"rate", 1.0}}, "a rate of 1"},
        Refused{"augmentation", "RandomFlip", Json::object(), "changes images at random"},
        Refused{"spectral",
                "SpectralNormalization",
                {{"layer",
                  {{"class_name", "Conv2D"},
                   {"config", {{"name", "c"}, {"filters", 2}, {"kernel_size", {2, 2}}}}}}},
                "divides its kernel by a norm"},
        Refused{"alpha", "AlphaDropout", {{"rate", 1.0}}, "a rate of 1"}),
    [](const auto &test) { return test.param.name; });

class Frozen : public Untrainable {};

TEST_P(Frozen, canBeTrainedAround) {
  Json config = GetParam().config;
  config["trainable"] = false;
  auto made = runner(config, step::Kind::train);
  EXPECT_TRUE(made) << toString(made.error());
}

INSTANTIATE_TEST_SUITE_P(All, Frozen,
                         testing::Values(Refused{"axes", "BatchNormalization", {{"axis", {1, 3}}}}),
                         [](const auto &test) { return test.param.name; });

} // namespace
