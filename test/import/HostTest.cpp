// Models that take strings, or look integers up: what is computed around the graph, and what cannot
// be.

#include "import/LayerImport.h"

#include "formats/Json.h"
#include "graph/Graph.h"
#include "host/Program.h"
#include "keras/Weights.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <gmock/gmock.h>

using namespace hornet;
using host::Value;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

/// A Sequential of Keras 3 with an input of one text or of three numbers.
keras::Model sequential(const std::string &input, const std::string &layers) {
  auto json = formats::parseJson(
      R"({"class_name": "Sequential", "config": {"name": "model", "layers": [
          {"class_name": "InputLayer", "config": {"name": "x", )" +
          input + "}}, " + layers + "]}}",
      "model.json");
  EXPECT_TRUE(json) << toString(json.error());
  auto model = keras::modelFromConfig(*json, "model.json");
  EXPECT_TRUE(model) << toString(model.error());
  return *model;
}

const std::string text = R"("batch_shape": [null, 1], "dtype": "string")";
const std::string integers = R"("batch_shape": [null, 3], "dtype": "int64")";
const std::string floats = R"("batch_shape": [null, 3], "dtype": "float32")";

std::string layer(const std::string &className, const std::string &config) {
  static int number = 0;
  return R"({"class_name": ")" + className + R"(", "config": {"trainable": true, "name": "l)" +
         std::to_string(++number) + "\", " + config + "}}";
}

const std::string dense = R"("units": 2)";

std::string problemsOf(const keras::Model &model) {
  mlir::MLIRContext context;
  auto imported = import::importModel(context, model);
  return imported ? "" : toString(imported.error());
}

TEST(HostImport, LookupsComeBeforeTheGraph) {
  mlir::MLIRContext context;
  auto imported = import::importModel(
      context, sequential(text, layer("StringLookup", R"("vocabulary": ["a", "b"])") + "," +
                                    layer("Embedding", R"("input_dim": 3, "output_dim": 2)")));
  ASSERT_TRUE(imported) << toString(imported.error());
  ASSERT_TRUE(imported->host);
  EXPECT_EQ(imported->inputs[0].dtype, DType::string);
  EXPECT_EQ(imported->outputs[0].shape, (Shape{unknownSize, 1, 2}));
  const host::Plan &plan = *imported->host;
  ASSERT_EQ(plan.steps.size(), 1u);
  EXPECT_EQ(plan.steps[0].function, "look_up");
  EXPECT_EQ(plan.values[plan.arguments.at(0)].source, Value::Source::step);
  EXPECT_EQ(plan.values[plan.results.at(0)].source, Value::Source::code);
  auto predict = imported->module.get().lookupSymbol<mlir::func::FuncOp>(graph::predictName.str());
  EXPECT_EQ(predict.getNumArguments(), 1u);
}

TEST(HostImport, ModelsWithoutThemHaveNoPlan) {
  mlir::MLIRContext context;
  auto imported = import::importModel(context, sequential(integers, layer("Dense", dense)));
  ASSERT_TRUE(imported) << toString(imported.error());
  EXPECT_FALSE(imported->host);
  EXPECT_EQ(imported->inputs[0].dtype, DType::f32);
}

TEST(HostImport, StringsGoToLookupsAlone) {
  EXPECT_THAT(problemsOf(sequential(text, layer("Dense", dense))),
              HasSubstr("(Dense), 'inbound_nodes': takes numbers, got strings"));
  EXPECT_THAT(problemsOf(sequential(text, layer("IntegerLookup", R"("vocabulary": [1])"))),
              HasSubstr("takes integers, got strings; use StringLookup"));
  EXPECT_THAT(problemsOf(sequential(text, layer("Hashing", R"("num_bins": 4, "mask_value": 1)"))),
              HasSubstr("mask_value is 1, the input holds strings"));
}

TEST(HostImport, TheLengthOfATextIsTheCallersWhereTheModelHasNone) {
  std::string open = R"({"class_name": "TextVectorization", "config": {"name": "tokens",
      "trainable": true, "vocabulary": ["a"]}})";
  std::string embedding = layer("Embedding", R"("input_dim": 3, "output_dim": 2)");
  keras::Model model = sequential(text, open + "," + embedding);
  EXPECT_THAT(problemsOf(model),
              HasSubstr("'output_sequence_length': output_sequence_length is missing: the result "
                        "is as long as the longest text; hornet run and predict take it from the "
                        "text; else say it by --shape tokens=1,N"));
  mlir::MLIRContext context;
  auto imported = import::importModel(context, model, {.shapes = {{"tokens", {1, 7}}}});
  ASSERT_TRUE(imported) << toString(imported.error());
  EXPECT_EQ(imported->outputs[0].shape, (Shape{unknownSize, 7, 2}));
  EXPECT_TRUE(imported->openTexts.layers.empty());
  auto wrong = import::importModel(context, model, {.shapes = {{"tokens", {7}}}});
  ASSERT_FALSE(wrong);
  EXPECT_THAT(toString(wrong.error()), HasSubstr("the result cannot have the shape"));
}

