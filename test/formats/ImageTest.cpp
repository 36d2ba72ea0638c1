#include "formats/Image.h"

#include "formats/Json.h"

#include <cstdio>
#include <gmock/gmock.h>

// After <cstdio>, which it needs.
#include <jpeglib.h>

using namespace hornet;
using namespace hornet::formats;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

constexpr std::string_view folder = "test/golden/images/";

std::string pathOf(std::string_view name) { return std::string(folder).append(name); }

Bytes load(const std::string &name) {
  auto bytes = readFile(pathOf(name));
  EXPECT_TRUE(bytes) << toString(bytes.error());
  return bytes ? *bytes : Bytes();
}

/// The message of a refusal; empty when the image is read after all.
std::string refusal(std::span<const std::byte> bytes, const std::string &name) {
  auto image = readImage(bytes, name, ColorMode::gray);
  if (image)
    return "";
  EXPECT_TRUE(std::holds_alternative<InputError>(image.error())) << toString(image.error());
  return toString(image.error());
}

/// An 8 x 8 gray JPEG with one DC scan and, for each other coefficient, `steps` + 1 scans that
/// refine it bit by bit.
Bytes progressive(int steps) {
  std::vector<jpeg_scan_info> scans{{1, {0}, 0, 0, 0, 0}};
  for (int coefficient = 1; coefficient < 64; ++coefficient)
    for (int bit = steps; bit >= 0; --bit)
      scans.push_back({1, {0}, coefficient, coefficient, bit == steps ? 0 : bit + 1, bit});

  jpeg_compress_struct info = {};
  jpeg_error_mgr errors;
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char *memory = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &memory, &size);
  info.image_width = info.image_height = 8;
  info.input_components = 1;
  info.in_color_space = JCS_GRAYSCALE;
  jpeg_set_defaults(&info);
  info.scan_info = scans.data();
  info.num_scans = static_cast<int>(scans.size());
  jpeg_start_compress(&info, TRUE);
  std::array<JSAMPLE, 8> pixels{0, 255, 30, 60, 90, 120, 150, 180};
  for (JSAMPROW row = pixels.data(); info.next_scanline < 8;)
    jpeg_write_scanlines(&info, &row, 1);
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  auto bytes = std::as_bytes(std::span(memory, size));
  Bytes result(bytes.begin(), bytes.end());
  free(memory);
  return result;
}

struct Broken {
  const char *file;
  const char *cause;
};
constexpr Broken brokenFiles[] = {
    {"empty.png", "the file is empty"},
    {"text_named.png", "neither PNG nor JPEG"},
    {"only_signature.png", "before its header (IHDR)"},
    {"truncated_half.png", "truncated PNG"},
    {"truncated_in_ihdr.png", "before its header (IHDR)"},
    {"zero_by_zero.png", "0 x 0 pixels"},
    {"zero_height.png", "28 x 0 pixels"},
    {"huge_header_dims.png", "2147483647 x 2147483647 pixels: more than the 67108864"},
    {"large_header_dims.png", "100000 x 100000 pixels: more than the 67108864"},
    {"decompression_bomb_20000.png", "20000 x 20000 pixels: more than the 67108864"},
    {"bad_ihdr_crc.png", "CRC of its header (IHDR)"},
    {"corrupt_idat.png", "damaged PNG: IDAT"},
    {"bad_bit_depth.png", "bit depth 7 does not exist"},
    {"bad_color_type.png", "color type 5 does not exist"},
    {"bad_filter_byte.png", "filter value (after 5 of 28 rows)"},
    {"palette_without_plte.png", "Missing PLTE"},
    {"palette_index_out_of_range.png", "palette entry 9, but the palette has 2"},
    {"too_few_rows.png", "after 10 of 28 rows"},
    {"truncated_half.jpg", "truncated JPEG"},
    {"only_soi.jpg", "no image"},
    {"huge_dims.jpg", "65500 x 65500 pixels: more than the 67108864"},
    {"zero_dims.jpg", "0 x 0 pixels"},
    {"no_quant_tables.jpg", "Quantization table 0x00 was not defined"},
    {"truncated.bmp", "this is a BMP image"},
    {"huge_dims.bmp", "this is a BMP image"},
    {"negative_width.bmp", "this is a BMP image"},
};
// No Huffman tables means the standard ones (as in motion JPEG); content counts, not the name.
constexpr const char *readableFiles[] = {"no_huffman_tables.jpg", "magic_mismatch_jpeg_as.png"};

} // namespace

TEST(ImageTest, everyBrokenFileIsRefusedWithItsCause) {
  for (auto [file, cause] : brokenFiles) {
    std::string name = std::string("broken/") + file;
    EXPECT_THAT(refusal(load(name), name), AllOf(HasSubstr(name + ": "), HasSubstr(cause)));
  }
}

TEST(ImageTest, brokenFilesThatPillowReadsTooHaveTheirRealSize) {
  for (const char *file : readableFiles) {
    auto image = readImage(load(std::string("broken/") + file), file, ColorMode::rgb);
    ASSERT_TRUE(image) << toString(image.error());
    EXPECT_THAT((std::array{image->width, image->height}), ElementsAre(64, 48));
  }
}

TEST(ImageTest, everyBrokenFileOfTheIndexIsTested) {
  Bytes bytes = load("index.json");
  auto index = parseJson({reinterpret_cast<const char *>(bytes.data()), bytes.size()}, "index");
  ASSERT_TRUE(index);
  EXPECT_EQ((*index)["broken"].size(), std::size(brokenFiles) + std::size(readableFiles));
}

