// Compares with what Pillow 13 makes of each file, bit by bit.
#include "formats/Image.h"
#include "formats/Json.h"
#include "formats/Npy.h"

#include <gtest/gtest.h>
#include <map>

using namespace hornet;
using namespace hornet::formats;

namespace {

constexpr std::string_view folder = "test/golden/images/";

std::string pathOf(std::string_view name) { return std::string(folder).append(name); }
const std::pair<const char *, Resample> filters[] = {{"nearest", Resample::nearest},
                                                     {"bilinear", Resample::bilinear},
                                                     {"bicubic", Resample::bicubic}};

class ImageGoldenTest : public testing::Test {
protected:
  static void SetUpTestSuite() {
    auto tensors = readNpzFile(pathOf("refs.npz"));
    ASSERT_TRUE(tensors) << toString(tensors.error());
    references = {tensors->begin(), tensors->end()};
    auto bytes = readFile(pathOf("index.json"));
    ASSERT_TRUE(bytes);
    auto index = parseJson({reinterpret_cast<const char *>(bytes->data()), bytes->size()}, "index");
    ASSERT_TRUE(index);
    for (const Json &entry : (*index)["images"])
      if (std::string format = entry["format"]; format == "PNG" || format == "JPEG")
        files.push_back(entry["file"]);
  }

  static Image read(const std::string &file, ColorMode mode = ColorMode::gray) {
    auto bytes = readFile(pathOf(file));
    EXPECT_TRUE(bytes);
    auto image = readImage(*bytes, file, mode);
    EXPECT_TRUE(image) << toString(image.error());
    return image ? *image : Image();
  }

  /// `key` without the file. 16-bit gray: Pillow clips it at 255, we take the high byte, whose
  /// references have a key of their own (most of them are not there, and are skipped).
  static const Tensor *reference(const std::string &file, std::string key) {
    if (file == "gray_16bit.png")
      key += "_high_byte";
    auto found = references.find(file + "/" + key);
    return found == references.end() ? nullptr : &found->second;
  }

  static void expectEqual(const Image &image, const std::string &file, const std::string &key) {
    const Tensor *expected = reference(file, key);
    if (!expected)
      return;
    ++comparisons;
    SCOPED_TRACE(file + "/" + key);
    ASSERT_EQ(expected->dtype(), DType::u8);
    Shape shape{image.height, image.width};
    if (image.channels == 3)
      shape.push_back(3);
    ASSERT_EQ(expected->shape(), shape);
    EXPECT_TRUE(std::ranges::equal(image.pixels, expected->as<uint8_t>()));
  }

  static void expectEqual(const Tensor &tensor, const std::string &file, const std::string &key) {
    const Tensor *expected = reference(file, key);
    if (!expected)
      return;
    ++comparisons;
    SCOPED_TRACE(file + "/" + key);
    EXPECT_EQ(tensor.shape(), (Shape{28, 28, 1}));
    EXPECT_TRUE(std::ranges::equal(tensor.as<float>(), expected->as<float>()));
  }

  static inline std::map<std::string, Tensor> references;
  static inline std::vector<std::string> files;
  static inline size_t comparisons = 0;
};

} // namespace

TEST_F(ImageGoldenTest, decodingEqualsPillow) {
  ASSERT_EQ(files.size(), 36u);
  comparisons = 0;
  for (const std::string &file : files) {
    Image gray = read(file);
    expectEqual(gray, file, "L");
    invert(gray);
    expectEqual(gray, file, "inverted");
    expectEqual(read(file, ColorMode::rgb), file, "rgb");
  }
  EXPECT_EQ(comparisons, 36u + 35u + 34u); // of gray_16bit only L, of rgb_300x200 no rgb
}

TEST_F(ImageGoldenTest, preparedTensorsEqualPillow) {
  comparisons = 0;
  for (const std::string &file : files)
    for (auto [name, filter] : filters)
      for (bool inverted : {false, true}) {
        Image image = read(file);
        if (inverted)
          invert(image);
        Image small = resize(image, 28, 28, filter);
        expectEqual(small, file, (inverted ? "inverted_28_" : "L_28_") + std::string(name));
        expectEqual(toTensor(small), file,
                    (inverted ? "tensor_" : "tensor_not_inverted_") + std::string(name));
      }
  EXPECT_EQ(comparisons, 35u * 3 * 4 + 1);
}
