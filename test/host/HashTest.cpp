#include "host/Hash.h"

#include <gtest/gtest.h>
#include <string>

using namespace hornet::host;

namespace {

std::string repeated(const std::string &text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i)
    result += text;
  return result;
}

/// Strings of every kind of length that the hashes treat in a way of its own.
struct Row {
  std::string text;
  uint64_t fast, strong; ///< TensorFlow 2.21's string_to_hash_bucket, of 2^62 buckets
};
const Row rows[] = {
    {"", 1936946117179621455, 316627932347062996},
    {"a", 3694432073954588131, 2466253977694453450},
    {"abc", 2640714258260161385, 2288159068006480041},
    {"hello world", 1769834696496558107, 3672456908529363296},
    {repeated("x", 16), 3320895591121647644, 3062600254328431651},
    {repeated("y", 17), 426471879119003573, 3371921574912791489},
    {repeated("z", 31), 474763799876683996, 2612701770661341681},
    {repeated("w", 32), 3295925585737213163, 4390978591139432458},
    {repeated("v", 33), 52503723650048192, 4160100523583955498},
    {repeated("q", 63), 2530101068778109086, 3200170630906137812},
    {repeated("r", 64), 2541438898951119077, 2131813848601413775},
    {repeated("s", 65), 1061654871742741127, 4589264130857943867},
    {repeated("t", 100), 4233391442003132298, 641586109451595461},
    {repeated("é", 200), 4322143022256649459, 4087470499442894209},
};

TEST(Hash, IsTensorFlows) {
  constexpr uint64_t buckets = uint64_t{1} << 62;
  for (const Row &row : rows) {
    EXPECT_EQ(hashOf(row.text, {}) % buckets, row.fast) << row.text;
    EXPECT_EQ(hashOf(row.text, std::array<uint64_t, 2>{133, 137}) % buckets, row.strong)
        << row.text;
  }
}

TEST(Hash, CrossedFeaturesAreTensorFlows) {
  auto cross = [](int64_t number, const std::string &text) {
    uint64_t start = 0xDECAFCAFFE;
    return concatenated(concatenated(start, static_cast<uint64_t>(number)), hashOf(text, {})) %
           1000003;
  };
  EXPECT_EQ(cross(1, "a"), 58337u);
  EXPECT_EQ(cross(-5, "b"), 496724u);
  EXPECT_EQ(cross(int64_t{1} << 40, "é"), 708290u);
}

} // namespace
