// Importers of the caller: which layers they are asked for, and what becomes of their mistakes.

#include "formats/Json.h"
#include "import/LayerImport.h"

#include <gmock/gmock.h>

using namespace hornet;
using import::CustomLayers;
using import::LayerImport;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

/// A Sequential of one layer, after an input of (None, 4) or (None, 3, 4).
keras::Model modelWith(const std::string &layer, const std::string &shape = "[null, 4]") {
  auto json = formats::parseJson(
      R"({"class_name": "Sequential", "config": {"name": "m", "layers": [
          {"class_name": "InputLayer", "config": {"name": "x", "batch_shape": )" +
          shape + "}}," + layer + "]}}",
      "model.json");
  EXPECT_TRUE(json) << toString(json.error());
  auto model = keras::modelFromConfig(*json, "model.json");
  EXPECT_TRUE(model) << toString(model.error());
  return *model;
}

const std::string swish = R"({"class_name": "Swish", "module": null,
    "registered_name": "mine>Swish", "config": {"name": "act", "beta": 2.0, "trainable": true}})";
const std::string lambda = R"({"class_name": "Lambda", "module": "keras.layers",
    "config": {"name": "act", "trainable": true, "function": ["4wEAAAA=", null, null]}})";

/// x * sigmoid(beta * x), with one weight that scales it.
void importSwish(LayerImport &layer) {
  double beta = layer.number("beta", 1.0);
  mlir::Value x = layer.input();
  if (!layer.ready())
    return;
  mlir::Value scale = layer.parameter("scale", {import::toShape(x).back()});
  mlir::Value inner = layer.create<graph::MultiplyOp>(x, layer.scalar(beta));
  mlir::Value y = layer.create<graph::MultiplyOp>(x, layer.create<graph::SigmoidOp>(inner));
  layer.result(layer.create<graph::MultiplyOp>(y, scale));
}

Expected<import::ImportedModel> importWith(const keras::Model &model, CustomLayers layers) {
  static mlir::MLIRContext context;
  return import::importModel(context, model, {.customLayers = std::move(layers)});
}

std::string problemsOf(const keras::Model &model, CustomLayers layers) {
  auto imported = importWith(model, std::move(layers));
  return imported ? "" : toString(imported.error());
}

TEST(CustomLayer, IsFoundByItsClassWithAndWithoutItsPackage) {
  for (const char *name : {"Swish", "mine>Swish"}) {
    auto imported = importWith(modelWith(swish), {{name, importSwish}});
    ASSERT_TRUE(imported) << name << ": " << toString(imported.error());
    ASSERT_EQ(imported->parameters.size(), 1u);
    EXPECT_EQ(imported->parameters[0].symbol, "act/scale");
    EXPECT_EQ(imported->outputs[0].shape, (Shape{unknownSize, 4}));
  }
  // An HDF5 file writes the package into the class.
  std::string legacy = R"({"class_name": "mine>Swish", "config": {"name": "act"}})";
  EXPECT_EQ(problemsOf(modelWith(legacy), {{"Swish", importSwish}}), "");
  EXPECT_THAT(
      problemsOf(modelWith(swish), {{"other>Swish", importSwish}}),
      AllOf(HasSubstr("no layer class 'mine>Swish'"), HasSubstr("give an importer for it")));
}

TEST(CustomLayer, OfALambdaGoesByTheLayersName) {
  EXPECT_EQ(problemsOf(modelWith(lambda), {{"act", importSwish}}), "");
  EXPECT_THAT(problemsOf(modelWith(lambda), {{"Lambda", importSwish}}),
              AllOf(HasSubstr("it is not executed"), HasSubstr("give an importer for this layer")));
  EXPECT_THAT(problemsOf(modelWith(swish), {{"act", importSwish}}), HasSubstr("'mine>Swish'"));
}

TEST(CustomLayer, ComesBeforeHornetsOwn) {
  std::string relu = R"({"class_name": "ReLU", "config": {"name": "act", "trainable": true}})";
  auto imported = importWith(modelWith(relu), {{"ReLU", importSwish}});
  ASSERT_TRUE(imported) << toString(imported.error());
  EXPECT_EQ(imported->parameters.size(), 1u);
}

TEST(CustomLayer, IsNotTakenForOneOfKerasOfTheSameName) {
  std::string twice = R"({"class_name": "Dense", "module": null, "registered_name": "mine>Dense",
      "config": {"name": "act", "units": 3, "trainable": true}})";
  EXPECT_THAT(problemsOf(modelWith(twice), {}), AllOf(HasSubstr("no layer class 'mine>Dense'"),
                                                      HasSubstr("give an importer for it")));
  EXPECT_EQ(problemsOf(modelWith(twice), {{"mine>Dense", importSwish}}), "");
  std::string own = R"({"class_name": "Dense", "module": "keras.src.layers.core.dense",
      "registered_name": "Dense", "config": {"name": "act", "units": 3, "trainable": true}})";
  EXPECT_EQ(problemsOf(modelWith(own), {}), "");
}

