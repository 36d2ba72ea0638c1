// Training as its users run it, and as it is killed: nothing is lost, and what comes out is the
// same to the bit.

#include "formats/Npy.h"
#include "keras/Model.h"
#include "keras/Training.h"
#include "keras/Weights.h"
#include "test/end-to-end/TrainRuns.h"
#include "training/Checkpoint.h"

#include <chrono>
#include <random>
#include <thread>

using namespace hornet;
using namespace hornet::test;

namespace {

std::string nameOf(const testing::TestParamInfo<std::string> &info) {
  return info.param + "threads";
}
class Threads : public Train, public testing::WithParamInterface<std::string> {};
INSTANTIATE_TEST_SUITE_P(With, Threads, testing::Values("1", "2"), nameOf);

//===----------------------------------------------------------------------===//
// Nothing lost
//===----------------------------------------------------------------------===//

TEST_P(Threads, givesTheSameToTheBit) {
  std::string folder = folderOf("again" + GetParam());
  Training training(run(folder, GetParam()));
  ASSERT_EQ(training.end(), 0) << training.text;
  expectSame(folder, unbroken(GetParam()));
}

/// Schedules may differ with the number of threads, and with them how sums are grouped; nothing
/// else does: not the dropped elements, the order of samples, what is summed over the batch.
TEST_F(Train, withoutSchedulesGivesTheSameWithAnyNumberOfThreads) {
  std::string one = folderOf("plain1"), two = folderOf("plain2");
  for (const auto &[folder, threads] : {std::pair(one, "1"), {two, "2"}}) {
    Training training(run(folder, threads, {"-O0"}));
    ASSERT_EQ(training.end(), 0) << training.text;
  }
  expectSame(two, one);
}

TEST_P(Threads, goesOnToTheSameWhereverItIsKilled) {
  std::string folder = folderOf("killed" + GetParam());
  fs::create_directories(folder);
  ASSERT_TRUE(formats::writeFile(folder + "/model.h5", {}));
  std::string result = contents(unbroken(GetParam()) + "/model.h5");
  std::mt19937 random(7);
  int killed = 0;
  bool done = false;
  for (; !done && killed < 25; ++killed) {
    Training training(resumed(folder, GetParam()));
    // Some time within an epoch, and every other time at the end of one.
    bool atEnd = killed % 2 == 1;
    training.waitFor(atEnd ? "val_loss" : "Epoch ");
    std::this_thread::sleep_for(std::chrono::microseconds(random() % (atEnd ? 4'000 : 20'000)));
    training.send(SIGKILL);
    int code = training.end();
    ASSERT_TRUE(code == 0 || code == -SIGKILL) << training.text;
    done = code == 0;
    std::string saved = contents(folder + "/model.h5");
    EXPECT_TRUE(saved.empty() || saved == result) << "neither the old file nor the new one";
  }
  for (const char *last : {"", "All 4 epochs are done"}) {
    Training training(resumed(folder, GetParam()));
    EXPECT_EQ(training.end(), 0) << training.text;
    EXPECT_NE(training.text.find(last), std::string::npos) << training.text;
  }
  RecordProperty("kills", killed);
  expectSame(folder, unbroken(GetParam()));
}

TEST_P(Threads, finishesItsStepWhenASignalStopsIt) {
  for (int signal : {SIGINT, SIGTERM}) {
    std::string folder = folderOf("stopped" + GetParam());
    Training training(run(folder, GetParam()));
    ASSERT_TRUE(training.waitFor("Epoch 2/4")) << training.text;
    training.send(signal);
    training.send(signal); // as timeout(1) does
    EXPECT_EQ(training.end(), 1) << training.text;
    EXPECT_NE(training.text.find("note: stopped after step "), std::string::npos) << training.text;
    EXPECT_NE(training.text.find("go on with --resume"), std::string::npos) << training.text;
    EXPECT_FALSE(fs::exists(folder + "/model.h5"));
    Training rest(run(folder, GetParam(), {"--resume"}));
    EXPECT_EQ(rest.end(), 0) << rest.text;
    expectSame(folder, unbroken(GetParam()));
  }
}

TEST_F(Train, refusesACheckpointThatLacksSomething) {
  std::string folder = folderOf("damaged"), path = folder + "/model.h5.checkpoint";
  fs::create_directories(folder);
  fs::copy(unbroken("1") + "/model.h5.checkpoint", path);
  auto whole = training::readCheckpoint(path);
  ASSERT_TRUE(whole) << toString(whole.error());
  ASSERT_FALSE(whole->best.empty());
  auto refusal = [&](const training::Checkpoint &checkpoint) {
    EXPECT_TRUE(training::writeCheckpoint(path, checkpoint));
    Training training(run(folder, "1", {"--resume"}));
    EXPECT_EQ(training.end(), 2) << training.text;
    EXPECT_NE(training.text.find("model.h5.checkpoint: "), std::string::npos) << training.text;
    EXPECT_NE(training.text.find("begin the training anew"), std::string::npos) << training.text;
    return training.text;
  };
  auto expect = [](const std::string &text, const char *words) {
    EXPECT_NE(text.find(words), std::string::npos) << text;
  };
  training::Checkpoint lacking = *whole;
  lacking.best.pop_back();
  expect(refusal(lacking), "'best': the checkpoint is damaged: ");
  lacking = *whole;
  lacking.best.front() = Tensor(DType::f32, {1});
  expect(refusal(lacking), "has shape (1,)");
  lacking = *whole;
  lacking.trainer.running.push_back(0);
  expect(refusal(lacking), "'running': the checkpoint is damaged: ");
  lacking = *whole;
  lacking.trainer.values.pop_back();
  expect(refusal(lacking), "values were given");
}

//===----------------------------------------------------------------------===//
// Weights of time steps
//===----------------------------------------------------------------------===//

class StepWeights : public Train {
protected:
  /// The log of some epochs on samples whose weights are `weights`.
  static std::string logOf(const std::string &name, const Tensor &weights) {
    std::string folder = folderOf("weights-" + name);
    fs::create_directories(folder);
    Tensor x(DType::f32, {10, 7, 4}), y(DType::f32, {10, 7, 5});
    for (int64_t i = 0; i < x.size(); ++i)
      x.as<float>()[i] = std::sin(float(i));
    for (int64_t i = 0; i < y.size(); ++i)
      y.as<float>()[i] = std::cos(float(i));
    EXPECT_TRUE(formats::writeNpzFile(folder + "/data.npz", {{"x_train", x},
                                                             {"y_train", y},
                                                             {"x_test", x},
                                                             {"y_test", y},
                                                             {"sample_weight_train", weights}}));
    Training training({"test/step/data/losses/model_linear.keras", "--data=" + folder + "/data.npz",
                       "--loss=mse", "--optimizer=adam", "--epochs=2", "--batch-size=4",
                       "--csv-log=" + folder + "/log.csv", "--save=" + folder + "/model.keras"});
    EXPECT_EQ(training.end(), 0) << training.text;
    return contents(folder + "/log.csv");
  }
};

TEST_F(StepWeights, countEachStep) {
  Tensor ofSamples(DType::f32, {10}), same(DType::f32, {10, 7}), other(DType::f32, {10, 7});
  for (int64_t i = 0; i < 70; ++i) {
    ofSamples.as<float>()[i / 7] = same.as<float>()[i] = float(i / 7 % 3);
    other.as<float>()[i] = float(i % 7 < 3);
  }
  std::string log = logOf("samples", ofSamples);
  EXPECT_FALSE(log.empty());
  EXPECT_EQ(logOf("steps", same), log);
  EXPECT_NE(logOf("other", other), log);

  std::string folder = testing::TempDir() + "train-weights-other";
  Training training({"test/step/data/losses/weighted_metrics.keras",
                     "--data=" + folder + "/data.npz", "--save=" + folder + "/model.keras"});
  EXPECT_EQ(training.end(), 2) << training.text;
  EXPECT_NE(training.text.find("'weighted_metrics': the data has a weight for each time step"),
            std::string::npos)
      << training.text;
}

//===----------------------------------------------------------------------===//
// Going on with what Keras saved
//===----------------------------------------------------------------------===//

class Resumed : public Train, public testing::WithParamInterface<std::string> {};
INSTANTIATE_TEST_SUITE_P(Of, Resumed, testing::Values("adam", "rmsprop", "sgd_momentum"),
                         [](const auto &info) { return info.param; });

/// The arrays `prefix`2, `prefix`3, and `prefix`4 of 8 samples each, one after the other.
Tensor joined(const formats::NamedTensors &arrays, const std::string &prefix) {
  std::vector<float> all;
  int64_t width = 0;
  for (const char *step : {"2", "3", "4"})
    for (const auto &[name, values] : arrays)
      if (name == prefix + step) {
        all.insert(all.end(), values.as<float>().begin(), values.as<float>().end());
        width = values.shape().back();
      }
  return Tensor::fromFloats({24, width}, all);
}

TEST_P(Resumed, stepsAreThoseThatKerasDoesNext) {
  std::string golden = "test/golden/training/optimizers/resume_" + GetParam() + "/";
  auto reference = formats::readNpzFile(golden + "ref.npz");
  ASSERT_TRUE(reference);
  std::string folder = folderOf("resumed-" + GetParam());
  fs::create_directories(folder);
  std::string samples = folder + "/samples.npz", saved = folder + "/saved.keras";
  ASSERT_TRUE(formats::writeNpzFile(
      samples, {{"x", joined(*reference, "x/")}, {"y", joined(*reference, "y/")}}));
  for (const char *file : {"model.keras", "model.h5"}) {
    SCOPED_TRACE(file);
    fs::remove(saved + ".checkpoint"); // which would come first
    Training training({golden + file, "--data=" + samples, "--resume", "--in-order",
                       "--batch-size=8", "--save=" + saved});
    ASSERT_EQ(training.end(), 0) << training.text;
    auto model = keras::readModel(saved);
    ASSERT_TRUE(model) << toString(model.error());
    auto after = keras::readTraining(saved);
    ASSERT_TRUE(after && after->optimizer);
    EXPECT_EQ(after->optimizer->iterations, 5);
    std::vector<Parameter> parameters;
    std::vector<Tensor> wanted;
    for (const auto &[name, values] : *reference)
      if (name.starts_with("step5/")) {
        size_t slash = name.rfind('/');
        parameters.push_back(
            {name, {name.substr(6, slash - 6)}, name.substr(slash + 1), values.shape()});
        wanted.push_back(values);
      }
    ASSERT_EQ(wanted.size(), 4u);
    auto got = keras::bindWeights(*model, parameters);
    ASSERT_TRUE(got) << toString(got.error());
    for (size_t i = 0; i < wanted.size(); ++i)
      for (int64_t j = 0; j < wanted[i].size(); ++j)
        EXPECT_NEAR((*got)[i].as<float>()[j], wanted[i].as<float>()[j], 1e-5)
            << parameters[i].symbol;
  }
}

} // namespace
