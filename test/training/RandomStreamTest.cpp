#include "training/RandomStream.h"

#include <gmock/gmock.h>
#include <vector>

using namespace hornet::training;

namespace {

std::vector<uint32_t> firstBits(uint64_t seed, Purpose purpose, uint32_t index) {
  RandomStream random(seed, purpose, index);
  std::vector<uint32_t> bits(10);
  for (uint32_t &word : bits)
    word = random.bits();
  return bits;
}

TEST(RandomStream, IsTheSameForTheSameSeedPurposeAndIndexAndAnotherForOthers) {
  auto bits = firstBits(1, Purpose::order, 2);
  EXPECT_EQ(bits, firstBits(1, Purpose::order, 2));
  EXPECT_NE(bits, firstBits(3, Purpose::order, 2));
  EXPECT_NE(bits, firstBits(1 | uint64_t{1} << 40, Purpose::order, 2));
  EXPECT_NE(bits, firstBits(1, Purpose::initialization, 2));
  EXPECT_NE(bits, firstBits(1, Purpose::order, 3));
}

TEST(RandomStream, GivesEveryNumberBelowABoundEquallyOften) {
  RandomStream random(5, Purpose::order, 0);
  std::vector<int> counts(7);
  for (int i = 0; i < 70000; ++i)
    ++counts[random.below(7)];
  for (int count : counts)
    EXPECT_NEAR(count, 10000, 5 * 93); // five standard deviations
  EXPECT_EQ(random.below(1), 0u);
}

} // namespace
