#include "base/Tuning.h"

#include <gtest/gtest.h>

using namespace hornet;

namespace {

std::string errorOf(std::string_view text) {
  Expected<Choice> choice = parseChoice(text);
  return choice ? "" : toString(choice.error());
}

} // namespace

TEST(Choice, isTextByName) {
  auto choice = parseChoice("vectors=4 rows=6");
  ASSERT_TRUE(choice) << toString(choice.error());
  EXPECT_EQ(*choice, (Choice{{"rows", 6}, {"vectors", 4}}));
  EXPECT_EQ(toString(*choice), "rows=6 vectors=4");
  EXPECT_EQ(toString(Choice{}), "");
  EXPECT_TRUE(parseChoice("")->empty());
}

TEST(Choice, isRefusedWithItsReason) {
  EXPECT_EQ(errorOf("rwos=6"), "'rwos' is nothing that tuning can choose; did you mean 'rows'?");
  EXPECT_EQ(errorOf("colour=6"),
            "'colour' is nothing that tuning can choose; the names are rows, vectors, sharesRows, "
            "sharesColumns, reductionBlock, tile, tiles, filters");
  EXPECT_EQ(errorOf("rows=0"), "'rows=0' is out of range; give 1 to 32");
  EXPECT_EQ(errorOf("vectors=99999"), "'vectors=99999' is out of range; give 1 to 16");
  EXPECT_EQ(errorOf("tile=3"), "'tile=3' is out of range; give 0 to 4, even");
  EXPECT_EQ(errorOf("rows=6 rows=7"), "'rows' is given twice; give it once");
  for (std::string wrong : {"rows", "rows=", "rows=six", "rows=6x", "=6", "rows = 6", "rows=6  x",
                            "rows=99999999999999999999", "rows==6"})
    EXPECT_NE(errorOf(wrong), "") << wrong;
  EXPECT_NE(errorOf("rows=six")
                .find("'rows=six' is not a name and a number; write choices as "
                      "rows=6 vectors=4"),
            std::string::npos);
}

TEST(Choice, isCheckedAsItsTextIs) {
  EXPECT_TRUE(checkChoice({{"rows", 6}}));
  EXPECT_FALSE(checkChoice({{"rows", 33}}));
  EXPECT_FALSE(checkChoice({{"rwos", 6}}));
}
