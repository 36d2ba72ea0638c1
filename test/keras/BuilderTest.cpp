#include "keras/Builder.h"
#include "keras/Weights.h"
#include "test/keras/Golden.h"

#include <gmock/gmock.h>

using namespace hornet;
using namespace hornet::keras;
using namespace hornet::keras::layers;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

std::vector<std::string> layerNames(const Model &model) {
  std::vector<std::string> names;
  names.reserve(model.layers.size());
  for (const Layer &layer : model.layers)
    names.push_back(layer.name);
  return names;
}

Sequential mnist() {
  Sequential model;
  model.add(Input({28, 28, 1}));
  model.add(Conv2D(32, {3, 3}, {.activation = "relu"}));
  model.add(Conv2D(64, 3, {.activation = "relu"}));
  model.add(MaxPooling2D({2, 2}));
  model.add(Dropout(0.25));
  model.add(Flatten());
  model.add(Dense(128, {.activation = "relu"}));
  model.add(Dropout(0.5));
  model.add(Dense(10, {.activation = "softmax"}));
  return model;
}

TEST(Builder, MakesTheSequentialThatTheFileHas) {
  Expected<Model> built = mnist().toModel();
  ASSERT_TRUE(built) << toString(built.error());
  Expected<Model> read = readModel("test/golden/mnist/cnn.keras");
  ASSERT_TRUE(read) << toString(read.error());
  EXPECT_EQ(built->generation, Generation::keras3);
  EXPECT_THAT(layerNames(*built),
              ElementsAre("input_layer", "conv2d", "conv2d_1", "max_pooling2d", "dropout",
                          "flatten", "dense", "dropout_1", "dense_1"));
  ASSERT_EQ(built->layers.size(), read->layers.size());
  EXPECT_EQ(batchShape(*built, built->layers[0]).value(), (Shape{unknownSize, 28, 28, 1}));
  for (size_t i = 0; i < built->layers.size(); ++i) {
    const Layer &ours = built->layers[i], &theirs = read->layers[i];
    EXPECT_EQ(ours.className, theirs.className);
    for (const auto &[key, value] : ours.config.items())
      if (key != "name")
        EXPECT_EQ(value, theirs.config.value(key, Json())) << ours.name << " " << key;
  }
}

TEST(Builder, LoadsWeights) {
  Sequential model = mnist();
  auto loaded = model.loadWeights("test/golden/mnist/mnist_weights.h5");
  ASSERT_TRUE(loaded) << toString(loaded.error());
  Expected<Model> built = model.toModel();
  ASSERT_TRUE(built && built->weights);
  auto values = bindWeights(
      *built, *built->weights,
      std::vector{
          golden::parameter("conv2d/kernel", {3, 3, 1, 32}), golden::parameter("conv2d/bias", {32}),
          golden::parameter("conv2d_1/kernel", {3, 3, 32, 64}),
          golden::parameter("conv2d_1/bias", {64}), golden::parameter("dense/kernel", {9216, 128}),
          golden::parameter("dense/bias", {128}), golden::parameter("dense_1/kernel", {128, 10}),
          golden::parameter("dense_1/bias", {10})});
  EXPECT_TRUE(values) << toString(values.error());
  EXPECT_FALSE(model.loadWeights("test/golden/nowhere.h5"));
}

TEST(Builder, MakesAGraphOfCalls) {
  KerasTensor image = Input({8, 8, 3}, {.name = "image"});
  LayerHandle shared = Conv2D(3, 3, {.padding = "same"});
  KerasTensor x = shared(image);
  KerasTensor y = shared(x);
  KerasTensor z = add({x, y});
  Functional functional({image}, {Softmax()(z), concatenate({y, z}, {.axis = 1, .name = "cat"})});
  Expected<Model> model = functional.toModel();
  ASSERT_TRUE(model) << toString(model.error());
  EXPECT_THAT(layerNames(*model), ElementsAre("image", "conv2d", "add", "softmax", "cat"));
  const Layer &conv = *model->find("conv2d");
  ASSERT_EQ(conv.calls.size(), 2u);
  EXPECT_THAT(conv.calls[1].inputs, ElementsAre(TensorRef{"conv2d", 0, 0}));
  EXPECT_THAT(model->find("add")->calls[0].inputs,
              ElementsAre(TensorRef{"conv2d", 0, 0}, TensorRef{"conv2d", 1, 0}));
  EXPECT_EQ(model->find("add")->calls[0].args.dump(), R"([[{"$tensor":0},{"$tensor":1}]])");
  EXPECT_EQ(model->outputs[1].name, "cat");
}

