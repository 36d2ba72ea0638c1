//===- SaveFixture.h - Models to save, and a folder to save them in ------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "formats/File.h"
#include "formats/Hdf5.h"
#include "keras/Builder.h"
#include "keras/Save.h"
#include "test/keras/Golden.h"

#include <cstring>
#include <filesystem>
#include <gmock/gmock.h>

namespace hornet::keras {

using golden::parameter;

/// A model with a value for each parameter.
struct Filled {
  Model model;
  std::vector<Parameter> parameters;
  std::vector<Tensor> values;
};

/// Distinct values that `seed` decides.
inline std::vector<Tensor> valuesFor(const std::vector<Parameter> &parameters, float seed) {
  std::vector<Tensor> values;
  for (const Parameter &parameter : parameters) {
    Tensor &value = values.emplace_back(DType::f32, parameter.shape);
    for (float &element : value.as<float>())
      element = seed += 0.25f;
  }
  return values;
}

inline Filled twoLayers(float seed = 1) {
  Sequential builder({}, "net");
  builder.add(layers::Input({4}, {.name = "x"}));
  builder.add(layers::Dense(3, {.activation = "relu", .name = "hidden"}));
  builder.add(layers::Dropout(0.5));
  builder.add(layers::Dense(2, {.activation = "softmax", .name = "out"}));
  Filled result{builder.toModel().value(),
                {parameter("hidden/kernel", {4, 3}), parameter("hidden/bias", {3}),
                 parameter("out/kernel", {3, 2}), parameter("out/bias", {2})},
                {}};
  result.values = valuesFor(result.parameters, seed);
  return result;
}

inline Training adam() {
  Training training;
  training.config.emplace();
  training.config->optimizer = {
      {"module", "keras.optimizers"},
      {"class_name", "Adam"},
      {"config",
       {{"name", "adam"}, {"learning_rate", 0.5}, {"beta_1", 0.9}, {"loss_scale_factor", nullptr}}},
      {"registered_name", nullptr}};
  training.config->loss = "categorical_crossentropy";
  training.config->metrics = Json::array({"accuracy"});
  training.optimizer.emplace();
  training.optimizer->iterations = int64_t{1} << 33;
  training.optimizer->learningRate = 0.25;
  training.optimizer->slots = {{"adam/hidden_kernel_momentum", Tensor::fromFloats({2}, {{1, 2}})},
                               {"", Tensor::fromFloats({1}, {{3}})}};
  return training;
}

class SaveFile : public testing::Test {
protected:
  std::filesystem::path folder;
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "hornet-save-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  std::string save(const Filled &filled, const std::string &name, const Training &training = {}) {
    std::string path = folder / name;
    auto saved = saveModel(filled.model, filled.parameters, filled.values, path, training);
    EXPECT_TRUE(saved) << toString(saved.error());
    return path;
  }
  std::string refusal(const Filled &filled, const std::string &name) {
    auto saved = saveModel(filled.model, filled.parameters, filled.values, folder / name);
    return saved ? "saved" : toString(saved.error());
  }
};

inline void expectSame(const std::vector<Tensor> &read, const std::vector<Tensor> &written) {
  ASSERT_EQ(read.size(), written.size());
  for (size_t i = 0; i < read.size(); ++i) {
    ASSERT_EQ(read[i].shape(), written[i].shape());
    ASSERT_EQ(std::memcmp(read[i].data(), written[i].data(), written[i].bytes()), 0) << i;
  }
}

inline formats::Hdf5File openHdf5(const std::string &path) {
  return formats::Hdf5File::open(formats::readFile(path).value(), path).value();
}

} // namespace hornet::keras
