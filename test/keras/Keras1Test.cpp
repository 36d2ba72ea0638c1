// Models of Keras 1: how their configurations read as those of Keras 2. Their weights and answers
// are in test/golden/layers/keras1__*.

#include "keras/Keras1.h"
#include "formats/Hdf5Writer.h"
#include "keras/Config.h"
#include "keras/Weights.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

using namespace hornet;
using namespace hornet::keras;
using testing::AllOf;
using testing::HasSubstr;

namespace {

Expected<Model> read(const std::string &text) {
  return modelFromConfig(formats::parseJson(text, "f").value(), "f", "the JSON");
}

Expected<Model> sequential(const std::string &layers) {
  return read(fmt::format(R"({{"class_name": "Sequential", "keras_version": "1.2.2",
                              "config": [{}]}})",
                          layers));
}

std::string layer(const std::string &className, const std::string &name,
                  const std::string &config = "") {
  return fmt::format(R"({{"class_name": "{}", "config": {{"name": "{}"{}{}}}}})", className, name,
                     config.empty() ? "" : ", ", config);
}

Json configOf(const std::string &className, const std::string &config) {
  auto model = sequential(layer(className, "it", config));
  EXPECT_TRUE(model) << toString(model.error());
  return model ? model->find("it")->config : Json();
}

/// Without the order of its keys.
nlohmann::json sorted(const Json &json) { return nlohmann::json::parse(json.dump()); }

std::string messageOf(const Expected<Model> &model) {
  return model ? "no error" : toString(model.error());
}

TEST(Keras1, LayersReadAsThoseOfKeras2) {
  auto model = sequential(layer("AtrousConvolution2D", "it", R"("nb_filter": 8, "nb_row": 3,
    "nb_col": 2, "atrous_rate": [2, 2], "subsample": [1, 1], "border_mode": "same", "bias": false,
    "dim_ordering": "th", "batch_input_shape": [null, 3, 8, 8])"));
  ASSERT_TRUE(model) << toString(model.error());
  EXPECT_EQ(model->generation, Generation::keras1);
  const Layer &it = *model->find("it");
  EXPECT_EQ(it.className, "Conv2D");
  EXPECT_EQ(sorted(it.config), sorted(Json::parse(R"({"name": "it", "filters": 8,
    "kernel_size": [3, 2], "dilation_rate": [2, 2], "strides": [1, 1], "padding": "same",
    "use_bias": false, "data_format": "channels_first",
    "batch_input_shape": [null, 3, 8, 8]})")));
}

TEST(Keras1, RegularizersAndConstraintsKeepTheirMeaning) {
  Json config = configOf("Dense", R"("output_dim": 2, "input_dim": 5,
    "W_regularizer": {"name": "WeightRegularizer", "l1": 0.0, "l2": 0.01},
    "b_constraint": {"name": "MaxNorm", "m": 2, "axis": 0})");
  EXPECT_EQ(sorted(config), sorted(Json::parse(R"({"name": "it", "units": 2,
    "batch_input_shape": [null, 5],
    "kernel_regularizer": {"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.01}},
    "bias_constraint": {"class_name": "MaxNorm", "config": {"max_value": 2, "axis": 0}}})")));
}

TEST(Keras1, AFileWithoutVersionIsKnownByItsKeys) {
  for (const char *layers :
       {R"({"class_name": "Dropout", "config": {"name": "d", "p": 0.5}})",
        R"({"class_name": "Dense", "config": {"name": "d", "output_dim": 3}})"}) {
    auto model = read(fmt::format(R"({{"class_name": "Sequential", "config": [{}]}})", layers));
    ASSERT_TRUE(model) << toString(model.error());
    EXPECT_EQ(model->generation, Generation::keras1) << layers;
  }
  auto keras2 = read(R"({"class_name": "Sequential", "config": [
    {"class_name": "Embedding", "config": {"name": "e", "output_dim": 3, "input_dim": 9}}]})");
  ASSERT_TRUE(keras2) << toString(keras2.error());
  EXPECT_EQ(keras2->generation, Generation::keras2);
}

TEST(Keras1, AMergeInAFileOfKeras2IsOneToo) {
  auto model = read(R"({"class_name": "Model", "keras_version": "2.0.5", "config": {"layers": [
    {"class_name": "InputLayer", "name": "a", "inbound_nodes": [],
     "config": {"name": "a", "batch_input_shape": [null, 3]}},
    {"class_name": "Merge", "name": "m", "inbound_nodes": [[["a", 0, 0, {}], ["a", 0, 0, {}]]],
     "config": {"name": "m", "mode": "concat", "mode_type": "raw", "concat_axis": 1}}],
    "input_layers": [["a", 0, 0]], "output_layers": [["m", 0, 0]]}})");
  ASSERT_TRUE(model) << toString(model.error());
  EXPECT_EQ(model->generation, Generation::keras2);
  EXPECT_EQ(model->find("m")->className, "Concatenate");
  EXPECT_EQ(model->find("m")->config["axis"], 1);
}

