#include "formats/Zip.h"
#include "test/keras/SaveFixture.h"

using namespace hornet;
using namespace hornet::keras;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

Json configOf(const std::string &path) {
  return Json::parse(openHdf5(path).stringAttribute("/", "model_config").value().value());
}

TEST_F(SaveFile, TheLayoutIsKeras2sInHdf5) {
  formats::Hdf5File file = openHdf5(save(twoLayers(), "m.h5"));
  EXPECT_THAT(*file.stringsAttribute("model_weights", "layer_names").value(),
              ElementsAre("hidden", "dropout", "out"));
  EXPECT_THAT(*file.stringsAttribute("model_weights/out", "weight_names").value(),
              ElementsAre("out/kernel:0", "out/bias:0"));
  EXPECT_THAT(*file.stringsAttribute("model_weights/dropout", "weight_names").value(),
              ElementsAre());
  EXPECT_EQ(file.shapeOf("model_weights/out/out/kernel:0").value(), (Shape{3, 2}));
  EXPECT_THAT(
      *file.stringsAttribute("model_weights/top_level_model_weights", "weight_names").value(),
      ElementsAre());
}

TEST_F(SaveFile, WeightsAloneHaveTheLayoutThatTheirNameSays) {
  Filled filled = twoLayers();
  for (const char *name : {"w.h5", "w.hdf5", "w.weights.h5"})
    ASSERT_TRUE(saveWeights(filled.model, filled.parameters, filled.values, folder / name));
  formats::Hdf5File legacy = openHdf5(folder / "w.hdf5"),
                    keras3 = openHdf5(folder / "w.weights.h5");
  EXPECT_EQ(legacy.shapeOf("hidden/hidden/kernel:0").value(), (Shape{4, 3}));
  EXPECT_EQ(keras3.shapeOf("layers/dense_1/vars/0").value(), (Shape{3, 2}));
  EXPECT_EQ(keras3.stringAttribute("layers/dense_1/vars", "name").value(), "out");
  EXPECT_FALSE(legacy.stringAttribute("/", "model_config").value());
}

TEST_F(SaveFile, TheSameModelGivesTheSameBytes) {
  for (const char *name : {"m.keras", "m.h5"}) {
    auto first = formats::readFile(save(twoLayers(), name, adam())).value();
    EXPECT_EQ(formats::readFile(save(twoLayers(), name, adam())).value(), first) << name;
    EXPECT_NE(formats::readFile(save(twoLayers(2), name, adam())).value(), first) << name;
  }
}

TEST_F(SaveFile, ModelsOfKeras3AreSpelledForKeras2InHdf5) {
  Expected<Model> model = readModel("test/golden/layers/graph__residual/model.keras");
  ASSERT_TRUE(model);
  Json config = configOf(save({*model, {}, {}}, "m.h5"));
  const Json &layers = config["config"]["layers"];
  EXPECT_EQ(layers[0]["config"]["batch_input_shape"], Json({nullptr, 8, 8, 3}));
  EXPECT_EQ(layers[1]["config"]["dtype"], "float32");
  EXPECT_EQ(layers[1]["config"]["kernel_initializer"],
            (Json{{"class_name", "GlorotUniform"}, {"config", {{"seed", nullptr}}}}));
  EXPECT_EQ(layers[2]["inbound_nodes"].dump(), R"([[["conv2d",0,0,{}]]])");
  EXPECT_EQ(config.dump().find("module"), std::string::npos);
}

TEST_F(SaveFile, WhatKeras2CannotSayStaysKeras3sInHdf5) {
  for (const char *name : {"activation__hard_sigmoid", "graph__nested_functional"}) {
    Expected<Model> model = readModel(std::string("test/golden/layers/") + name + "/model.keras");
    ASSERT_TRUE(model);
    EXPECT_THAT(configOf(save({*model, {}, {}}, "m.h5")).dump(), HasSubstr("batch_shape")) << name;
  }
}

TEST_F(SaveFile, ModelsOfKeras2BecomeKeras3sInAnArchive) {
  Expected<Model> model = readModel("test/golden/layers/graph__nested_functional/model_keras2.h5");
  ASSERT_TRUE(model);
  std::string path = save({*model, {}, {}}, "m.keras");
  auto archive = formats::ZipArchive::open(formats::readFile(path).value(), path).value();
  auto bytes = archive.read("config.json").value();
  Json config = Json::parse(reinterpret_cast<const char *>(bytes.data()),
                            reinterpret_cast<const char *>(bytes.data()) + bytes.size());
  const Json &layers = config["config"]["layers"];
  EXPECT_EQ(config["module"], "keras.src.models.functional");
  EXPECT_EQ(layers[0]["config"]["batch_shape"], Json({nullptr, 4}));
  EXPECT_EQ(layers[1]["config"]["layers"][1]["module"], "keras.layers");
  EXPECT_EQ(layers[2]["inbound_nodes"][0]["args"][0]["config"]["keras_history"],
            Json({"block", 0, 0}));
}

