#include "formats/Idx.h"

#include "formats/File.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <zlib.h>

using namespace hornet;
using namespace hornet::formats;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

using namespace std::literals;

std::string gzip(std::string_view text) {
  z_stream stream = {};
  deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(text.data()));
  stream.avail_in = text.size();
  stream.next_out = reinterpret_cast<Bytef *>(packed.data());
  stream.avail_out = packed.size();
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

Expected<Tensor> readIdx(std::string_view text) {
  std::string path =
      (std::filesystem::temp_directory_path() / ("hornet-idx-" + std::to_string(getpid())))
          .string();
  EXPECT_TRUE(writeFile(path, std::as_bytes(std::span(text))));
  auto tensor = readIdxFile(path);
  std::filesystem::remove(path);
  return tensor;
}

std::string refusal(std::string_view text) {
  auto tensor = readIdx(text);
  if (tensor)
    return "";
  EXPECT_TRUE(std::holds_alternative<InputError>(tensor.error()));
  return toString(tensor.error());
}

template <class T> void expectValues(std::string_view text, DType dtype, std::vector<T> values) {
  auto tensor = readIdx(text);
  ASSERT_TRUE(tensor) << toString(tensor.error());
  EXPECT_EQ(tensor->dtype(), dtype);
  EXPECT_EQ(tensor->shape(), (Shape{static_cast<int64_t>(values.size())}));
  EXPECT_TRUE(std::ranges::equal(tensor->as<T>(), values));
}

// uint8 of shape (2, 3).
constexpr std::string_view small = "\0\0\x08\x02\0\0\0\x02\0\0\0\x03"
                                   "abcdef"sv;

void expectSmall(const Expected<Tensor> &tensor) {
  ASSERT_TRUE(tensor) << toString(tensor.error());
  EXPECT_EQ(tensor->shape(), (Shape{2, 3}));
  EXPECT_THAT(tensor->as<uint8_t>(), ElementsAre('a', 'b', 'c', 'd', 'e', 'f'));
}

} // namespace

TEST(IdxTest, mnistHasItsShapes) {
  struct {
    const char *file;
    Shape shape;
  } files[] = {{"train-images-idx3-ubyte.gz", {60000, 28, 28}},
               {"train-labels-idx1-ubyte.gz", {60000}},
               {"t10k-images-idx3-ubyte.gz", {10000, 28, 28}},
               {"t10k-labels-idx1-ubyte.gz", {10000}}};
  for (const auto &[file, shape] : files) {
    auto tensor = readIdxFile(std::string("data/mnist/") + file);
    ASSERT_TRUE(tensor) << toString(tensor.error());
    EXPECT_EQ(tensor->dtype(), DType::u8);
    EXPECT_EQ(tensor->shape(), shape);
    if (shape == Shape{10000})
      EXPECT_THAT(tensor->as<uint8_t>().first(5), ElementsAre(7, 2, 1, 0, 4));
  }
}

TEST(IdxTest, everyElementTypeBecomesNative) {
  expectValues<uint8_t>("\0\0\x08\x01\0\0\0\x02\x01\xff"sv, DType::u8, {1, 255});
  expectValues<int8_t>("\0\0\x09\x01\0\0\0\x02\x01\xff"sv, DType::i8, {1, -1});
  expectValues<int16_t>("\0\0\x0b\x01\0\0\0\x02\x01\x02\xff\xfe"sv, DType::i16, {258, -2});
  expectValues<int32_t>("\0\0\x0c\x01\0\0\0\x01\x01\x02\x03\x04"sv, DType::i32, {0x01020304});
  expectValues<float>("\0\0\x0d\x01\0\0\0\x01\xbf\xc0\0\0"sv, DType::f32, {-1.5f});
  expectValues<double>("\0\0\x0e\x01\0\0\0\x01\x3f\xf8\0\0\0\0\0\0"sv, DType::f64, {1.5});
  expectValues<double>("\0\0\x0e\x01\0\0\0\0"sv, DType::f64, {});
}

TEST(IdxTest, plainGzippedAndSplitIntoMembers) {
  expectSmall(readIdx(small));
  expectSmall(readIdx(gzip(small)));
  expectSmall(readIdx(gzip(small.substr(0, 7)) + gzip(small.substr(7))));
}

TEST(IdxTest, damagedGzipDataIsRefused) {
  std::string packed = gzip(small);
  for (size_t size = 2; size < packed.size(); ++size)
    EXPECT_THAT(refusal(packed.substr(0, size)), HasSubstr("truncated")) << size;
  EXPECT_THAT(refusal(packed + "garbage"), HasSubstr("7 more bytes follow"));
  packed[packed.size() - 8] ^= 1;
  EXPECT_THAT(refusal(packed), HasSubstr("damaged gzip data: incorrect data check"));
}

TEST(IdxTest, theByteCountMustBeThatOfTheHeader) {
  for (bool packed : {false, true}) {
    auto pack = [packed](const std::string &text) { return packed ? gzip(text) : text; };
    EXPECT_THAT(refusal(pack(std::string(small.substr(0, 17)))),
                AllOf(HasSubstr("truncated"), HasSubstr("(2, 3)"), HasSubstr("holds 17")));
    EXPECT_THAT(refusal(pack(std::string(small) + "g")), HasSubstr("holds more"));
    EXPECT_THAT(refusal(pack("\0\0\x08\x02\0\0"s)), HasSubstr("header ends early"));
    EXPECT_THAT(refusal(pack("\0\0\x0e\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"s)),
                HasSubstr("more than any file can hold"));
    EXPECT_THAT(refusal(pack("\0\0\x08\x02\x7f\xff\xff\xff\x7f\xff\xff\xffxyz"s)),
                HasSubstr("holds 15"));
  }
}

TEST(IdxTest, otherFilesAreRefused) {
  EXPECT_THAT(refusal("not idx"), HasSubstr("not an idx file"));
  EXPECT_THAT(refusal(""), HasSubstr("not an idx file"));
  EXPECT_THAT(refusal("\0\0\x0a\x01\0\0\0\0"sv), HasSubstr("no element type 0x0a"));
}
