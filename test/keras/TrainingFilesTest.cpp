#include "formats/Hdf5Writer.h"
#include "test/keras/SaveFixture.h"

using namespace hornet;
using namespace hornet::keras;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

using TrainingFiles = SaveFile;

TEST_F(TrainingFiles, TrainingComesBack) {
  for (const char *name : {"m.keras", "m.h5"}) {
    auto read = readTraining(save(twoLayers(), name, adam()));
    ASSERT_TRUE(read) << toString(read.error());
    ASSERT_TRUE(read->config && read->optimizer);
    EXPECT_EQ(read->config->optimizer["class_name"], "Adam");
    EXPECT_EQ(read->config->optimizer["config"]["learning_rate"], 0.25) << "the rate of now";
    EXPECT_EQ(read->config->loss, "categorical_crossentropy");
    EXPECT_EQ(read->config->metrics, Json::array({"accuracy"}));
    EXPECT_EQ(read->optimizer->iterations, int64_t{1} << 33);
    EXPECT_EQ(read->optimizer->learningRate.value_or(0.25), 0.25);
    ASSERT_EQ(read->optimizer->slots.size(), 2u);
    expectSame({read->optimizer->slots[0].value, read->optimizer->slots[1].value},
               {adam().optimizer->slots[0].value, adam().optimizer->slots[1].value});
  }
}

/// Keras finds a class in a file by its own name alone; command lines say "adam".
TEST_F(TrainingFiles, OptimizersAreSpelledAsTheirClasses) {
  for (const char *given : {"adam", "ADAM", "Adam"})
    for (const char *name : {"m.keras", "m.h5"}) {
      Training training = adam();
      training.config->optimizer["class_name"] = given;
      auto read = readTraining(save(twoLayers(), name, training));
      ASSERT_TRUE(read && read->config);
      EXPECT_EQ(read->config->optimizer["class_name"], "Adam") << name;
    }
}

TEST_F(TrainingFiles, AModelThatIsNotTrainedHasNoTraining) {
  for (const char *name : {"m.keras", "m.h5"}) {
    auto read = readTraining(save(twoLayers(), name));
    ASSERT_TRUE(read) << toString(read.error());
    EXPECT_FALSE(read->config || read->optimizer) << name;
  }
  auto architecture = readTraining("test/golden/mnist/cnn.json");
  ASSERT_TRUE(architecture);
  EXPECT_FALSE(architecture->config);
}

/// Saved by Keras 2 and 3 after two steps of Adam.
TEST_F(TrainingFiles, KerassOwnTrainingIsRead) {
  const std::string folder = "test/golden/layers/graph__compiled_adam_state/";
  for (const char *name : {"model.keras", "model.h5", "model_keras2.keras", "model_keras2.h5"}) {
    auto read = readTraining(folder + name);
    ASSERT_TRUE(read) << toString(read.error());
    ASSERT_TRUE(read->config && read->optimizer) << name;
    EXPECT_EQ(read->config->optimizer["class_name"], "Adam") << name;
    EXPECT_FALSE(read->config->optimizer["config"].contains("is_legacy_optimizer")) << name;
    EXPECT_EQ(read->config->loss, "categorical_crossentropy") << name;
    EXPECT_EQ(read->config->metrics, Json::array({"accuracy"})) << name;
    EXPECT_EQ(read->optimizer->iterations, 2) << name;
    bool keras2 = std::string_view(name).find("keras2") != std::string_view::npos;
    EXPECT_EQ(read->optimizer->learningRate.has_value(), !keras2) << name;
    ASSERT_EQ(read->optimizer->slots.size(), 12u) << name;
    EXPECT_EQ(read->optimizer->slots[0].value.shape(), (Shape{5, 6})) << name;
    EXPECT_EQ(read->optimizer->slots[11].value.shape(), (Shape{3})) << name;
  }
}

/// Files of Keras 3 after two steps, in both forms, with the same state.
TEST_F(TrainingFiles, WhatATrainingStoppedWithIsRead) {
  struct Case {
    const char *name, *className;
    double rate;
    size_t slots;
    const char *first; ///< in the .h5
  };
  for (const Case &row :
       {Case{"adam", "Adam", 0.02, 8, "adam/m_hidden_kernel_momentum"},
        Case{"sgd_momentum", "SGD", 0.05, 4, "sgd/m_hidden_kernel_momentum"},
        Case{"rmsprop", "RMSprop", 0.01, 4, "rm_sprop/m_hidden_kernel_velocity"}}) {
    std::string path = std::string("test/golden/training/optimizers/resume_") + row.name + "/model";
    auto archive = readTraining(path + ".keras"), hdf5 = readTraining(path + ".h5");
    ASSERT_TRUE(archive && hdf5);
    ASSERT_TRUE(archive->optimizer && hdf5->optimizer);
    EXPECT_EQ(hdf5->config->optimizer["class_name"], row.className);
    EXPECT_EQ(archive->config->optimizer["class_name"], row.className);
    EXPECT_EQ(hdf5->optimizer->iterations, 2);
    EXPECT_FLOAT_EQ(*archive->optimizer->learningRate, row.rate);
    const auto &ours = archive->optimizer->slots, &theirs = hdf5->optimizer->slots;
    ASSERT_EQ(ours.size(), row.slots) << row.name;
    ASSERT_EQ(theirs.size(), row.slots) << row.name;
    if (*row.first)
      EXPECT_EQ(theirs[0].path, row.first);
    for (size_t i = 0; i < ours.size(); ++i)
      expectSame({ours[i].value}, {theirs[i].value});
  }
}