/// Nested models of Keras 2 name a module that Keras 3 has not.
TEST_F(SaveFile, ModulesOfKeras2DoNotComeAlong) {
  Expected<Model> model =
      readModel("test/golden/layers/graph__nested_functional/architecture_keras2.json");
  ASSERT_TRUE(model);
  std::string path = save({*model, {}, {}}, "m.keras");
  auto archive = formats::ZipArchive::open(formats::readFile(path).value(), path).value();
  auto bytes = archive.read("config.json").value();
  Json config = Json::parse(reinterpret_cast<const char *>(bytes.data()),
                            reinterpret_cast<const char *>(bytes.data()) + bytes.size());
  EXPECT_EQ(config["config"]["layers"][1]["module"], "keras.src.models.functional");
}

TEST_F(SaveFile, WhatKeras3DoesNotHaveIsRefusedByName) {
  for (auto [name, layer, words] :
       {std::tuple("thresholded_relu__theta", "ThresholdedReLU", "no such layer"),
        std::tuple("activation__hard_sigmoid", "Activation", "'hard_sigmoid' is not the same")}) {
    Expected<Model> model =
        readModel(std::string("test/golden/layers/") + name + "/model_keras2.h5");
    ASSERT_TRUE(model);
    EXPECT_THAT(refusal({*model, {}, {}}, "m.keras"),
                AllOf(HasSubstr(layer), HasSubstr(words), HasSubstr(".h5 instead")));
    EXPECT_FALSE(std::filesystem::exists(folder / "m.keras"));
  }
}

TEST_F(SaveFile, ANameThatSaysNoFormIsRefused) {
  Filled filled = twoLayers();
  EXPECT_THAT(refusal(filled, "m.zip"), HasSubstr("end it in .keras (Keras 3) or .h5"));
  EXPECT_THAT(refusal(filled, "m.weights.h5"), HasSubstr("weights without their model"));
  auto saved = saveWeights(filled.model, filled.parameters, filled.values, folder / "w.keras");
  ASSERT_FALSE(saved);
  EXPECT_THAT(toString(saved.error()), HasSubstr("end it in .weights.h5"));
}

TEST_F(SaveFile, ValuesThatAreNotTheParametersAreABug) {
  Filled filled = twoLayers();
  filled.values.pop_back();
  EXPECT_THAT(refusal(filled, "m.h5"), HasSubstr("not those of the parameters"));
}

/// What Keras 3 needs to make the model again.
TEST_F(SaveFile, ModelsBuiltInCodeNameTheirModules) {
  using namespace hornet::keras::layers;
  KerasTensor x = Input({4}, {.name = "x"}), i = Input({4}, {.name = "i"});
  Functional block({i}, {Dense(2)(i)}, "block");
  Functional builder({x}, {block(x)}, "net");
  Json config = builder.toConfig();
  EXPECT_EQ(config["module"], "keras.src.models.functional");
  EXPECT_EQ(config["config"]["layers"][1]["module"], "keras.src.models.functional");
  EXPECT_EQ(config["config"]["layers"][1]["registered_name"], "Functional");
  EXPECT_EQ(config["config"]["output_layers"], Json({"block", 1, 0}));
  EXPECT_EQ(Sequential({Dense(2)}).toConfig()["module"], "keras");
}

/// Branches in another order than Keras's: the weights follow Keras's.
TEST_F(SaveFile, ModelsBuiltInCodeAreWrittenInKerassOrder) {
  using namespace hornet::keras::layers;
  KerasTensor x = Input({4}, {.name = "x"});
  KerasTensor shallow = Dense(2, {.name = "shallow"})(x);
  KerasTensor deep = Dense(2, {.name = "deep"})(Dense(4, {.name = "first"})(x));
  Functional builder({x}, {Add()({shallow, deep})}, "net");
  Filled filled{builder.toModel().value(),
                {parameter("shallow/kernel", {4, 2}), parameter("shallow/bias", {2}),
                 parameter("first/kernel", {4, 4}), parameter("first/bias", {4}),
                 parameter("deep/kernel", {4, 2}), parameter("deep/bias", {2})},
                {}};
  filled.values = valuesFor(filled.parameters, 0);
  formats::Hdf5File file = openHdf5(save(filled, "m.h5"));
  EXPECT_THAT(*file.stringsAttribute("model_weights", "layer_names").value(),
              ElementsAre("x", "first", "shallow", "deep", "add"));
  for (const char *name : {"m.h5", "m.keras"}) {
    Expected<Model> model = readModel(save(filled, name));
    ASSERT_TRUE(model) << toString(model.error());
    EXPECT_EQ(model->layers[1].name, "first") << name;
    std::vector<Parameter> sorted = {filled.parameters[2], filled.parameters[3],
                                     filled.parameters[0], filled.parameters[1],
                                     filled.parameters[4], filled.parameters[5]};
    auto values = bindWeights(*model, sorted);
    ASSERT_TRUE(values) << toString(values.error());
    expectSame(*values, {filled.values[2], filled.values[3], filled.values[0], filled.values[1],
                         filled.values[4], filled.values[5]});
  }
}

} // namespace
