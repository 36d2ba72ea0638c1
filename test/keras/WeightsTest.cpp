#include "keras/Weights.h"
#include "keras/Model.h"
#include "test/keras/Golden.h"

#include <gmock/gmock.h>
#include <set>

using namespace hornet;
using namespace hornet::keras;
using golden::parameter;
using testing::HasSubstr;

namespace {

/// The parameters of the MNIST network; the layers' names differ between its files.
std::vector<Parameter> mnistParameters(const Model &model) {
  const std::vector<std::pair<Shape, Shape>> shapes = {
      {{3, 3, 1, 32}, {32}}, {{3, 3, 32, 64}, {64}}, {{9216, 128}, {128}}, {{128, 10}, {10}}};
  std::vector<Parameter> parameters;
  for (const Layer &layer : model.layers)
    if (layer.className == "Conv2D" || layer.className == "Dense") {
      const auto &[kernel, bias] = shapes.at(parameters.size() / 2);
      parameters.push_back(parameter(layer.name + "/kernel", kernel));
      parameters.push_back(parameter(layer.name + "/bias", bias));
    }
  return parameters;
}

std::string messageOf(const Expected<std::vector<Tensor>> &values) {
  return values ? "no error" : toString(values.error());
}

void expectSame(const std::vector<Tensor> &values, const std::vector<Tensor> &expected,
                float tolerance, const std::string &where) {
  ASSERT_EQ(values.size(), expected.size()) << where;
  for (size_t i = 0; i < values.size(); ++i) {
    ASSERT_EQ(values[i].shape(), expected[i].shape()) << where;
    ASSERT_EQ(values[i].dtype(), DType::f32) << where;
    for (int64_t k = 0; k < values[i].size(); ++k)
      ASSERT_NEAR(values[i].as<float>()[k], expected[i].as<float>()[k], tolerance)
          << where << " " << i << ":" << k;
  }
}

TEST(Weights, AreTheSameInEveryFileOfTheMnistModel) {
  const std::string mnist = "test/golden/mnist/";
  std::vector<std::pair<std::string, std::optional<std::string>>> files = {
      {"examples/01-digit/cnn.h5", {}},
      {mnist + "cnn_with_input_layer.h5", {}},
      {mnist + "cnn.keras", {}},
      {mnist + "cnn_keras3.h5", {}},
      {mnist + "cnn.json", mnist + "mnist_weights.h5"},
      {mnist + "cnn.json", mnist + "cnn.weights.h5"},
      {mnist + "cnn.json", mnist + "cnn.keras"},
      {mnist + "cnn.json", mnist + "cnn_keras3.h5"}};
  std::vector<Tensor> expected;
  for (const auto &[path, weights] : files) {
    Expected<Model> model = readModel(path, weights);
    ASSERT_TRUE(model) << toString(model.error());
    auto values = bindWeights(*model, *model->weights, mnistParameters(*model));
    ASSERT_TRUE(values) << toString(values.error());
    if (expected.empty())
      expected = *values;
    expectSame(*values, expected, 0, path);
  }
  EXPECT_NE(expected[0].as<float>()[0], expected[0].as<float>()[1]);
}

/// Binds the same parameters in every file of a case: all hold the same values.
void expectSameInAllFiles(const std::string &name, const std::vector<Parameter> &parameters,
                          float tolerance = 0) {
  std::vector<Tensor> expected;
  for (const golden::Case &golden : golden::cases("layers")) {
    if (golden.name() != name)
      continue;
    for (const golden::ModelFile &file : golden::modelFiles(golden)) {
      Expected<Model> model = readModel(file.path, file.weights);
      ASSERT_TRUE(model) << toString(model.error());
      auto values = bindWeights(*model, *model->weights, parameters);
      ASSERT_TRUE(values) << toString(values.error());
      if (expected.empty())
        expected = *values;
      expectSame(*values, expected, tolerance, file.path);
    }
  }
  EXPECT_FALSE(expected.empty());
}

TEST(Weights, OfNestedModelsComeTrainedFirstThenFrozen) {
  expectSameInAllFiles("graph__partly_frozen_nested",
                       {parameter("partly/d1/kernel", {6, 4}, false),
                        parameter("partly/d1/bias", {4}, false), parameter("partly/bn/gamma", {4}),
                        parameter("partly/bn/beta", {4}),
                        parameter("partly/bn/moving_mean", {4}, false),
                        parameter("partly/bn/moving_variance", {4}, false),
                        parameter("partly/d2/kernel", {4, 3}), parameter("partly/d2/bias", {3}),
                        parameter("out/kernel", {3, 2}), parameter("out/bias", {2})});
}

TEST(Weights, BindByPositionWhenTheNamesDoNotTell) {
  // Layers of other names, as after renaming: the order alone says what is what.
  Expected<Model> model =
      readModel("test/golden/layers/graph__partly_frozen_nested/model_keras2.h5");
  ASSERT_TRUE(model);
  std::vector<Parameter> byName = {parameter("partly/d1/kernel", {6, 4}, false),
                                   parameter("partly/d1/bias", {4}, false),
                                   parameter("partly/bn/gamma", {4}),
                                   parameter("partly/bn/beta", {4}),
                                   parameter("partly/bn/moving_mean", {4}, false),
                                   parameter("partly/bn/moving_variance", {4}, false),
                                   parameter("partly/d2/kernel", {4, 3}),
                                   parameter("partly/d2/bias", {3}),
                                   parameter("out/kernel", {3, 2}),
                                   parameter("out/bias", {2})};
  std::vector<Parameter> renamed = byName;
  for (Parameter &one : renamed)
    one.layerPath.back() = "renamed_" + one.layerPath.back();
  auto expected = bindWeights(*model, *model->weights, byName);
  auto values = bindWeights(*model, *model->weights, renamed);
  ASSERT_TRUE(expected && values) << messageOf(values);
  expectSame(*values, *expected, 0, "renamed");
}

TEST(Weights, OfKeras3AreNumberedByClassNotByLayerName) {
  expectSameInAllFiles("graph__keras_group_names_differ_from_layer_names",
                       {parameter("dense_1/kernel", {3, 3, 1, 2}), parameter("dense_1/bias", {2}),
                        parameter("conv2d/kernel", {18, 3}), parameter("conv2d/bias", {3})});
}

TEST(Weights, AreFoundFourModelsDeep) {
  std::vector<Parameter> parameters;
  std::string path;
  for (int level = 3; level >= 0; --level) {
    path += "lvl" + std::to_string(level) + "/";
    parameters.push_back(parameter(path + "dense_" + std::to_string(level) + "/kernel", {4, 4}));
    parameters.push_back(parameter(path + "dense_" + std::to_string(level) + "/bias", {4}));
  }
  expectSameInAllFiles("graph__nested_depth4", parameters);
}

TEST(Weights, AreReadFromShardsAndFromAFolder) {
  std::vector<Parameter> parameters = {
      parameter("conv2d/kernel", {3, 3, 2, 3}), parameter("conv2d/bias", {3}),
      parameter("dense/kernel", {3, 4}),        parameter("dense/bias", {4}),
      parameter("cls/kernel", {40, 3}),         parameter("cls/bias", {3}),
      parameter("reg/kernel", {40, 1}),         parameter("reg/bias", {1})};
  expectSameInAllFiles("format__sharded_weights_json", parameters);
  expectSameInAllFiles("format__keras_directory", parameters);
  expectSameInAllFiles("format__h5_float16_datasets", parameters);
  expectSameInAllFiles("format__h5_float64_datasets", parameters);
  expectSameInAllFiles("format__h5_big_endian", parameters);
}

TEST(Weights, ConvertFromFloat16ByValue) {
  std::vector<std::vector<Tensor>> all;
  for (const char *name : {"format__h5_float16_datasets", "format__h5_float64_datasets"}) {
    Expected<Model> model = readModel(std::string("test/golden/layers/") + name + "/model.h5");
    ASSERT_TRUE(model) << toString(model.error());
    auto values = bindWeights(
        *model, *model->weights,
        std::vector{parameter("conv2d/kernel", {3, 3, 2, 3}), parameter("conv2d/bias", {3}),
                    parameter("dense/kernel", {3, 4}), parameter("dense/bias", {4}),
                    parameter("cls/kernel", {40, 3}), parameter("cls/bias", {3}),
                    parameter("reg/kernel", {40, 1}), parameter("reg/bias", {1})});
    ASSERT_TRUE(values) << messageOf(values);
    for (const Tensor &tensor : *values)
      for (float value : tensor.as<float>())
        ASSERT_LT(std::abs(value), 10) << name;
  }
}

/// Those of a chain of Dense layers, as their configs ask for them.
std::vector<Parameter> denseParameters(const Model &model) {
  std::vector<Parameter> parameters;
  int64_t width = batchShape(model, model.layers[0]).value().value().back();
  for (const Layer &layer : model.layers)
    if (layer.className == "Dense") {
      auto units = layer.config["units"].get<int64_t>();
      parameters.push_back(parameter(layer.name + "/kernel", {width, units}));
      if (layer.config.value("use_bias", true))
        parameters.push_back(parameter(layer.name + "/bias", {units}));
      width = units;
    }
  return parameters;
}

TEST(Weights, ThatDoNotFitAreRefusedWithTheReason) {
  static const std::set<std::string> more = {"h5_external_link", "h5_external_storage",
                                             "h5_weight_huge_dims", "units_huge"};
  int refused = 0;
  for (const golden::Case &golden : golden::cases("refuse")) {
    if (golden.json["kind"] != "weights" && !more.contains(golden.name()))
      continue;
    Expected<Model> model = readModel(golden.folder + golden.json["file"].get<std::string>());
    if (model) {
      auto values = bindWeights(*model, *model->weights, denseParameters(*model));
      ASSERT_FALSE(values) << golden.name();
      EXPECT_TRUE(std::holds_alternative<InputError>(values.error())) << golden.name();
      golden::expectWords(golden, messageOf(values));
      const Problem &problem = std::get<InputError>(values.error()).problems.at(0);
      EXPECT_EQ(problem.layer, golden.json["must_name"].value("layer", "")) << golden.name();
    } else {
      golden::expectWords(golden, toString(model.error()));
    }
    ++refused;
  }
  EXPECT_EQ(refused, 18);
}

TEST(Weights, LoadDespiteAGroupThatContainsItself) {
  Expected<Model> model = readModel("test/golden/refuse/h5_group_cycle/model.h5");
  ASSERT_TRUE(model) << toString(model.error());
  EXPECT_TRUE(bindWeights(*model, *model->weights, denseParameters(*model)));
}

TEST(Weights, OfTwoShapesAreBothNamed) {
  Expected<Model> model = readModel("test/golden/refuse/h5_weight_shape_transposed/model.h5");
  ASSERT_TRUE(model) << toString(model.error());
  EXPECT_THAT(messageOf(bindWeights(*model, *model->weights, denseParameters(*model))),
              HasSubstr("kernel has shape (3, 4) in the file, the model needs (4, 3)"));
}

TEST(Weights, OfAnotherModelAreRefusedInTheKeras3Layout) {
  Expected<Model> model = readModel("test/golden/mnist/cnn.json");
  ASSERT_TRUE(model);
  ASSERT_TRUE(loadWeights(*model, "test/golden/mnist/cnn.weights.h5"));
  std::vector<Parameter> all = mnistParameters(*model);
  std::vector<Parameter> fewer(all.begin(), all.end() - 2);
  EXPECT_THAT(messageOf(bindWeights(*model, *model->weights, fewer)),
              HasSubstr("the file has weights in 'layers/dense_1'"));
  std::vector<Parameter> noBias = all;
  noBias.erase(noBias.begin() + 1);
  EXPECT_THAT(messageOf(bindWeights(*model, *model->weights, noBias)),
              HasSubstr("the layer needs 1 weight (kernel)"));
  std::vector<Parameter> more = all;
  more.push_back(parameter(all.back().layerPath[0] + "/scale", {10}));
  EXPECT_THAT(messageOf(bindWeights(*model, *model->weights, more)),
              HasSubstr("the layer needs 3 weights (kernel, bias, scale)"));
}

TEST(Weights, FileThatHoldsNoneIsRefused) {
  Model model;
  auto messageFor = [&](const char *path) {
    Expected<void> loaded = loadWeights(model, path);
    return loaded ? "no error" : toString(loaded.error());
  };
  EXPECT_THAT(messageFor("test/golden/mnist/cnn.json"), HasSubstr("holds no weights"));
  EXPECT_THAT(messageFor("examples/01-digit/test3.png"), HasSubstr("PNG"));
  EXPECT_THAT(messageFor("test/golden/nowhere"), HasSubstr("no such file"));
  EXPECT_THAT(messageFor("test/golden/refuse/h5_not_keras/model.h5"), HasSubstr("layer_names"));
}
TEST(Weights, RandomOnesFitAnyModelAndDependOnTheSeedAlone) {
  Expected<Model> model = readModel("test/golden/mnist/cnn.json");
  ASSERT_TRUE(model);
  std::vector<Parameter> parameters = mnistParameters(*model);
  parameters.push_back(parameter("normalization/moving_variance", {64}));
  auto first = bindWeights(*model, *Weights::random(1), parameters);
  auto again = bindWeights(*model, *Weights::random(1), parameters);
  auto other = bindWeights(*model, *Weights::random(2), parameters);
  ASSERT_TRUE(first && again && other);
  expectSame(*first, *again, 0, "the same seed");
  for (size_t i = 0; i < first->size(); ++i) {
    EXPECT_EQ((*first)[i].shape(), parameters[i].shape);
    EXPECT_NE((*first)[i].as<float>()[0], (*other)[i].as<float>()[0]);
  }
  for (float variance : first->back().as<float>())
    EXPECT_GE(variance, 0.5f);
}

} // namespace
