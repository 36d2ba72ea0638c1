// Whole runs: batches from their thread, steps, callbacks, checkpoints, logs. `./x tsan` runs them
// under the thread sanitizer, therefore with one thread of compiled code: OpenMP's runtime is not
// instrumented.

#include "training/Fit.h"
#include "Temporary.h"
#include "formats/File.h"
#include "keras/Training.h"

#include <atomic>
#include <cstring>
#include <gtest/gtest.h>
#include <thread>

namespace hornet::training {
namespace {

const std::string data = "test/end-to-end/data/training/";

Expected<Trainer> makeTrainer() {
  keras::Model model = HORNET_TRY(keras::readModel(data + "model.json"));
  return Trainer::make(model, {.config = {.optimizer = "adam",
                                          .loss = "sparse_categorical_crossentropy",
                                          .metrics = {"accuracy"}},
                               .compile = {.level = 0, .threads = 1},
                               .seed = 3,
                               .useCache = false});
}

/// All that writes: a checkpoint after each step, both logs, the best model.
FitOptions optionsIn(const TemporaryFolder &folder) {
  FitOptions options{.epochs = 3, .batchSize = 96, .seed = 3};
  options.earlyStopping = {{.name = "val_loss"}, 3, true};
  options.reduceOnPlateau = {{.name = "val_loss"}, 0.1, 1, 0};
  options.saveBest = {{.name = "val_accuracy"}, folder / "best.keras"};
  options.checkpoint = folder / "checkpoint";
  options.checkpointSeconds = 0;
  options.csvLog = folder / "log.csv";
  options.jsonLog = folder / "log.json";
  return options;
}

std::string contents(const std::string &path) {
  auto bytes = formats::readFile(path);
  return bytes ? std::string(reinterpret_cast<const char *>(bytes->data()), bytes->size()) : "";
}

/// One run as of optionsIn, which ends early when `stopped` says so.
Expected<FitResult> run(Trainer &trainer, const FitOptions &options,
                        const FitDisplay &display = {}) {
  Source source = HORNET_TRY(readNpzSource(data + "digits.npz"));
  Samples samples = HORNET_TRY(fitSamples(source.train, trainer.wanted()));
  auto [train, validation] = HORNET_TRY(splitValidation(samples, 0.25));
  return fit(trainer, train, validation, options, display);
}

void expectSame(const Trainer &got, const Trainer &wanted) {
  std::vector<Tensor> a = got.state().values, b = wanted.state().values;
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i)
    EXPECT_EQ(std::memcmp(a[i].data(), b[i].data(), a[i].bytes()), 0) << i;
}

/// Another thread stops the run, as a signal does, in the middle of an epoch.
TEST(Fit, stoppedByAnotherThreadAndResumedIsAsIfItHadNotBeenStopped) {
  TemporaryFolder whole("fit-whole"), parts("fit-parts");
  auto unbroken = makeTrainer();
  ASSERT_TRUE(unbroken) << toString(unbroken.error());
  auto all = run(*unbroken, optionsIn(whole));
  ASSERT_TRUE(all) << toString(all.error());
  ASSERT_EQ(all->history.size(), 3u);
  EXPECT_LT(all->history[2].front().second, 1e3);

  auto first = makeTrainer();
  ASSERT_TRUE(first) << toString(first.error());
  std::atomic<bool> wanted = false, stop = false;
  std::jthread stopper([&] {
    wanted.wait(false);
    stop = true;
  });
  int64_t asked = 0;
  FitDisplay display;
  display.stopped = [&] {
    if (++asked < 11) // the second epoch's third step
      return false;
    wanted = true;
    wanted.notify_one();
    while (!stop)
      std::this_thread::yield();
    return true;
  };
  auto begun = run(*first, optionsIn(parts), display);
  stopper.join();
  ASSERT_TRUE(begun) << toString(begun.error());
  EXPECT_TRUE(begun->interrupted);
  EXPECT_EQ(first->iteration(), 11);

  auto second = makeTrainer();
  ASSERT_TRUE(second) << toString(second.error());
  FitOptions options = optionsIn(parts);
  options.resume = true;
  auto rest = run(*second, options);
  ASSERT_TRUE(rest) << toString(rest.error());
  EXPECT_EQ(rest->history, all->history);
  expectSame(*second, *unbroken);
  for (const char *name : {"best.keras", "log.csv", "log.json"})
    EXPECT_TRUE(contents(parts / name) == contents(whole / name)) << name;
}

/// While the thread of the batches is ahead: ending in an epoch, and again, neither hangs nor
/// harms.
TEST(Fit, batchesThatAreLeftInTheMiddleAreBegunAgain) {
  auto trainer = makeTrainer();
  ASSERT_TRUE(trainer) << toString(trainer.error());
  for (int times = 1; times <= 4; ++times) {
    FitDisplay display;
    int64_t asked = 0;
    display.stopped = [&] { return ++asked == times; };
    auto ran = run(*trainer, {.epochs = 1, .batchSize = 32}, display);
    ASSERT_TRUE(ran) << toString(ran.error());
    EXPECT_TRUE(ran->interrupted);
    EXPECT_EQ(trainer->iteration(), times * (times + 1) / 2);
  }
}

} // namespace
} // namespace hornet::training
