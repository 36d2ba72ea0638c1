#include "cache/Digest.h"

#include <gtest/gtest.h>

using hornet::cache::Digest;

static std::string digestOf(auto... values) {
  Digest digest;
  (digest.add(values), ...);
  return digest.hex();
}

TEST(Digest, isStableAndTellsApartWhereOneValueEnds) {
  using namespace std::string_view_literals;
  EXPECT_EQ(digestOf("ab"sv, "c"sv), digestOf("ab"sv, "c"sv));
  EXPECT_NE(digestOf("ab"sv, "c"sv), digestOf("a"sv, "bc"sv));
  EXPECT_NE(digestOf("ab"sv), digestOf("ab"sv, ""sv));
  EXPECT_NE(digestOf(1, 2), digestOf(2, 1));
  EXPECT_EQ(digestOf(true), digestOf(1L));
}

TEST(Digest, isTheAlgorithmThatItSays) {
  // XXH3-128 of nothing, as xxhsum -H128 prints it.
  EXPECT_EQ(Digest().hex(), "99aa06d3014798d86001c324468d497f");
}
