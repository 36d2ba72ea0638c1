#include "hornet/Turns.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace hornet;

namespace {

std::vector<Tensor> answers(std::initializer_list<float> values) {
  std::vector<Tensor> tensors;
  tensors.emplace_back(DType::f32, Shape{static_cast<int64_t>(values.size())});
  std::ranges::copy(values, tensors.front().as<float>().begin());
  return tensors;
}

} // namespace

TEST(Answers, areAlikeButForRounding) {
  EXPECT_TRUE(tool::areAlike(answers({1, 100}), answers({1, 100})));
  EXPECT_TRUE(tool::areAlike(answers({1, 100}), answers({1.0001F, 99.999F})));
  EXPECT_TRUE(tool::areAlike(answers({NAN, INFINITY, 1}), answers({NAN, INFINITY, 1})));
  EXPECT_TRUE(tool::areAlike(answers({}), answers({})));
}

TEST(Answers, areNotWhereOneIsWrong) {
  EXPECT_FALSE(tool::areAlike(answers({1, 100}), answers({2, 100})));
  EXPECT_FALSE(tool::areAlike(answers({1, 100}), answers({100, 1})));
  EXPECT_FALSE(tool::areAlike(answers({0, 1}), answers({NAN, 1})));
  EXPECT_FALSE(tool::areAlike(answers({0, 1}), answers({0, INFINITY})));
  EXPECT_FALSE(tool::areAlike(answers({INFINITY}), answers({-INFINITY})));
}
