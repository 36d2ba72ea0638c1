#include "keras/Save.h"
#include "formats/File.h"
#include "formats/Hdf5.h"
#include "formats/Hdf5Writer.h"
#include "formats/Zip.h"
#include "keras/Builder.h"
#include "test/keras/Golden.h"

#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <gmock/gmock.h>
#include <random>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace hornet;
using namespace hornet::keras;
using golden::parameter;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

/// A model with a value for each parameter.
struct Filled {
  Model model;
  std::vector<Parameter> parameters;
  std::vector<Tensor> values;
};

/// Distinct values that `seed` decides.
std::vector<Tensor> valuesFor(const std::vector<Parameter> &parameters, float seed) {
  std::vector<Tensor> values;
  for (const Parameter &parameter : parameters) {
    Tensor &value = values.emplace_back(DType::f32, parameter.shape);
    for (float &element : value.as<float>())
      element = seed += 0.25f;
  }
  return values;
}

Filled twoLayers(float seed = 1) {
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

Training adam() {
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

void expectSame(const std::vector<Tensor> &read, const std::vector<Tensor> &written) {
  ASSERT_EQ(read.size(), written.size());
  for (size_t i = 0; i < read.size(); ++i) {
    ASSERT_EQ(read[i].shape(), written[i].shape());
    ASSERT_EQ(std::memcmp(read[i].data(), written[i].data(), written[i].bytes()), 0) << i;
  }
}

formats::Hdf5File openHdf5(const std::string &path) {
  return formats::Hdf5File::open(formats::readFile(path).value(), path).value();
}

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

// -- Training ------------------------------------------------------------------------------------

TEST_F(SaveFile, TrainingComesBack) {
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

TEST_F(SaveFile, AModelThatIsNotTrainedHasNoTraining) {
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
TEST_F(SaveFile, KerassOwnTrainingIsRead) {
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
TEST_F(SaveFile, WhatATrainingStoppedWithIsRead) {
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

TEST_F(SaveFile, OptimizersAreSpelledAsTheirGenerationDoes) {
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

TEST_F(SaveFile, ASchedulesRateStaysTheSchedules) {
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

TEST_F(SaveFile, AStateWithoutItsOptimizerIsABug) {
  Training training = adam();
  training.config.reset();
  Filled filled = twoLayers();
  auto saved = saveModel(filled.model, filled.parameters, filled.values, folder / "m.h5", training);
  ASSERT_FALSE(saved);
  EXPECT_THAT(toString(saved.error()), HasSubstr("without its configuration"));
}

TEST_F(SaveFile, AStateWithoutAStepCountIsRefused) {
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

TEST_F(SaveFile, AStateThatBeginsOtherwiseThanWithARateIsRefused) {
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

TEST_F(SaveFile, TrainingOfWhatIsNoModelIsRefused) {
  auto read = readTraining("test/golden/images/gray_1x1.png");
  ASSERT_FALSE(read);
  EXPECT_THAT(toString(read.error()), HasSubstr("a PNG image"));
}

// -- Disks that fail, and processes that die -----------------------------------------------------

/// Which of the two models the file holds: 1, 2, or 0 when it is none of them.
int whichModel(const std::string &path) {
  Expected<Model> model = readModel(path);
  if (!model)
    return 0;
  Filled first = twoLayers(1), second = twoLayers(2);
  auto values = bindWeights(*model, first.parameters);
  if (!values)
    return 0;
  auto same = [&](const Filled &filled) {
    for (size_t i = 0; i < values->size(); ++i)
      if (std::memcmp((*values)[i].data(), filled.values[i].data(), filled.values[i].bytes()) != 0)
        return false;
    return true;
  };
  return same(first) ? 1 : same(second) ? 2 : 0;
}

TEST_F(SaveFile, AFullDiskLeavesTheOldFile) {
  for (const char *name : {"m.keras", "m.h5"}) {
    std::string path = save(twoLayers(1), name);
    pid_t child = fork();
    if (child == 0) {
      // Files of this process end at 1 kB, with an error instead of a signal.
      std::signal(SIGXFSZ, SIG_IGN);
      rlimit limit{1024, 1024};
      setrlimit(RLIMIT_FSIZE, &limit);
      Filled second = twoLayers(2);
      auto saved = saveModel(second.model, second.parameters, second.values, path);
      bool right = !saved && std::holds_alternative<MachineError>(saved.error()) &&
                   toString(saved.error()).find("cannot write " + path) != std::string::npos;
      _exit(right ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << name;
    EXPECT_EQ(whichModel(path), 1) << name;
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 2) << "leftovers";
}

TEST_F(SaveFile, AKilledProcessLeavesAWholeFile) {
  std::mt19937 random(7);
  for (int round = 0; round < 24; ++round) {
    std::string path = folder / (round % 2 ? "m.keras" : "m.h5");
    save(twoLayers(1), std::filesystem::path(path).filename());
    pid_t child = fork();
    if (child == 0) {
      for (float seed = 1;; seed = 3 - seed) {
        Filled filled = twoLayers(seed);
        if (!saveModel(filled.model, filled.parameters, filled.values, path))
          _exit(1);
      }
    }
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 20'000));
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status)) << "the child failed to save";
    EXPECT_NE(whichModel(path), 0) << round;
  }
  // What stands beside the files was about to be renamed: whole, where files may be nameless.
  int nameless = ::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
  if (nameless >= 0) {
    ::close(nameless);
    for (const auto &entry : std::filesystem::directory_iterator(folder))
      EXPECT_NE(whichModel(entry.path()), 0) << entry.path();
  }
}

} // namespace
