#include "keras/Config.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

using namespace hornet;
using namespace hornet::keras;
using testing::HasSubstr;

namespace {

Expected<Model> read(const std::string &text) {
  return modelFromConfig(formats::parseJson(text, "f").value(), "f", "the JSON");
}

std::string messageOf(const std::string &text) {
  Expected<Model> model = read(text);
  return model ? "no error" : toString(model.error());
}

/// A Keras 2 functional model: inputs a and b, then `layers`.
std::string keras2(const std::string &layers, const std::string &outputs) {
  return fmt::format(R"({{"class_name": "Functional", "keras_version": "2.11.0", "config": {{
    "name": "m", "layers": [
      {{"class_name": "InputLayer", "config": {{"name": "a", "batch_input_shape": [null, 4]}},
        "inbound_nodes": []}},
      {{"class_name": "InputLayer", "config": {{"name": "b", "batch_input_shape": [null, 4]}},
        "inbound_nodes": []}},
      {}],
    "input_layers": [["a", 0, 0], ["b", 0, 0]], "output_layers": {}}}}})",
                     layers, outputs);
}

std::string layer(const std::string &className, const std::string &name, const std::string &nodes) {
  return fmt::format(R"({{"class_name": "{}", "config": {{"name": "{}"}}, "inbound_nodes": {}}})",
                     className, name, nodes);
}

const Call &callOf(const Expected<Model> &model, const char *name, int call = 0) {
  return model->find(name)->calls.at(call);
}

TEST(SnakeCase, IsKerass) {
  EXPECT_EQ(toSnakeCase("Conv2D"), "conv2d");
  EXPECT_EQ(toSnakeCase("Conv2DTranspose"), "conv2d_transpose");
  EXPECT_EQ(toSnakeCase("BatchNormalization"), "batch_normalization");
  EXPECT_EQ(toSnakeCase("ReLU"), "re_lu");
  EXPECT_EQ(toSnakeCase("LSTM"), "lstm");
  EXPECT_EQ(toSnakeCase("TFOpLambda"), "tf_op_lambda");
  EXPECT_EQ(toSnakeCase("GlobalAveragePooling2D"), "global_average_pooling2d");
}

TEST(Config, ReadsKeras2NodesWithTensorsAmongTheKwargs) {
  auto model = read(keras2(layer("MultiHeadAttention", "mha",
                                 R"([[["a", 0, 0, {"value": ["b", 0, 0], "list": ["z", 0, 0]}]]])"),
                           R"([["mha", 0, 0]])"));
  ASSERT_TRUE(model) << toString(model.error());
  const Call &call = callOf(model, "mha");
  EXPECT_EQ(call.args.dump(), R"([{"$tensor":0}])");
  EXPECT_EQ(call.kwargs.dump(), R"({"value":{"$tensor":1},"list":["z",0,0]})");
  EXPECT_THAT(call.inputs, testing::ElementsAre(TensorRef{"a"}, TensorRef{"b"}));
}

TEST(Config, ReadsKeras2NodesOfOneTensorSeveralAndConstants) {
  auto model = read(keras2(layer("Add", "s", R"([[["a", 0, 0], ["b", 0, 0]]])") + "," +
                               layer("TFOpLambda", "op", R"([["s", 0, 0, {"y": 2.0}]])") + "," +
                               layer("TFOpLambda", "c", R"([["_CONSTANT_VALUE", -1, 3, {}]])"),
                           R"(["op", 0, 0])"));
  ASSERT_TRUE(model) << toString(model.error());
  EXPECT_EQ(callOf(model, "s").args.dump(), R"([[{"$tensor":0},{"$tensor":1}]])");
  EXPECT_EQ(callOf(model, "op").args.dump(), R"([{"$tensor":0}])");
  EXPECT_EQ(callOf(model, "op").kwargs.dump(), R"({"y":2.0})");
  EXPECT_EQ(callOf(model, "c").args.dump(), "[3]");
}

TEST(Config, OrdersCallsAfterTheirInputsWhateverTheFilesOrder) {
  auto model = read(keras2(layer("Dense", "late", R"([[["early", 1, 0]]])") + "," +
                               layer("Dense", "early", R"([[["a", 0, 0]], [["b", 0, 0]]])"),
                           R"([["late", 0, 0], ["early", 0, 0]])"));
  ASSERT_TRUE(model) << toString(model.error());
  std::string order;
  for (const Step &step : model->order)
    order += fmt::format("{}:{} ", model->layers[step.layer].name, step.call);
  EXPECT_EQ(order, "a:0 b:0 early:0 early:1 late:0 ");
}

TEST(Config, CountsKeras2CallsOfNestedModelsFromOne) {
  std::string nested = R"({"class_name": "Functional", "name": "n", "inbound_nodes":
    [[["a", 0, 0, {}]], [["b", 0, 0, {}]]], "config": {"name": "n", "layers": [
      {"class_name": "InputLayer", "config": {"name": "i"}, "inbound_nodes": []}],
      "input_layers": [["i", 0, 0]], "output_layers": [["i", 0, 0]]}})";
  auto model = read(keras2(nested + "," + layer("Add", "s", R"([[["n", 1, 0], ["n", 2, 0]]])"),
                           R"([["s", 0, 0], ["n", 2, 0]])"));
  ASSERT_TRUE(model) << toString(model.error());
  EXPECT_THAT(callOf(model, "s").inputs,
              testing::ElementsAre(TensorRef{"n", 0, 0}, TensorRef{"n", 1, 0}));
  EXPECT_EQ(model->outputs[1].tensor, (TensorRef{"n", 1, 0}));
}