TEST(Builder, NestsModels) {
  Sequential head({Flatten(), Dense(2)}, "head");
  KerasTensor a = Input({4, 4, 1}), b = Input({4, 4, 1});
  KerasTensor in = Input({4, 4, 1});
  Functional pair({in}, {ReLU()(in), Activation("tanh")(in)}, "pair");
  std::vector<KerasTensor> both = LayerHandle(pair).call({a});
  ASSERT_EQ(both.size(), 2u);
  Functional functional({a, b}, {both[1], head(both[0]), head(b)});
  Expected<Model> model = functional.toModel();
  ASSERT_TRUE(model) << toString(model.error());
  EXPECT_EQ(model->outputs[0].tensor, (TensorRef{"pair", 0, 1}));
  EXPECT_EQ(model->find("head")->calls.size(), 2u);
  ASSERT_EQ(model->find("pair")->model->outputs.size(), 2u);
  EXPECT_TRUE(model->find("pair")->model->find("re_lu"));
}

TEST(Builder, ReportsWhatIsWrongLikeAFile) {
  auto messageOf = [](const Expected<Model> &model) {
    return model ? "no error" : toString(model.error());
  };
  EXPECT_THAT(messageOf(Sequential().toModel()), HasSubstr("the model has no layers"));
  EXPECT_THAT(messageOf(Sequential({Dense(2, {.name = "d"}), Dense(2, {.name = "d"})}).toModel()),
              HasSubstr("two layers are named 'd'"));
  KerasTensor a = Input({4}, {.name = "a"}), b = Input({4}, {.name = "b"});
  EXPECT_THAT(messageOf(Functional({a}, {add({a, b})}).toModel()),
              HasSubstr("'b' is used, but not among input_layers"));
  EXPECT_THAT(messageOf(Functional({a}, {KerasTensor()}).toModel()),
              HasSubstr("a tensor of no layer"));
}

TEST(Builder, WritesSizesAsKerasDoes) {
  auto configOf = [](const LayerHandle &layer) {
    return Sequential({layer}).toConfig()["config"]["layers"][0]["config"];
  };
  EXPECT_EQ(configOf(ZeroPadding2D(1))["padding"].dump(), "[[1,1],[1,1]]");
  EXPECT_EQ(configOf(ZeroPadding2D({1, 2}))["padding"].dump(), "[[1,1],[2,2]]");
  EXPECT_EQ(configOf(ZeroPadding2D({{1, 2}, {3, 4}}))["padding"].dump(), "[[1,2],[3,4]]");
  EXPECT_EQ(configOf(MaxPooling2D(3))["strides"].dump(), "[3,3]");
  EXPECT_EQ(configOf(MaxPooling2D(3, {.strides = 1}))["strides"].dump(), "[1,1]");
  EXPECT_EQ(configOf(Reshape({-1, 2}))["target_shape"].dump(), "[-1,2]");
  EXPECT_EQ(configOf(ReLU({.maxValue = 6}))["max_value"].dump(), "6.0");
  EXPECT_EQ(configOf(ReLU())["max_value"].dump(), "null");
  EXPECT_EQ(configOf(SeparableConv2D(4, 3))["depth_multiplier"], 1);
  EXPECT_EQ(configOf(Permute({2, 1}))["dims"].dump(), "[2,1]");
}
} // namespace