/// The class and config keys of the optimizer in an .h5.
Json optimizerIn(const std::string &path) {
  std::string text = openHdf5(path).stringAttribute("/", "training_config").value().value();
  return Json::parse(text)["optimizer_config"];
}

TEST_F(TrainingFiles, OptimizersAreSpelledAsTheirGenerationDoes) {
  Json keras3 = optimizerIn(save(twoLayers(), "m.h5", adam()));
  EXPECT_EQ(keras3["class_name"], "Adam");
  EXPECT_FALSE(keras3.contains("module"));
  EXPECT_FALSE(keras3["config"].contains("loss_scale_factor")) << "Keras 2 has no such key";

  Filled keras2 = twoLayers();
  keras2.model.generation = Generation::keras2;
  Json custom = optimizerIn(save(keras2, "m.h5", adam()));
  EXPECT_EQ(custom["class_name"], "Custom>Adam");
  EXPECT_EQ(custom["config"]["is_legacy_optimizer"], false);
  EXPECT_THAT(
      *openHdf5(folder / "m.h5").stringsAttribute("optimizer_weights", "weight_names").value(),
      ElementsAre("iteration:0", "adam/hidden_kernel_momentum", "adam/variable_1"));
  EXPECT_EQ(readTraining(folder / "m.h5")->config->optimizer["class_name"], "Adam");

  Training early = adam();
  early.config->optimizer["config"]["is_legacy_optimizer"] = true;
  Json legacy = optimizerIn(save(keras2, "m.h5", early));
  EXPECT_EQ(legacy["class_name"], "Adam");
  EXPECT_FALSE(legacy["config"].contains("is_legacy_optimizer"));
  EXPECT_EQ(readTraining(folder / "m.h5")->config->optimizer["config"]["is_legacy_optimizer"],
            true);
  // Its slots are in an order that Keras 3 does not have.
  EXPECT_FALSE(readTraining(save(twoLayers(), "m.keras", early))->optimizer);
}

TEST_F(TrainingFiles, ASchedulesRateStaysTheSchedules) {
  Training training = adam();
  Json schedule = {{"class_name", "ExponentialDecay"}, {"config", {{"decay_rate", 0.5}}}};
  training.config->optimizer["config"]["learning_rate"] = schedule;
  training.optimizer->learningRate.reset();
  for (const char *name : {"m.keras", "m.h5"}) {
    auto read = readTraining(save(twoLayers(), name, training));
    ASSERT_TRUE(read) << toString(read.error());
    EXPECT_FALSE(read->optimizer->learningRate) << name;
    EXPECT_EQ(read->optimizer->slots.size(), 2u) << name;
    EXPECT_EQ(read->config->optimizer["config"]["learning_rate"]["class_name"], "ExponentialDecay");
  }
}

TEST_F(TrainingFiles, AStateWithoutItsOptimizerIsABug) {
  Training training = adam();
  training.config.reset();
  Filled filled = twoLayers();
  auto saved = saveModel(filled.model, filled.parameters, filled.values, folder / "m.h5", training);
  ASSERT_FALSE(saved);
  EXPECT_THAT(toString(saved.error()), HasSubstr("without its configuration"));
}

TEST_F(TrainingFiles, AStateWithoutAStepCountIsRefused) {
  std::string path = folder / "m.h5";
  formats::Hdf5Writer file;
  file.dataset("optimizer_weights/adam/m", Tensor::fromFloats({2}, {{1, 2}}));
  file.attribute("optimizer_weights", "weight_names", std::vector<std::string>{"adam/m"});
  ASSERT_TRUE(formats::writeFile(path, file.finish().value()));
  auto read = readTraining(path);
  ASSERT_FALSE(read);
  EXPECT_THAT(toString(read.error()), HasSubstr("has shape (2,) and dtype float32: the count of "
                                                "steps"));
}

TEST_F(TrainingFiles, AStateThatBeginsOtherwiseThanWithARateIsRefused) {
  std::string path = folder / "m.h5";
  formats::Hdf5Writer file;
  Tensor steps(DType::i64, {});
  file.dataset("optimizer_weights/a/iteration", steps);
  file.dataset("optimizer_weights/a/learning_rate", steps);
  file.attribute("optimizer_weights", "weight_names",
                 std::vector<std::string>{"a/iteration", "a/learning_rate"});
  ASSERT_TRUE(formats::writeFile(path, file.finish().value()));
  auto read = readTraining(path);
  ASSERT_FALSE(read);
  EXPECT_THAT(toString(read.error()), HasSubstr("the learning rate, a number"));
}

TEST_F(TrainingFiles, TrainingOfWhatIsNoModelIsRefused) {
  auto read = readTraining("test/golden/images/gray_1x1.png");
  ASSERT_FALSE(read);
  EXPECT_THAT(toString(read.error()), HasSubstr("a PNG image"));
}

} // namespace