TEST(Keras1, SilentLayersTakeTheOrderOfTheOthers) {
  std::string convolution = layer("Convolution2D", "c", R"("nb_filter": 1, "nb_row": 1, "nb_col": 1,
    "dim_ordering": "th")");
  auto model = sequential(convolution + "," + layer("UpSampling2D", "u", R"("size": [2, 2])"));
  ASSERT_TRUE(model) << toString(model.error());
  EXPECT_EQ(model->find("u")->config["data_format"], "channels_first");
  auto last = sequential(layer("UpSampling2D", "u", R"("size": [2, 2])"));
  ASSERT_TRUE(last) << toString(last.error());
  EXPECT_EQ(last->find("u")->config["data_format"], "channels_last");
}

TEST(Keras1, AnOrderThatNothingTellsIsRefused) {
  auto pool = [](const char *name, const char *ordering) {
    return layer("MaxPooling2D", name, fmt::format(R"("dim_ordering": "{}")", ordering));
  };
  auto both = pool("a", "th") + "," + pool("b", "tf") + "," + layer("ZeroPadding2D", "z");
  EXPECT_THAT(messageOf(sequential(both)),
              AllOf(HasSubstr("'z' (ZeroPadding2D)"), HasSubstr("dim_ordering"),
                    HasSubstr("does not say in which order")));
}

TEST(Keras1, BranchesBecomeOneFunctionalModel) {
  auto branch = [](const char *name) {
    return fmt::format(R"({{"class_name": "Sequential", "config": [{}]}})",
                       layer("Dense", name, R"("output_dim": 2, "batch_input_shape": [null, 3])"));
  };
  auto model = sequential(
      layer("Merge", "m",
            fmt::format(R"("mode": "sum", "layers": [{}, {}])", branch("a"), branch("b"))) +
      "," + layer("Dense", "c", R"("output_dim": 1)"));
  ASSERT_TRUE(model) << toString(model.error());
  EXPECT_FALSE(model->isSequential());
  EXPECT_EQ(model->find("m")->className, "Add");
  ASSERT_EQ(model->inputs.size(), 2u);
  EXPECT_EQ(model->inputs[1].name, "b_input");
  EXPECT_EQ(model->outputs.at(0).tensor, (TensorRef{"c", 0, 0}));
}

TEST(Keras1, LayersOfKeras0Read) {
  auto model = read(R"({"name": "Sequential", "layers": [
    {"name": "Dense", "input_dim": 4, "output_dim": 2, "activation": "relu"},
    {"name": "Dropout", "p": 0.5, "custom_name": "dropout"}]})");
  ASSERT_TRUE(model) << toString(model.error());
  EXPECT_EQ(model->generation, Generation::keras1);
  EXPECT_EQ(model->layers.at(1).className, "Dense");
  EXPECT_EQ(model->layers.at(1).config["units"], 2);
  EXPECT_EQ(model->layers.at(2).config["rate"], 0.5);
}

TEST(Keras1, AGraphContainerIsRefusedWithItsReason) {
  EXPECT_THAT(messageOf(read(R"({"class_name": "Graph", "keras_version": "1.0.0", "config": {}})")),
              AllOf(HasSubstr("Graph of Keras 0.3"), HasSubstr("functional model")));
  EXPECT_THAT(messageOf(read(R"({"name": "Graph", "nodes": {}, "layers": []})")),
              HasSubstr("Graph of Keras 0.3"));
}

