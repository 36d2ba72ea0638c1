#include "training/Batches.h"

#include "Message.h"

#include <gmock/gmock.h>
#include <numeric>
#include <set>

using namespace hornet;
using namespace hornet::training;
using testing::Each;
using testing::HasSubstr;

namespace {

/// Sample i is the number i, and its target too; the weight is i / 2 where wanted.
Samples numbered(int64_t count, bool weighted = false) {
  std::vector<float> numbers(count);
  std::iota(numbers.begin(), numbers.end(), 0);
  Samples samples;
  Feed feed{Tensor::fromFloats({count, 1}, numbers), Feed::Conversion::cast, {1}};
  samples.inputs = samples.targets = {feed};
  samples.count = count;
  if (weighted) {
    for (float &number : numbers)
      number /= 2;
    samples.weights = Tensor::fromFloats({count}, numbers);
  }
  return samples;
}

std::unique_ptr<Batches> batchesOf(Samples samples, const Batches::Options &options) {
  auto batches = Batches::make(std::move(samples), options);
  EXPECT_TRUE(batches) << toString(batches.error());
  return std::move(*batches);
}

/// The samples of an epoch from a step on, in order.
std::vector<float> epochOf(Batches &batches, int64_t epoch, int64_t firstStep = 0) {
  EXPECT_TRUE(batches.start(epoch, firstStep));
  std::vector<float> samples;
  int64_t step = firstStep;
  while (const Batch *batch = batches.next()) {
    EXPECT_EQ(batch->step, step++);
    EXPECT_EQ(batch->inputs[0].shape()[0], batch->size);
    auto values = batch->inputs[0].as<float>();
    samples.insert(samples.end(), values.begin(), values.end());
  }
  EXPECT_EQ(batches.next(), nullptr);
  return samples;
}

TEST(Batches, AnEpochHasEverySampleOnce) {
  auto batches = batchesOf(numbered(103), {.batchSize = 10, .seed = 4});
  EXPECT_EQ(batches->steps(), 11);
  std::vector<float> samples = epochOf(*batches, 0);
  EXPECT_FALSE(std::ranges::is_sorted(samples));
  std::ranges::sort(samples);
  std::vector<float> all(103);
  std::iota(all.begin(), all.end(), 0);
  EXPECT_EQ(samples, all);
}

TEST(Batches, TheOrderDependsOnSeedAndEpochAlone) {
  auto batches = batchesOf(numbered(50), {.batchSize = 8, .seed = 4});
  auto others = batchesOf(numbered(50), {.batchSize = 3, .seed = 4});
  std::vector<float> first = epochOf(*batches, 0), second = epochOf(*batches, 1);
  EXPECT_NE(first, second);
  EXPECT_EQ(epochOf(*batches, 0), first);
  EXPECT_EQ(epochOf(*others, 1), second);
  EXPECT_NE(epochOf(*batchesOf(numbered(50), {.batchSize = 8, .seed = 5}), 0), first);
}

TEST(Batches, AnEpochResumesWhereItStopped) {
  auto batches = batchesOf(numbered(50), {.batchSize = 8, .seed = 4});
  std::vector<float> all = epochOf(*batches, 3);
  for (int64_t step : {1, 5, 6, 7})
    EXPECT_EQ(epochOf(*batches, 3, step),
              std::vector(all.begin() + std::min<int64_t>(step * 8, 50), all.end()))
        << step;
}

TEST(Batches, WithoutShufflingTheOrderIsThatOfTheData) {
  auto batches = batchesOf(numbered(20).part(5, 10), {.batchSize = 4, .shuffle = false});
  std::vector<float> expected(10);
  std::iota(expected.begin(), expected.end(), 5);
  EXPECT_EQ(epochOf(*batches, 7), expected);
}

TEST(Batches, APartHasItsOwnSamplesAlone) {
  auto batches = batchesOf(numbered(20).part(5, 10), {.batchSize = 4});
  auto samples = epochOf(*batches, 0);
  EXPECT_EQ(samples.size(), 10u);
  EXPECT_THAT(samples, Each(testing::AllOf(testing::Ge(5), testing::Lt(15))));
}

TEST(Batches, WeightsGoWithTheirSamples) {
  for (bool weighted : {false, true}) {
    auto batches = batchesOf(numbered(10, weighted), {.batchSize = 4});
    ASSERT_TRUE(batches->start(0));
    while (const Batch *batch = batches->next())
      for (int64_t i = 0; i < batch->size; ++i) {
        float sample = batch->inputs[0].as<float>()[i];
        EXPECT_EQ(batch->targets[0].as<float>()[i], sample);
        EXPECT_EQ(batch->weights.as<float>()[i], weighted ? sample / 2 : 1);
      }
  }
}

TEST(Batches, UseTheSameMemoryAgain) {
  auto batches = batchesOf(numbered(1003), {.batchSize = 10});
  std::set<const std::byte *> places;
  for (int64_t epoch = 0; epoch < 3; ++epoch) {
    ASSERT_TRUE(batches->start(epoch));
    while (const Batch *batch = batches->next())
      places.insert(batch->inputs[0].data());
  }
  EXPECT_EQ(places.size(), 4u); // three of full batches, one of the last
}

TEST(Batches, CanBeLeftAtAnyTime) {
  for (int taken = 0; taken < 6; ++taken) {
    auto batches = batchesOf(numbered(1000), {.batchSize = 1});
    if (taken > 0)
      ASSERT_TRUE(batches->start(0));
    for (int i = 1; i < taken; ++i)
      EXPECT_NE(batches->next(), nullptr);
    if (taken == 5) {
      EXPECT_EQ(epochOf(*batches, 1).size(), 1000u);
    }
  }
}

TEST(Batches, OneBatchMayBeAll) {
  auto batches = batchesOf(numbered(3), {.batchSize = 100});
  EXPECT_EQ(batches->steps(), 1);
  EXPECT_EQ(epochOf(*batches, 0).size(), 3u);
  EXPECT_THAT(refusal(Batches::make(numbered(3), {.batchSize = 0})), HasSubstr("0 is less than 1"));
}

TEST(Batches, PermutationsAreUniform) {
  std::vector<int64_t> order(3);
  std::map<std::vector<int64_t>, int> counts;
  for (int64_t epoch = 0; epoch < 6000; ++epoch) {
    permute(order, 1, epoch);
    ++counts[order];
  }
  EXPECT_EQ(counts.size(), 6u);
  for (const auto &[permutation, count] : counts)
    EXPECT_NEAR(count, 1000, 5 * 29); // five standard deviations
}

} // namespace
