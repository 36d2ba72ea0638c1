// Which models and options may share code.

#include "driver/Key.h"

#include "driver/Processor.h"
#include "keras/Builder.h"

#include <gtest/gtest.h>
#include <set>
#include <thread>

using namespace hornet;
using driver::artifactKey;
using namespace keras::layers;

namespace {

keras::Model model(int64_t units = 4, const std::string &activation = "relu") {
  keras::Sequential model;
  model.add(Input({3}));
  model.add(Dense(units, {.activation = activation}));
  auto data = model.toModel();
  EXPECT_TRUE(data) << toString(data.error());
  return *data;
}

} // namespace

TEST(Key, isThatOfTheStructureWhateverTheFileIsCalled) {
  keras::Model one = model(), other = model();
  other.file = "elsewhere.h5";
  EXPECT_EQ(artifactKey(one, {}, "v"), artifactKey(other, {}, "v"));
}

TEST(Key, changesWithEverythingThatChangesTheCode) {
  std::set<std::string> keys = {
      artifactKey(model(), {}, "v"),
      artifactKey(model(), {}, "w"),
      artifactKey(model(5), {}, "v"),
      artifactKey(model(4, "tanh"), {}, "v"),
      artifactKey(model(), {.level = 0}, "v"),
      artifactKey(model(), {.threads = 100}, "v"),
      artifactKey(model(), {.threads = 101}, "v"),
      artifactKey(model(), {.winograd = 4}, "v"),
      artifactKey(model(), {.weightType = DType::bf16}, "v"),
      artifactKey(model(), {.profile = true}, "v"),
      artifactKey(model(), {.tuning = {{"product", {{"rows", 6}}}}}, "v"),
      artifactKey(model(), {.tuning = {{"product", {{"rows", 7}}}}}, "v"),
      artifactKey(model(), {.tuning = {{"winograd", {{"rows", 6}}}}}, "v"),
      artifactKey(model(), {.layerOutputs = {"dense"}}, "v"),
      artifactKey(model(), {.target = "x86-64-v3"}, "v"),
      artifactKey(model(), {.shapes = {{"x", {1, 3}}}}, "v"),
      artifactKey(model(), {.shapes = {{"y", {1, 3}}}}, "v"),
      artifactKey(model(), {.shapes = {{"x", {3, 1}}}}, "v"),
  };
  EXPECT_EQ(keys.size(), 18u);
  keras::Model renamed = model();
  renamed.layers.back().name = "renamed"; // its locations are in profiles and errors
  EXPECT_FALSE(keys.contains(artifactKey(renamed, {}, "v")));
  keras::Model older = model();
  older.generation = keras::Generation::keras1;
  EXPECT_FALSE(keys.contains(artifactKey(older, {}, "v")));
}

TEST(Key, asksForTheThreadsThatThereAre) {
  int all = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  EXPECT_EQ(artifactKey(model(), {.threads = 0}, "v"), artifactKey(model(), {.threads = all}, "v"));
}

TEST(Key, isTheSameOnEveryCore) {
  auto identity = driver::processorIdentity();
  for (int i = 0; i < 8; ++i) {
    std::thread([&] { EXPECT_EQ(driver::processorIdentity(), identity); }).join();
    std::this_thread::yield();
  }
}
