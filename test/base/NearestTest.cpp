#include "base/Nearest.h"

#include <gmock/gmock.h>

using namespace hornet;
using testing::ElementsAre;
using testing::IsEmpty;

static constexpr std::string_view layers[] = {"Dense", "Conv1D", "Conv2D", "SeparableConv2D"};

TEST(Nearest, FindsTheCandidateWithTheFewestEdits) {
  EXPECT_THAT(nearest("Densee", layers), ElementsAre("Dense"));
  EXPECT_THAT(nearest("Conv3D", layers, 3), ElementsAre("Conv1D", "Conv2D"));
}

TEST(Nearest, IgnoresCase) { EXPECT_EQ(didYouMean("conv2d", layers), "did you mean 'Conv2D'?"); }

TEST(Nearest, LeavesOutCandidatesThatHaveLittleInCommon) {
  EXPECT_THAT(nearest("ScaleBy", layers), IsEmpty());
  EXPECT_EQ(didYouMean(std::string(1 << 20, 'x'), layers), "");
  EXPECT_THAT(nearest("", layers), IsEmpty());
}
