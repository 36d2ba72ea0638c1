#include "formats/Hdf5Writer.h"
#include "formats/Hdf5.h"

#include <cstring>
#include <gmock/gmock.h>
#include <numeric>

using namespace hornet;
using namespace hornet::formats;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

Hdf5File readBack(Hdf5Writer &writer) {
  auto bytes = writer.finish();
  EXPECT_TRUE(bytes) << toString(bytes.error());
  auto file = Hdf5File::open(std::move(*bytes), "written");
  EXPECT_TRUE(file) << toString(file.error());
  return *file;
}

Tensor counting(Shape shape) {
  Tensor tensor(DType::f32, std::move(shape));
  std::iota(tensor.as<float>().begin(), tensor.as<float>().end(), -1.5f);
  return tensor;
}

std::vector<std::string> manyNames(size_t count) {
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i)
    names.push_back("layer_with_a_long_name_" + std::to_string(i));
  return names;
}

void expectSame(const Tensor &read, const Tensor &written) {
  EXPECT_EQ(read.dtype(), written.dtype());
  ASSERT_EQ(read.shape(), written.shape());
  EXPECT_EQ(std::memcmp(read.data(), written.data(), written.bytes()), 0);
}

TEST(Hdf5Writer, WritesArraysThatAreReadBackBitForBit) {
  Hdf5Writer writer;
  Tensor steps(DType::i64, {});
  steps.as<int64_t>()[0] = int64_t{1} << 40;
  Tensor empty(DType::f32, {0, 3});
  writer.dataset("a/b/kernel:0", counting({2, 3}));
  writer.dataset("a/steps", steps);
  writer.dataset("empty", empty);
  Hdf5File file = readBack(writer);
  expectSame(file.read("a/b/kernel:0").value(), counting({2, 3}));
  expectSame(file.read("a/steps").value(), steps);
  expectSame(file.read("empty").value(), empty);
  EXPECT_THAT(file.children("a").value(), ElementsAre("b", "steps"));
}

TEST(Hdf5Writer, WritesStringsAsKerasDoes) {
  Hdf5Writer writer;
  writer.group("g");
  writer.group("g");
  std::string longText(200'000, 'x');
  writer.attribute("", "model_config", longText);
  writer.attribute("g", "name", "mündlich");
  writer.attribute("g", "none", std::vector<std::string>());
  writer.attribute("g", "names", std::vector<std::string>{"a", "", "größer"});
  Hdf5File file = readBack(writer);
  EXPECT_EQ(file.stringAttribute("/", "model_config").value(), longText);
  EXPECT_EQ(file.stringAttribute("g", "name").value(), "mündlich");
  EXPECT_THAT(file.stringsAttribute("g", "none").value().value(), ElementsAre());
  EXPECT_THAT(file.stringsAttribute("g", "names").value().value(), ElementsAre("a", "", "größer"));
}

TEST(Hdf5Writer, SplitsListsThatDoNotFitAnAttribute) {
  Hdf5Writer writer;
  std::vector<std::string> names = manyNames(5000);
  writer.attribute("", "layer_names", names);
  Hdf5File file = readBack(writer);
  EXPECT_EQ(file.stringsAttribute("/", "layer_names").value(), names);
  EXPECT_TRUE(file.stringAttribute("/", "layer_names").value() == std::nullopt);
  EXPECT_TRUE(file.stringsAttribute("/", "layer_names0").value());
  EXPECT_TRUE(file.stringsAttribute("/", "layer_names2").value());
}

Bytes sample() {
  Hdf5Writer writer;
  writer.dataset("layers/dense/vars/0", counting({100}));
  writer.attribute("layers", "name", "x");
  writer.attribute("", "layer_names", manyNames(10));
  return writer.finish().value();
}

TEST(Hdf5Writer, GivesTheSameBytesEveryTime) {
  Bytes first = sample();
  // Other memory, and another second.
  Bytes noise(1 << 20, std::byte{0xa5});
  EXPECT_EQ(sample(), first);
  EXPECT_EQ(noise.back(), std::byte{0xa5});
}

TEST(Hdf5Writer, ReportsTheFirstFailureAtTheEnd) {
  Hdf5Writer writer;
  writer.dataset("twice", counting({1}));
  writer.dataset("twice", counting({1}));
  writer.attribute("missing", "name", "x");
  auto bytes = writer.finish();
  ASSERT_FALSE(bytes);
  EXPECT_THAT(toString(bytes.error()), HasSubstr("twice"));
  Hdf5Writer another;
  another.attribute("", "names", std::vector<std::string>{std::string(70'000, 'n')});
  bytes = another.finish();
  ASSERT_FALSE(bytes);
  EXPECT_THAT(toString(bytes.error()), HasSubstr("64,512"));
}

TEST(Hdf5Writer, HalfPrecisionBecomesFloat32) {
  Hdf5Writer writer;
  Tensor half(DType::bf16, {1});
  half.as<uint16_t>()[0] = 0x3fc0; // 1.5
  writer.dataset("half", half);
  Tensor read = readBack(writer).read("half").value();
  EXPECT_EQ(read.dtype(), DType::f32);
  EXPECT_EQ(read.as<float>()[0], 1.5f);
}

} // namespace