TEST(Config, TakesTheInputShapeOfASequentialFromWhereverItIs) {
  for (const char *text :
       {R"({"class_name": "Sequential", "config": [
            {"class_name": "Dense", "config": {"name": "d", "batch_input_shape": [null, 5]}}]})",
        R"({"class_name": "Sequential", "config": [
            {"class_name": "Dense", "config": {"name": "d", "input_shape": [5]}}]})",
        R"({"class_name": "Sequential", "config": [
            {"class_name": "Dense", "config": {"name": "d", "input_dim": 5}}]})",
        R"({"class_name": "Sequential", "config": {"build_input_shape": [null, 5], "layers": [
            {"class_name": "Dense", "config": {"name": "d"}}]}})",
        R"({"class_name": "Sequential", "build_config": {"input_shape": [null, 5]},
            "config": {"layers": [{"class_name": "Dense", "config": {"name": "d"}}]}})"}) {
    auto model = read(text);
    ASSERT_TRUE(model) << toString(model.error());
    EXPECT_EQ(model->inputs[0].name, "d_input");
    EXPECT_EQ(batchShape(*model, model->layers[0]).value(), (Shape{unknownSize, 5})) << text;
  }
}

TEST(Config, LeavesAnUnknownInputShapeOpen) {
  auto model = read(R"({"class_name": "Sequential", "config": [
    {"class_name": "Embedding", "config": {"name": "e", "input_dim": 100}}]})");
  ASSERT_TRUE(model) << toString(model.error());
  EXPECT_EQ(batchShape(*model, model->layers[0]).value(), std::nullopt);
}

TEST(Config, RefusesInputDimensionsThatAreNone) {
  for (const char *size : {"-4", "0", "2.5", "\"NaN\"", "1e300", "[1]"}) {
    auto model = read(fmt::format(R"({{"class_name": "Sequential", "config": [{{"class_name":
      "InputLayer", "config": {{"name": "x", "batch_shape": [null, {}]}}}}]}})",
                                  size));
    ASSERT_TRUE(model);
    auto shape = batchShape(*model, model->layers[0]);
    ASSERT_FALSE(shape) << size;
    EXPECT_THAT(toString(shape.error()), HasSubstr("batch_shape"));
  }
}

TEST(Config, ReportsAllProblemsAtOnce) {
  auto model = read(keras2(layer("Dense", "d", R"([[["nowhere", 0, 0]]])") + "," +
                               layer("Dense", "e", R"([[["a", 7, 0]]])"),
                           R"([["gone", 0, 0]])"));
  ASSERT_FALSE(model);
  const auto &problems = std::get<InputError>(model.error()).problems;
  ASSERT_EQ(problems.size(), 3u);
  EXPECT_EQ(problems[0].layer, "d");
  EXPECT_EQ(problems[1].layer, "e");
  EXPECT_THAT(problems[2].reason, HasSubstr("gone"));
}

TEST(Config, NamesNestedLayersWithTheirModels) {
  EXPECT_THAT(messageOf(R"({"class_name": "Sequential", "config": {"name": "m", "layers": [
    {"class_name": "Sequential", "config": {"name": "inner", "layers": [
      {"class_name": "Dense", "config": {"name": "d"}},
      {"class_name": "Dense", "config": {"name": "d"}}]}}]}})"),
              HasSubstr("layer 'inner/d'"));
}

TEST(Config, RefusesModelsNestedTooDeep) {
  std::string text = R"({"class_name": "Dense", "config": {"name": "d"}})";
  for (int i = 0; i < 100; ++i)
    text = fmt::format(
        R"({{"class_name": "Sequential", "config": {{"name": "s{}", "layers": [{}]}}}})", i, text);
  EXPECT_THAT(messageOf(text), HasSubstr("nested more than 64 deep"));
}

TEST(Config, RefusesConfigurationsOfTheWrongShape) {
  EXPECT_THAT(messageOf("[]"), HasSubstr("is a list, an object was expected"));
  EXPECT_THAT(messageOf("{}"), HasSubstr("no class_name"));
  EXPECT_THAT(messageOf(R"({"class_name": "Sequential"})"), HasSubstr("'layers' is missing"));
  EXPECT_THAT(messageOf(R"({"class_name": "Sequential", "config": [7]})"),
              HasSubstr("a layer has no class_name"));
  EXPECT_THAT(messageOf(R"({"class_name": "Sequential", "config": [{"class_name": "Dense"}]})"),
              HasSubstr("has no name"));
  EXPECT_THAT(messageOf(R"({"class_name": "Functional", "config": {"layers": [
                  {"class_name": "InputLayer", "config": {"name": "a"}}]}})"),
              HasSubstr("output_layers names no layer"));
  EXPECT_THAT(messageOf(keras2(layer("Dense", "d", "[[7]]"), R"([["d", 0, 0]])")),
              HasSubstr("a number where a tensor was expected"));
  EXPECT_THAT(messageOf(keras2(layer("Dense", "d", "7"), R"([["d", 0, 0]])")),
              HasSubstr("inbound_nodes is a number"));
  EXPECT_THAT(
      messageOf(keras2(layer("Dense", "d", R"([{"args": [{"$tensor": 9}]}])"), R"([["d", 0, 0]])")),
      HasSubstr("$tensor"));
}

TEST(Config, RefusesAnInputThatIsUsedButNotListed) {
  EXPECT_THAT(messageOf(keras2(R"({"class_name": "InputLayer", "config": {"name": "c"}},)" +
                                   layer("Dense", "d", R"([[["c", 0, 0]]])"),
                               R"([["d", 0, 0]])")),
              HasSubstr("'c' is used, but not among input_layers"));
}
} // namespace
