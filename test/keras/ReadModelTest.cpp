#include "keras/Model.h"
#include "test/keras/Golden.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <set>

using namespace hornet;
using namespace hornet::keras;
using golden::Case;
using testing::ElementsAre;

namespace {

/// Every call has inputs that are there, is ordered after them, and has args that use each.
void expectSensible(const Model &model, const std::string &where) {
  std::set<std::pair<std::string, int>> made;
  size_t calls = 0;
  for (const Layer &layer : model.layers)
    calls += layer.calls.size();
  EXPECT_EQ(model.order.size(), calls) << where;
  for (const Step &step : model.order) {
    const Layer &layer = model.layers[step.layer];
    const Call &call = layer.calls[step.call];
    EXPECT_EQ(layer.isInput(), call.inputs.empty()) << where << ": " << layer.name;
    std::string text = call.args.dump() + call.kwargs.dump();
    for (size_t i = 0; i < call.inputs.size(); ++i) {
      EXPECT_TRUE(made.contains({call.inputs[i].layer, call.inputs[i].call})) << where;
      EXPECT_NE(text.find(fmt::format("{{\"$tensor\":{}}}", i)), std::string::npos) << where;
    }
    made.insert({layer.name, step.call});
    if (layer.model)
      expectSensible(*layer.model, where + "/" + layer.name);
  }
  for (const Port &port : model.outputs)
    EXPECT_TRUE(made.contains({port.tensor.layer, port.tensor.call})) << where;
}

std::vector<std::string> namesOf(const std::vector<Port> &ports) {
  std::vector<std::string> names;
  names.reserve(ports.size());
  for (const Port &port : ports)
    names.push_back(port.name);
  return names;
}

/// Input shapes are the golden arrays' shapes, but for the dimensions that the model leaves open.
void expectInputs(const Model &model, const Case &golden, const std::string &where) {
  const formats::Json &inputs = golden.json["io"]["inputs"];
  ASSERT_EQ(model.inputs.size(), inputs.size()) << where;
  for (const formats::Json &input : inputs) {
    auto port = std::ranges::find(model.inputs, input["key"].get<std::string>(), &Port::name);
    if (inputs.size() == 1)
      port = model.inputs.begin();
    ASSERT_NE(port, model.inputs.end()) << where << " has no input " << input["key"];
    auto shape = batchShape(model, *model.find(port->tensor.layer));
    ASSERT_TRUE(shape && *shape) << where;
    ASSERT_EQ((**shape).size(), input["shape"].size()) << where;
    for (size_t i = 0; i < (**shape).size(); ++i)
      if ((**shape)[i] != unknownSize)
        EXPECT_EQ((**shape)[i], input["shape"][i].get<int64_t>()) << where;
  }
}

TEST(ReadModel, ReadsEveryGoldenFile) {
  std::vector<Case> cases = golden::cases("layers");
  ASSERT_GT(cases.size(), 180u);
  for (const Case &golden : cases)
    for (const golden::ModelFile &file : golden::modelFiles(golden)) {
      Expected<Model> model = readModel(file.path, file.weights);
      ASSERT_TRUE(model) << toString(model.error());
      EXPECT_EQ(static_cast<int>(model->generation), file.json["keras_generation"].get<int>())
          << file.path;
      EXPECT_NE(model->weights, nullptr) << file.path;
      EXPECT_EQ(model->outputs.size(), golden.json["io"]["outputs"].size()) << file.path;
      expectInputs(*model, golden, file.path);
      expectSensible(*model, file.path);
    }
}

TEST(ReadModel, GivesASequentialWithoutInputLayerOne) {
  Expected<Model> model = readModel("examples/01-digit/cnn.h5");
  ASSERT_TRUE(model) << toString(model.error());
  EXPECT_EQ(model->kerasVersion, "2.0.4");
  EXPECT_EQ(model->generation, Generation::keras2);
  EXPECT_TRUE(model->isSequential());
  EXPECT_THAT(namesOf(model->inputs), ElementsAre("conv2d_1_input"));
  EXPECT_THAT(namesOf(model->outputs), ElementsAre("dense_2"));
  const Layer &input = model->layers.front();
  EXPECT_TRUE(input.implied);
  EXPECT_EQ(batchShape(*model, input).value(), (Shape{unknownSize, 28, 28, 1}));
  EXPECT_EQ(model->layers.size(), 9u);
}

TEST(ReadModel, KeepsTheInputLayerOfASequential) {
  Expected<Model> model = readModel("test/golden/mnist/cnn_with_input_layer.h5");
  ASSERT_TRUE(model) << toString(model.error());
  EXPECT_THAT(namesOf(model->inputs), ElementsAre("input_1"));
  EXPECT_FALSE(model->layers.front().implied);
}

TEST(ReadModel, ReadsAFileOf2017) {
  Expected<Model> model = readModel("test/golden/mnist/TFKeras.h5");
  ASSERT_TRUE(model) << toString(model.error());
  EXPECT_THAT(namesOf(model->inputs), ElementsAre("dense_1_input"));
  EXPECT_EQ(batchShape(*model, model->layers[0]).value(), (Shape{unknownSize, 784}));
}

TEST(ReadModel, ReadsAnArchitectureWithoutWeights) {
  Expected<Model> model = readModel("test/golden/mnist/cnn.json");
  ASSERT_TRUE(model) << toString(model.error());
  EXPECT_EQ(model->weights, nullptr);
}

TEST(ReadModel, GoesByTheContentNotTheName) {
  for (const char *path : {"test/golden/refuse/h5_named_keras/model.keras",
                           "test/golden/refuse/zip_named_h5/model.h5"}) {
    Expected<Model> model = readModel(path);
    EXPECT_TRUE(model) << toString(model.error());
  }
}

TEST(ReadModel, NamesDictOutputsByTheirKeysInTheFilesOrder) {
  Expected<Model> model = readModel("test/golden/layers/input__dict_inputs_outputs/model.keras");
  ASSERT_TRUE(model) << toString(model.error());
  EXPECT_THAT(namesOf(model->inputs), ElementsAre("alpha", "beta"));
  EXPECT_THAT(namesOf(model->outputs), ElementsAre("second", "first"));
}

TEST(ReadModel, MakesOutputNamesUnique) {
  Expected<Model> model = readModel("test/golden/layers/model__same_output_twice/model.keras");
  ASSERT_TRUE(model) << toString(model.error());
  EXPECT_THAT(namesOf(model->outputs), ElementsAre("dense", "dense_1"));
}

/// Kinds of files that only the import or the binding of weights can refuse.
bool isRefusedLater(const Case &golden) {
  static const std::set<std::string> kinds = {"bad attribute", "unknown function", "code",
                                              "training", "weights"};
  static const std::set<std::string> names = {"custom_layer",
                                              "custom_layer_h5",
                                              "custom_layer_keras2_h5",
                                              "unknown_layer",
                                              "unknown_layer_h5",
                                              "lookup_vocabulary_missing",
                                              "h5_external_link",
                                              "h5_external_storage",
                                              "h5_group_cycle",
                                              "h5_weight_huge_dims",
                                              "h5_named_keras",
                                              "zip_named_h5",
                                              "graph_add_with_one_input",
                                              "graph_add_shape_mismatch",
                                              "graph_tensor_index_out_of_range"};
  return kinds.contains(golden.json["kind"].get<std::string>()) || names.contains(golden.name());
}

TEST(ReadModel, RefusesWhatIsNoModelAndSaysWhy) {
  int refused = 0;
  for (const Case &golden : golden::cases("refuse")) {
    if (isRefusedLater(golden))
      continue;
    Expected<Model> model = readModel(golden.folder + golden.json["file"].get<std::string>());
    ASSERT_FALSE(model) << golden.name();
    EXPECT_TRUE(std::holds_alternative<InputError>(model.error())) << golden.name();
    golden::expectWords(golden, toString(model.error()));
    const formats::Json &expected = golden.json["must_name"];
    const Problem &problem = std::get<InputError>(model.error()).problems.at(0);
    if (expected.contains("layer") && golden.name() != "graph_input_is_not_an_input_layer")
      EXPECT_EQ(problem.layer, expected["layer"].get<std::string>()) << golden.name();
    ++refused;
  }
  EXPECT_GE(refused, 49);
}

TEST(ReadModel, SaysThatAFileIsMissing) {
  Expected<Model> model = readModel("test/golden/nowhere.h5");
  ASSERT_FALSE(model);
  EXPECT_THAT(toString(model.error()), testing::HasSubstr("no such file"));
}
} // namespace