TEST(CustomLayer, MayBeWrapped) {
  auto imported = importWith(
      modelWith(R"({"class_name": "TimeDistributed", "config": {"name": "each", "layer": )" +
                    swish + "}}",
                "[null, 3, 4]"),
      {{"Swish", importSwish}});
  ASSERT_TRUE(imported) << toString(imported.error());
  EXPECT_EQ(imported->outputs[0].shape, (Shape{unknownSize, 3, 4}));
}

TEST(CustomLayer, ReportsWhatItFindsWrongAsOursDo) {
  std::string wrong = R"({"class_name": "Swish", "config": {"name": "act", "beta": "two"}})";
  EXPECT_THAT(problemsOf(modelWith(wrong), {{"Swish", importSwish}}),
              AllOf(HasSubstr("model.json"), HasSubstr("'act' (Swish)"), HasSubstr("'beta'")));
}

TEST(CustomLayer, MustGiveAResultThatHasTheBatch) {
  auto nothing = [](LayerImport &) {};
  EXPECT_THAT(problemsOf(modelWith(swish), {{"Swish", nothing}}), HasSubstr("gives no output"));
  auto constant = [](LayerImport &layer) { layer.result(layer.splat({3, 4}, 1)); };
  EXPECT_THAT(problemsOf(modelWith(swish), {{"Swish", constant}}),
              AllOf(HasSubstr("(3, 4)"), HasSubstr("not the batch")));
  auto number = [](LayerImport &layer) { layer.result(layer.scalar(1)); };
  EXPECT_THAT(problemsOf(modelWith(swish), {{"Swish", number}}), HasSubstr("not the batch"));
}

//===----------------------------------------------------------------------===//
// Results of layers as outputs
//===----------------------------------------------------------------------===//

/// A block of two layers, called twice, and a layer of its own.
keras::Model nested() {
  auto tensor = [](const std::string &layer, int call) {
    return R"({"class_name": "__keras_tensor__", "config": {"keras_history": [")" + layer + "\", " +
           std::to_string(call) + ", 0]}}";
  };
  auto node = [](const std::string &tensor) {
    return R"({"args": [)" + tensor + R"(], "kwargs": {}})";
  };
  auto json = formats::parseJson(
      R"({"class_name": "Functional", "config": {"name": "m", "layers": [
      {"class_name": "InputLayer", "name": "x", "config": {"name": "x", "batch_shape": [null, 4]},
       "inbound_nodes": []},
      {"class_name": "Sequential", "name": "block", "config": {"name": "block", "layers": [
        {"class_name": "InputLayer", "config": {"name": "y", "batch_shape": [null, 4]}},
        {"class_name": "Dense", "config": {"name": "dense", "units": 4}},
        {"class_name": "ReLU", "config": {"name": "relu"}}]},
       "inbound_nodes": [)" +
          node(tensor("x", 0)) + "," + node(tensor("block", 0)) + R"(]},
      {"class_name": "Softmax", "name": "soft", "config": {"name": "soft"},
       "inbound_nodes": [)" +
          node(tensor("block", 1)) + R"(]}],
    "input_layers": [["x", 0, 0]], "output_layers": [["soft", 0, 0]]}})",
      "model.json");
  EXPECT_TRUE(json) << toString(json.error());
  auto model = keras::modelFromConfig(*json, "model.json");
  EXPECT_TRUE(model) << toString(model.error());
  return *model;
}

std::vector<std::string> outputsWith(const keras::Model &model, std::vector<std::string> layers) {
  mlir::MLIRContext context;
  auto imported = import::importModel(context, model, {.layerOutputs = std::move(layers)});
  if (!imported)
    return {toString(imported.error())};
  std::vector<std::string> names;
  for (const import::Port &port : imported->outputs)
    names.push_back(port.name);
  return names;
}

TEST(LayerOutputs, AreNamedByPathAndCallAndComeAfterTheModelsOwn) {
  EXPECT_THAT(outputsWith(nested(), {"*"}),
              ElementsAre("soft", "block/dense", "block/relu", "block", "block/dense[1][0]",
                          "block/relu[1][0]", "block[1][0]"));
  EXPECT_THAT(outputsWith(nested(), {"block/dense"}),
              ElementsAre("soft", "block/dense", "block/dense[1][0]"));
  EXPECT_THAT(outputsWith(nested(), {"relu"}),
              ElementsAre("soft", "block/relu", "block/relu[1][0]"));
  EXPECT_THAT(outputsWith(nested(), {"soft"}), ElementsAre("soft"));
}

TEST(LayerOutputs, OfNoLayerAreRefusedWithTheNearestName) {
  EXPECT_THAT(
      outputsWith(nested(), {"dence"}),
      ElementsAre(AllOf(HasSubstr("no layer 'dence'"), HasSubstr("did you mean 'dense'?"))));
  EXPECT_THAT(outputsWith(nested(), {"x"}), ElementsAre(HasSubstr("no result of its own")));
}

} // namespace
