#include "base/Tensor.h"

#include <gtest/gtest.h>

using namespace hornet;

TEST(Tensor, shapesPrintAsKerasPrintsThem) {
  EXPECT_EQ(toString(Shape{unknownSize, 28, 28, 1}), "(None, 28, 28, 1)");
  EXPECT_EQ(toString(Shape{3}), "(3,)");
  EXPECT_EQ(toString(Shape{}), "()");
}

TEST(Tensor, dataIsAlignedAndZero) {
  Tensor tensor(DType::f32, {3, 5});
  EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor.data()) % 64, 0u);
  for (float value : tensor.as<float>())
    EXPECT_EQ(value, 0.0f);
}

TEST(Tensor, halfPrecisionConvertsByValue) {
  Tensor half(DType::f16, {3});
  half.as<uint16_t>()[0] = 0x3C00; // 1
  half.as<uint16_t>()[1] = 0xC000; // -2
  half.as<uint16_t>()[2] = 0x0001; // 2^-24, denormal
  Tensor converted = half.toFloat32();
  auto values = converted.as<float>();
  EXPECT_EQ(values[0], 1.0f);
  EXPECT_EQ(values[1], -2.0f);
  EXPECT_EQ(values[2], 0x1p-24f);

  Tensor brain(DType::bf16, {1});
  brain.as<uint16_t>()[0] = 0x4049;
  Tensor pi = brain.toFloat32();
  EXPECT_EQ(pi.as<float>()[0], 3.140625f);
}

TEST(Tensor, reshapedSharesTheBytes) {
  float values[] = {1, 2, 3, 4, 5, 6};
  Tensor tensor = Tensor::fromFloats({2, 3}, values);
  Tensor other = tensor.reshaped({6});
  EXPECT_EQ(other.data(), tensor.data());
  EXPECT_EQ(other.shape(), Shape{6});
}