TEST(ImageTest, otherFormatsAreCalledByTheirNames) {
  EXPECT_THAT(refusal(load("bmp_24.bmp"), "a.bmp"),
              AllOf(HasSubstr("BMP"), HasSubstr("PNG and JPEG"), HasSubstr("convert it")));
  EXPECT_THAT(refusal(load("gif_palette.gif"), "a.gif"), HasSubstr("GIF"));
  EXPECT_THAT(refusal(load("pgm_raw.pgm"), "a.pgm"), HasSubstr("PGM"));
  EXPECT_THAT(refusal(load("refs.npz"), "a.npz"), HasSubstr("zip"));
}

TEST(ImageTest, aFileCutAnywhereIsRefused) {
  for (const char *file : {"interlaced_rgb.png", "all_filters_many_idat.png", "palette_4_2bit.png",
                           "jpeg_420.jpg", "jpeg_progressive.jpg", "jpeg_restart.jpg"}) {
    Bytes bytes = load(file);
    for (size_t size = 0; size < bytes.size(); size += size < 700 ? 1 : 13)
      EXPECT_NE(refusal(std::span(bytes).first(size), file), "") << file << " cut to " << size;
    EXPECT_NE(refusal(std::span(bytes).first(bytes.size() - 1), file), "") << file;
  }
}

TEST(ImageTest, aChangedByteNeverCrashesAndIsMostlyNoticed) {
  for (const char *file : {"interlaced_1bit_3x3.png", "palette_4_2bit.png", "jpeg_gray.jpg",
                           "jpeg_cmyk.jpg", "jpeg_progressive.jpg"}) {
    Bytes bytes = load(file);
    size_t refused = 0;
    for (size_t i = 0; i < bytes.size(); ++i) {
      std::byte original = std::exchange(bytes[i], bytes[i] ^ std::byte{0x5a});
      refused += !readImage(bytes, file, ColorMode::rgb);
      bytes[i] = original;
    }
    EXPECT_GT(refused, bytes.size() / 20) << file;
  }
}

TEST(ImageTest, anImageTooLargeForItsFileIsRefusedBeforeItIsAllocated) {
  Bytes bytes = load("jpeg_gray.jpg");
  auto frame = std::ranges::search(bytes, std::array{std::byte{0xff}, std::byte{0xc0}});
  for (size_t i = 5; i < 9; ++i) // height and width
    frame[i] = std::byte{i % 2 ? uint8_t{0x1f} : uint8_t{0xff}};
  EXPECT_THAT(refusal(bytes, "a.jpg"), HasSubstr("8191 x 8191 pixels, which"));
}

TEST(ImageTest, aProgressiveFileOfTooManyScansIsRefused) {
  EXPECT_EQ(refusal(progressive(6), "a.jpg"), "");
  EXPECT_THAT(refusal(progressive(9), "a.jpg"), HasSubstr("more than 500 scans"));
}

TEST(ImageTest, grayBecomesThreeEqualChannels) {
  auto rgb = readImage(load("gray_1x1.png"), "", ColorMode::rgb);
  ASSERT_TRUE(rgb);
  EXPECT_EQ(rgb->channels, 3);
  EXPECT_THAT(rgb->pixels, ElementsAre(77, 77, 77));
}

TEST(ImageTest, anEncodedImageIsReadAsItWas) {
  for (int channels : {1, 3}) {
    Image image{5, 3, channels, {}};
    for (int i = 0; i < 15 * channels; ++i)
      image.pixels.push_back(static_cast<uint8_t>(i * 5));
    auto png = encodePng(image);
    ASSERT_TRUE(png) << toString(png.error());
    auto read = readImage(*png, "a.png", channels == 3 ? ColorMode::rgb : ColorMode::gray);
    ASSERT_TRUE(read) << toString(read.error());
    EXPECT_EQ(read->width, 5);
    EXPECT_EQ(read->pixels, image.pixels);
  }
  EXPECT_FALSE(encodePng({})); // a PNG file has at least one pixel
}

TEST(ImageTest, invertAndToTensorKeepTheLayout) {
  Image image{1, 2, 3, {0, 51, 255, 1, 2, 3}};
  invert(image);
  EXPECT_THAT(image.pixels, ElementsAre(255, 204, 0, 254, 253, 252));
  Tensor tensor = toTensor(image);
  EXPECT_EQ(tensor.shape(), (Shape{2, 1, 3}));
  EXPECT_THAT(tensor.as<float>().first(3), ElementsAre(1.0f, 0.8f, 0.0f));
}

TEST(ImageTest, resizingAnEvenColorKeepsIt) {
  Image image{7, 5, 3, {}};
  for (int i = 0; i < 35; ++i)
    image.pixels.insert(image.pixels.end(), {10, 200, 255});
  for (Resample filter : {Resample::nearest, Resample::bilinear, Resample::bicubic})
    for (auto [width, height] : {std::pair{3, 2}, {20, 1}, {1, 30}, {7, 9}, {3, 5}}) {
      Image result = resize(image, width, height, filter);
      ASSERT_EQ(result.pixels.size(), size_t(3 * width * height));
      for (size_t i = 0; i < result.pixels.size(); ++i)
        ASSERT_EQ(result.pixels[i], image.pixels[i % 3]);
    }
}
