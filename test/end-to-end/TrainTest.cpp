// Training as its users run it, and as it is killed: nothing is lost, and what comes out is the
// same to the bit.

#include "formats/Npy.h"
#include "keras/Model.h"
#include "keras/Training.h"
#include "keras/Weights.h"
#include "test/end-to-end/TrainRuns.h"

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