/// Weights of Keras 1 on TensorFlow: a layer "c" with arrays of these shapes, full of ones.
std::shared_ptr<const Weights> weightsOf(const std::vector<Shape> &shapes) {
  formats::Hdf5Writer writer;
  std::vector<std::string> names;
  writer.group("c");
  for (const Shape &shape : shapes) {
    names.push_back(fmt::format("c_{}:0", names.size()));
    writer.dataset("c/" + names.back(), Tensor(DType::f32, shape));
  }
  writer.attribute("c", "weight_names", names);
  writer.attribute("", "layer_names", std::vector<std::string>{"c"});
  auto bytes = writer.finish();
  auto file = formats::Hdf5File::open(std::move(*bytes), "w.h5");
  return *Weights::fromHdf5(std::move(*file));
}

std::string bindingOf(const std::string &className, const std::string &config,
                      const std::vector<Shape> &inModel, const std::vector<Shape> &inFile) {
  auto model = sequential(layer(className, "c", config));
  EXPECT_TRUE(model) << toString(model.error());
  std::vector<Parameter> parameters;
  for (const char *name : {"kernel", "bias"})
    if (parameters.size() < inModel.size())
      parameters.push_back({std::string("c/") + name, {"c"}, name, inModel[parameters.size()]});
  auto values = bindWeights(*model, *weightsOf(inFile), parameters);
  return values ? "" : toString(values.error());
}

TEST(Keras1, WeightsThatDoNotFitAreRefusedByNameAndShape) {
  const std::string first = R"("dim_ordering": "th", "nb_filter": 4, "nb_row": 3, "nb_col": 3)";
  const Shape kernel{3, 3, 2, 4};
  EXPECT_EQ(bindingOf("Convolution2D", first, {kernel, {4}}, {{4, 2, 3, 3}, {4}}), "");
  EXPECT_EQ(bindingOf("Convolution2D", first, {kernel, {4}}, {kernel, {4}}), "");
  EXPECT_THAT(bindingOf("Convolution2D", first, {kernel, {4}}, {{5, 2, 3, 3}, {4}}),
              HasSubstr("kernel has shape (5, 2, 3, 3) in the file, the model needs (3, 3, 2, 4)"));
  EXPECT_THAT(bindingOf("Convolution2D", first, {kernel, {4}}, {{4, 2, 3, 3}}),
              HasSubstr("the file has 1 weight (c_0), the layer needs 2 weights (kernel, bias)"));
  EXPECT_THAT(bindingOf("Convolution2D", first, {kernel}, {{4, 2, 3, 3}, {4}}),
              HasSubstr("the file has 2 weights (c_0, c_1), the layer needs 1 weight (kernel)"));
}

TEST(Keras1, WhateverIsInTheConfigDoesNoHarm) {
  for (const char *text :
       {R"({"class_name": "Sequential", "keras_version": "1.2.2", "config": [1, null, "x", []]})",
        R"({"class_name": "Sequential", "keras_version": "1.2.2", "config": [
            {"class_name": "Merge", "config": {"name": "m", "mode": 3, "layers": [1, {}, []]}}]})",
        R"({"class_name": "Sequential", "keras_version": "1.2.2", "config": [
            {"class_name": "Merge", "config": {"name": "m", "mode": "sum", "layers": []}}]})",
        R"({"class_name": "Model", "keras_version": "1.2.2", "config": {"layers": {"a": 1}}})",
        R"({"class_name": "Sequential", "keras_version": "1.2.2", "config": [
            {"class_name": "Merge", "config": {"name": "m", "mode": "sum", "layers": [
              {"class_name": "Model", "config": {"layers": [3, {"name": "d", "inbound_nodes": 3}],
                                                 "input_layers": 1, "output_layers": []}},
              {"class_name": "Dense", "config": {"name": "d"}}]}}]})",
        R"({"class_name": "Sequential", "keras_version": "1.2.2", "config": [
            {"class_name": "ZeroPadding2D", "config": {"name": 1, "padding": {"top_pad": []}}}]})",
        R"({"name": "Sequential", "layers": [3, {"name": 4}, {"name": "Merge", "layers": [1]}]})"})
    EXPECT_NE(messageOf(read(text)), "") << text;
}

} // namespace
