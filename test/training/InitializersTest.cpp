#include "training/Initializers.h"

#include "Message.h"

#include <gmock/gmock.h>

using namespace hornet;
using namespace hornet::training;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

struct Moments {
  double mean = 0, variance = 0;
};
Moments momentsOf(std::span<const float> values) {
  Moments moments;
  auto count = static_cast<double>(values.size());
  for (float value : values)
    moments.mean += value / count;
  for (float value : values)
    moments.variance += (value - moments.mean) * (value - moments.mean) / count;
  return moments;
}

TEST(Initializers, HaveKerasDistributions) {
  Json golden = readGolden("facts/initializers.json");
  EXPECT_EQ(golden["cases"].size(), 32u);
  for (Json example : golden["cases"]) {
    if (example["name"] == "Identity") // Keras leaves the gain out of its config
      example["initializer"]["config"]["gain"] = 0.5;
    auto value = initialValue(example["initializer"], example["shape"], 7, 3);
    ASSERT_TRUE(value) << toString(value.error());
    std::span<const float> values = value->as<float>();
    Moments moments = momentsOf(values);
    constexpr double rounding = 1e-6;
    EXPECT_NEAR(moments.mean, example["mean"],
                example["accept_mean_within"].get<double>() + rounding)
        << example["name"];
    if (example["variance"].is_number()) {
      double variance = example["variance"];
      EXPECT_NEAR(moments.variance, variance,
                  variance * example["accept_variance_relative"].get<double>() + rounding)
          << example["name"];
    }
    auto [low, high] = std::ranges::minmax(values);
    if (example["lower_bound"].is_number())
      EXPECT_GE(low, example["lower_bound"].get<double>() - rounding) << example["name"];
    if (example["upper_bound"].is_number())
      EXPECT_LE(high, example["upper_bound"].get<double>() + rounding) << example["name"];
  }
}

/// The largest difference between M times its transpose (or the other way around) and identity.
double distanceFromOrthonormal(const Tensor &matrix) {
  int64_t columns = matrix.shape().back(), rows = matrix.size() / columns;
  std::span<const float> m = matrix.as<float>();
  bool across = rows < columns;
  double worst = 0;
  for (int64_t i = 0; i < std::min(rows, columns); ++i)
    for (int64_t j = 0; j <= i; ++j) {
      double sum = 0;
      for (int64_t k = 0; k < std::max(rows, columns); ++k)
        sum += across ? double{m[i * columns + k]} * m[j * columns + k]
                      : double{m[k * columns + i]} * m[k * columns + j];
      worst = std::max(worst, std::abs(sum - (i == j)));
    }
  return worst;
}

TEST(Initializers, OrthogonalMatricesAreOrthogonal) {
  for (const Shape &shape : {Shape{20, 50}, Shape{50, 20}, Shape{32, 32}, Shape{3, 3, 4, 10}}) {
    auto value = initialValue("orthogonal", shape, 1, 0);
    ASSERT_TRUE(value) << toString(value.error());
    EXPECT_LT(distanceFromOrthonormal(*value), 1e-6) << toString(shape);
  }
}

TEST(Initializers, AreReproducibleAndTheirOwnSeedCounts) {
  auto values = [](const Json &initializer, uint64_t seed, uint32_t index) {
    auto value = initialValue(initializer, {3}, seed, index);
    EXPECT_TRUE(value);
    auto floats = value->as<float>();
    return std::vector(floats.begin(), floats.end());
  };
  EXPECT_EQ(values("he_normal", 1, 2), values("HeNormal", 1, 2));
  EXPECT_NE(values("he_normal", 1, 2), values("he_normal", 2, 2));
  EXPECT_NE(values("he_normal", 1, 2), values("he_normal", 1, 3));
  Json seeded = {{"class_name", "HeNormal"}, {"config", {{"seed", 9}}}};
  EXPECT_EQ(values(seeded, 1, 2), values(seeded, 2, 2));
  EXPECT_EQ(values(seeded, 1, 2), values("he_normal", 9, 2));
}

TEST(Initializers, TakeTheAxesOfTheFans) {
  Json initializer = {{"class_name", "LecunUniform"},
                      {"config", {{"input_axes", {0, -1}}, {"output_axes", {1}}}}};
  auto value = initialValue(initializer, {10, 200, 30}, 1, 0);
  ASSERT_TRUE(value) << toString(value.error());
  EXPECT_NEAR(std::ranges::max(value->as<float>()), std::sqrt(3.0 / 300), 1e-3);
}

TEST(Initializers, RefuseWhatKerasDoesNotKnow) {
  Problem where{"m.keras", "conv", "Conv2D", "kernel_initializer"};
  auto of = [&](const Json &json, const Shape &shape = {2, 2}) {
    return refusal(initialValue(json, shape, 0, 0, where));
  };
  EXPECT_EQ(of("glorot_unifrom"),
            "m.keras: layer 'conv' (Conv2D), 'kernel_initializer': there is no initializer "
            "'glorot_unifrom'; did you mean 'GlorotUniform'?");
  EXPECT_THAT(of("something_else"), HasSubstr("choose one of Zeros, "));
  EXPECT_THAT(of("orthogonal", {3}), HasSubstr("shape (3,), two dimensions are needed"));
  EXPECT_THAT(of("identity", {3, 1, 1}), HasSubstr("shape (3, 1, 1), two dimensions are needed"));
  EXPECT_THAT(of({{"class_name", "VarianceScaling"},
                  {"config", {{"scale", 0}, {"mode", "fan"}, {"distribution", "flat"}}}}),
              AllOf(HasSubstr("0 is not greater than 0"),
                    HasSubstr("'fan' is none of its values; choose one of fan_in"),
                    HasSubstr("'flat' is none of its values")));
  EXPECT_THAT(
      of({{"class_name", "HeNormal"}, {"config", {{"input_axes", {5}}, {"output_axes", {0}}}}}),
      HasSubstr("axis 5 of a weight of shape (2, 2)"));
}

