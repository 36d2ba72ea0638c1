#include "base/Error.h"

#include <gtest/gtest.h>

using namespace hornet;

TEST(Error, aProblemNamesFileLayerAttributeReasonAndMend) {
  Problem problem{"cnn.h5",        "conv", "Conv2D", "strides", "must be positive, got 0",
                  "give 1 or more"};
  EXPECT_EQ(toString(problem),
            "cnn.h5: layer 'conv' (Conv2D), 'strides': must be positive, got 0; give 1 or more");
}

TEST(Error, emptyPartsLeaveNoPunctuation) {
  EXPECT_EQ(toString(Problem{.file = "a.h5", .reason = "the file is empty"}),
            "a.h5: the file is empty");
  EXPECT_EQ(
      toString(Problem{.file = "a.keras", .attribute = "config.json", .reason = "is missing"}),
      "a.keras: 'config.json': is missing");
  EXPECT_EQ(toString(Problem{.reason = "no model"}), "no model");
}

TEST(Error, tryReturnsTheErrorFromTheEnclosingFunction) {
  auto fails = []() -> Expected<int> { return inputError({.reason = "wrong"}); };
  auto caller = [&]() -> Expected<std::string> {
    int value = HORNET_TRY(fails());
    return std::to_string(value);
  };
  auto result = caller();
  ASSERT_FALSE(result);
  EXPECT_EQ(toString(result.error()), "wrong");
}

TEST(Error, internalErrorsSayThatTheyAreBugs) {
  EXPECT_EQ(toString(Error(InternalError{"no role"})),
            "internal error (a bug in Hornet, please report it): no role");
}
