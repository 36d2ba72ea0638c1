#include "emit/Target.h"

#include <gtest/gtest.h>

using namespace hornet;

TEST(Target, onlyThisMachinesCachesAreKnown) {
  for (const char *name : {"x86-64-v2", "x86-64-v3", "znver4"}) {
    auto target = emit::parseTarget(name);
    ASSERT_TRUE(target) << toString(target.error());
    EXPECT_EQ(target->cacheBytes, 1 << 20) << name;
  }
  auto native = emit::parseTarget("native");
  ASSERT_TRUE(native) << toString(native.error());
  EXPECT_GT(native->cacheBytes, 0);
}
