#include "training/Checkpoint.h"

#include "Message.h"
#include "formats/File.h"
#include "formats/Npy.h"

#include <cmath>
#include <cstring>
#include <limits>

namespace hornet::training {
namespace {

const double infinity = std::numeric_limits<double>::infinity();

Checkpoint sample() {
  Checkpoint c;
  c.conditions = {"seed 3", "loss \"mse\""};
  c.trainer.values = {Tensor::fromFloats({3}, std::vector<float>{1, NAN, -0.f}),
                      Tensor(DType::f32, {})};
  c.trainer.iteration = 12;
  c.trainer.learningRate = 0.1f;
  c.trainer.running = {0.1, infinity, -0.0};
  c.firstRate = 0.2f;
  c.epoch = 2;
  c.step = 5;
  c.history = {{{"loss", std::nan("")}, {"accuracy", -infinity}}, {{"loss", 1. / 3}}};
  c.stopping = {.wait = 2, .best = 0.3, .bestEpoch = 1};
  c.stoppedEarly = true;
  c.best = {Tensor::fromFloats({2}, std::vector<float>{5, 6})};
  c.plateau = {.wait = 1, .cooling = 3, .best = infinity};
  return c;
}

std::string written(const std::string &name) {
  std::string path = testing::TempDir() + name;
  EXPECT_TRUE(writeCheckpoint(path, sample()));
  return path;
}

void expectBits(const std::vector<Tensor> &got, const std::vector<Tensor> &wanted) {
  ASSERT_EQ(got.size(), wanted.size());
  for (size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(got[i].shape(), wanted[i].shape());
    EXPECT_EQ(std::memcmp(got[i].data(), wanted[i].data(), wanted[i].bytes()), 0);
  }
}

TEST(Checkpoint, keepsAllToTheLastBit) {
  auto read = readCheckpoint(written("whole.checkpoint"));
  ASSERT_TRUE(read) << toString(read.error());
  Checkpoint wanted = sample();
  EXPECT_EQ(read->conditions, wanted.conditions);
  expectBits(read->trainer.values, wanted.trainer.values);
  expectBits(read->best, wanted.best);
  EXPECT_EQ(read->trainer.iteration, 12);
  EXPECT_EQ(read->trainer.learningRate, 0.1f);
  EXPECT_EQ(read->firstRate, 0.2f);
  EXPECT_EQ(read->trainer.running, wanted.trainer.running);
  EXPECT_TRUE(std::signbit(read->trainer.running[2]));
  EXPECT_EQ(read->epoch, 2);
  EXPECT_EQ(read->step, 5);
  ASSERT_EQ(read->history.size(), 2u);
  EXPECT_TRUE(std::isnan(read->history[0][0].second));
  EXPECT_EQ(read->history[0][1], wanted.history[0][1]);
  EXPECT_EQ(read->history[1], wanted.history[1]);
  EXPECT_EQ(read->stopping.wait, 2);
  EXPECT_EQ(read->stopping.best, 0.3);
  EXPECT_EQ(read->stopping.bestEpoch, 1);
  EXPECT_TRUE(read->stoppedEarly);
  EXPECT_EQ(read->plateau.wait, 1);
  EXPECT_EQ(read->plateau.cooling, 3);
  EXPECT_EQ(read->plateau.best, infinity);
  EXPECT_FALSE(read->bestValue);
}

TEST(Checkpoint, refusesAnotherVersionAndOtherFiles) {
  std::string path = testing::TempDir() + "other.checkpoint";
  std::string text = R"({"version": 99})";
  Tensor meta(DType::u8, {static_cast<int64_t>(text.size())});
  std::memcpy(meta.data(), text.data(), text.size());
  ASSERT_TRUE(formats::writeNpzFile(path, {{"meta", meta}}));
  EXPECT_NE(refusal(readCheckpoint(path)).find("has version 99"), std::string::npos);
  ASSERT_TRUE(formats::writeNpzFile(path, {{"x", meta}}));
  EXPECT_NE(refusal(readCheckpoint(path)).find("not a checkpoint"), std::string::npos);
  EXPECT_NE(refusal(readCheckpoint(path + ".none")).find("no such file"), std::string::npos);
}

/// Whatever is damaged is refused, or read as it was: never a crash, never other values.
TEST(Checkpoint, survivesDamage) {
  std::string path = written("damaged.checkpoint");
  auto bytes = formats::readFile(path);
  ASSERT_TRUE(bytes);
  size_t refused = 0;
  for (size_t i = 0; i < bytes->size(); i += 7) {
    std::vector<std::byte> damaged(bytes->begin(), bytes->end());
    if (i % 2)
      damaged.resize(i);
    else
      damaged[i] ^= std::byte(1 + i % 255);
    ASSERT_TRUE(formats::writeFile(path, damaged));
    auto read = readCheckpoint(path);
    if (read) {
      EXPECT_EQ(read->trainer.running, sample().trainer.running) << i;
      continue;
    }
    ++refused;
    EXPECT_TRUE(std::holds_alternative<InputError>(read.error())) << i << toString(read.error());
  }
  EXPECT_GT(refused, bytes->size() / 14);
}

} // namespace
} // namespace hornet::training