/// A model of one layer, of class `name`.
keras::Model modelOf(const std::string &name, const Json &config) {
  keras::Model model;
  model.file = "m.keras";
  keras::Layer layer;
  layer.name = "layer";
  layer.className = name;
  layer.config = config;
  model.layers.push_back(layer);
  return model;
}
Parameter parameterOf(const std::string &name, Shape shape, const std::string &path = "") {
  return {"layer/" + name, {"layer"}, name, std::move(shape), true, path};
}

TEST(InitialWeights, TakeTheLayersInitializersOrKerasDefaults) {
  keras::Model model =
      modelOf("BatchNormalization",
              {{"beta_initializer", {{"class_name", "Constant"}, {"config", {{"value", 3}}}}}});
  std::vector<Parameter> parameters = {parameterOf("gamma", {2}), parameterOf("beta", {2}),
                                       parameterOf("moving_mean", {2}),
                                       parameterOf("moving_variance", {2})};
  auto values = initialize(model, parameters, 0);
  ASSERT_TRUE(values) << toString(values.error());
  std::vector<float> first;
  for (const Tensor &value : *values)
    first.push_back(value.as<float>()[0]);
  EXPECT_THAT(first, ElementsAre(1, 3, 0, 1));
}

TEST(InitialWeights, ADepthwiseKernelHasItsOwnKey) {
  Json config = {{"kernel_initializer", "ones"}, {"depthwise_initializer", "zeros"}};
  std::vector<Parameter> kernel = {parameterOf("kernel", {2, 2, 1, 1})};
  auto first = [&](const char *layer) {
    return (*initialize(modelOf(layer, config), kernel, 0))[0].as<float>()[0];
  };
  EXPECT_EQ(first("DepthwiseConv2D"), 0);
  EXPECT_EQ(first("Conv2D"), 1);
}

TEST(InitialWeights, EveryParameterHasNumbersOfItsOwn) {
  keras::Model model = modelOf("Dense", Json::object());
  std::vector<Parameter> parameters(2, parameterOf("kernel", {4, 4}));
  auto values = initialize(model, parameters, 5);
  ASSERT_TRUE(values);
  EXPECT_NE((*values)[0].as<float>()[0], (*values)[1].as<float>()[0]);
  auto again = initialize(model, parameters, 5);
  EXPECT_EQ((*values)[1].as<float>()[3], (*again)[1].as<float>()[3]);
}

TEST(InitialWeights, AnLstmBeginsWithoutForgetting) {
  auto biasOf = [](const Json &config, const std::string &path = "cell") {
    std::vector<Parameter> bias = {parameterOf("bias", {8}, path)};
    auto values = initialize(modelOf("LSTM", config), bias, 0);
    EXPECT_TRUE(values);
    auto floats = (*values)[0].as<float>();
    return std::vector(floats.begin(), floats.end());
  };
  EXPECT_THAT(biasOf({{"unit_forget_bias", true}}), ElementsAre(0, 0, 1, 1, 0, 0, 0, 0));
  EXPECT_THAT(biasOf({{"unit_forget_bias", false}}), Each(0));
  Json inner = {{"layer", {{"class_name", "LSTM"}, {"config", {{"unit_forget_bias", false}}}}}};
  EXPECT_THAT(biasOf(inner, "backward_layer/cell"), Each(0));
}

TEST(InitialWeights, OfALayerInAnotherAreItsOwn) {
  keras::Model model = modelOf("RNN", Json::object());
  keras::Layer cell;
  cell.name = "cell";
  cell.className = "LSTMCell";
  cell.config = {{"kernel_initializer", "ones"}};
  model.layers[0].wrapped.push_back(std::move(cell));
  Parameter kernel = parameterOf("kernel", {2, 8});
  kernel.layerPath.emplace_back("cell");
  auto values = initialize(model, std::vector<Parameter>{kernel}, 0);
  ASSERT_TRUE(values) << toString(values.error());
  EXPECT_THAT((*values)[0].as<float>(), Each(1));
}

TEST(InitialWeights, NamesEveryLayerThatIsWrong) {
  keras::Model model =
      modelOf("Dense", {{"kernel_initializer", "he"}, {"bias_initializer", "ones_"}});
  std::vector<Parameter> parameters = {parameterOf("kernel", {1, 1}), parameterOf("bias", {1})};
  EXPECT_THAT(refusal(initialize(model, parameters, 0)),
              HasSubstr("m.keras: layer 'layer' (Dense), 'kernel_initializer': there is no "
                        "initializer 'he'"));
  model.layers[0].config["bias_initializer"] = "noes";
  auto wrong = initialize(model, parameters, 0);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(std::get<InputError>(wrong.error()).problems.size(), 2u);
}

} // namespace