TEST(HostImport, WhatTheTextsDecideIsFoundOutWithoutCode) {
  mlir::MLIRContext context;
  std::vector<Problem> problems;
  auto imported = import::importModel(
      context,
      sequential(text, layer("TextVectorization", R"("vocabulary": ["a"], "ngrams": 2)") + "," +
                           layer("Embedding", R"("input_dim": 3, "output_dim": 2)")),
      {}, &problems);
  ASSERT_TRUE(imported) << toString(imported.error());
  EXPECT_EQ(problems.size(), 1u);
  ASSERT_EQ(imported->openTexts.layers.size(), 1u);
  Tensor texts(DType::string, {2, 1});
  texts.as<std::string>()[1] = "a b, A";
  auto shapes = host::shapesOf(imported->openTexts, std::vector{texts});
  ASSERT_TRUE(shapes) << toString(shapes.error());
  EXPECT_EQ(shapes->front(), std::pair(imported->openTexts.layers.front(), Shape{2, 5}));
}

TEST(HostImport, IntegersBeyondFloat32StayOnTheHost) {
  std::string hashing = layer("Hashing", R"("num_bins": 16777217, "dtype": "int64")");
  EXPECT_THAT(problemsOf(sequential(text, hashing + "," + layer("Dense", dense))),
              HasSubstr("takes integers up to 16777216, which are not exact in float32"));
  EXPECT_EQ(problemsOf(sequential(text, hashing)), "");
  std::string fits = layer("Hashing", R"("num_bins": 16777216, "dtype": "int64")");
  EXPECT_EQ(problemsOf(sequential(text, fits + "," + layer("Dense", dense))), "");
  EXPECT_THAT(problemsOf(sequential(text, layer("Hashing", R"("num_bins": 16777217,
                                                             "dtype": "float32")"))),
              HasSubstr("as many bins are not exact in float32"));
}

TEST(HostImport, WhatComesAfterTheGraphEndsTheModel) {
  std::string hashing = layer("Hashing", R"("num_bins": 4, "dtype": "int64")");
  EXPECT_EQ(problemsOf(sequential(floats, layer("Dense", dense) + "," + hashing)), "");
  EXPECT_THAT(problemsOf(sequential(floats, layer("Dense", dense) + "," + hashing + "," +
                                                layer("Dense", dense))),
              HasSubstr("made of computed numbers, which can only be an output of the model"));
}

TEST(HostImport, WrappedLookupsAreRefused) {
  std::string inner =
      R"("layer": {"class_name": "Hashing", "config": {"name": "h", "num_bins": 4}})";
  EXPECT_THAT(
      problemsOf(sequential(R"("batch_shape": [null, 3, 2])", layer("TimeDistributed", inner))),
      HasSubstr("a lookup or hash inside another layer is not supported"));
}

TEST(HostImport, StatefulLayersNeedAModelOfNumbers) {
  EXPECT_THAT(
      problemsOf(sequential(text, layer("StringLookup", R"("vocabulary": ["a", "b"])") + "," +
                                      layer("Embedding", R"("input_dim": 3, "output_dim": 2)") +
                                      "," + layer("SimpleRNN", R"("units": 2, "stateful": true)"))),
      HasSubstr("(SimpleRNN), 'stateful': a stateful layer in a model that takes strings"));
}

TEST(HostImport, ResultsOfLayersInTheGraphCanBeOutputs) {
  keras::Model model =
      sequential(text, layer("StringLookup", R"("vocabulary": ["a", "b"])") + "," +
                           layer("Embedding", R"("input_dim": 3, "output_dim": 2)") + "," +
                           layer("Dense", dense));
  mlir::MLIRContext context;
  auto imported = import::importModel(context, model, {.layerOutputs = {"*"}});
  ASSERT_TRUE(imported) << toString(imported.error());
  ASSERT_EQ(imported->outputs.size(), 2u);
  EXPECT_EQ(imported->outputs[1].name, model.layers[2].name);
  EXPECT_EQ(imported->host->results.size(), 2u);
  auto lookup = import::importModel(context, model, {.layerOutputs = {model.layers[1].name}});
  ASSERT_FALSE(lookup);
  EXPECT_THAT(toString(lookup.error()), HasSubstr("has no result of its own in compiled code"));
}

TEST(HostImport, ImportersOfTheCallerTakeNumbers) {
  import::CustomLayers layers = {{"Twice", [](import::LayerImport &layer) {
                                    mlir::Value x = layer.input();
                                    if (layer.ready())
                                      layer.result(layer.create<graph::AddOp>(x, x));
                                  }}};
  mlir::MLIRContext context;
  std::string twice = layer("Twice", R"("axis": 1)");
  auto strings = import::importModel(context, sequential(text, twice), {.customLayers = layers});
  ASSERT_FALSE(strings);
  EXPECT_THAT(toString(strings.error()), HasSubstr("takes numbers, got strings"));
  auto numbers = import::importModel(
      context, sequential(integers, layer("IntegerLookup", R"("vocabulary": [7])") + "," + twice),
      {.customLayers = layers});
  EXPECT_TRUE(numbers) << toString(numbers.error());
}

} // namespace
