#include "formats/File.h"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>

using namespace hornet;
using namespace hornet::formats;
using testing::HasSubstr;

namespace {

std::span<const std::byte> bytesOf(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

Signature signatureOfText(std::string_view text) { return signatureOf(bytesOf(text)); }

/// An empty folder that is gone when the test ends.
class FileTest : public testing::Test {
protected:
  std::filesystem::path folder;
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "hornet-file-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder); }
  size_t fileCount() const {
    return std::distance(std::filesystem::directory_iterator(folder), {});
  }
};

} // namespace

TEST_F(FileTest, whatIsWrittenIsReadBack) {
  std::string path = folder / "a.bin";
  ASSERT_TRUE(writeFile(path, bytesOf("first, and longer")));
  ASSERT_TRUE(writeFile(path, bytesOf("second")));
  auto bytes = readFile(path);
  ASSERT_TRUE(bytes) << toString(bytes.error());
  EXPECT_TRUE(std::ranges::equal(*bytes, bytesOf("second")));
  EXPECT_EQ(fileCount(), 1u);
}

TEST_F(FileTest, aFailedWriteLeavesNothingBehind) {
  std::filesystem::create_directory(folder / "taken");
  for (std::string path : {folder / "missing" / "a.bin", folder / "taken"}) {
    auto written = writeFile(path, bytesOf("x"));
    ASSERT_FALSE(written);
    EXPECT_TRUE(std::holds_alternative<MachineError>(written.error()));
    EXPECT_THAT(toString(written.error()), HasSubstr(path));
  }
  EXPECT_EQ(fileCount(), 1u);
}

TEST_F(FileTest, writingGoesThroughASymbolicLinkAndKeepsTheMode) {
  namespace fs = std::filesystem;
  std::ofstream(folder / "real") << "old";
  fs::permissions(folder / "real", fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink("real", folder / "link");
  ASSERT_TRUE(writeFile(folder / "link", bytesOf("new")));
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_EQ(fs::status(folder / "real").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(fs::file_size(folder / "real"), 3u);
}

TEST_F(FileTest, aDeviceIsNeverReplaced) {
  auto written = writeFile("/dev/null", bytesOf("x"));
  ASSERT_FALSE(written);
  EXPECT_THAT(toString(written.error()), HasSubstr("not a regular file"));
}

TEST_F(FileTest, readingSaysWhyItFailed) {
  EXPECT_THAT(toString(readFile(folder / "none").error()), HasSubstr("no such file"));
  EXPECT_THAT(toString(readFile(folder).error()), HasSubstr("is a directory"));
  EXPECT_THAT(toString(readFile("/dev/zero").error()), HasSubstr("not a regular file"));
  ASSERT_TRUE(writeFile(folder / "big", bytesOf("0123456789")));
  EXPECT_THAT(toString(readFile(folder / "big", 9).error()), HasSubstr("limit of 9"));
  EXPECT_TRUE(readFile(folder / "big", 10));
}

TEST(Signature, isToldFromTheFirstBytes) {
  using namespace std::string_view_literals;
  EXPECT_EQ(signatureOfText(""), Signature::empty);
  EXPECT_EQ(signatureOfText("\x89HDF\r\n\x1a\n\0\0"sv), Signature::hdf5);
  EXPECT_EQ(signatureOfText("PK\3\4..."), Signature::zip);
  EXPECT_EQ(signatureOfText("PK\5\6\0\0"sv), Signature::zip);
  EXPECT_EQ(signatureOfText("\x89PNG\r\n\x1a\n"), Signature::png);
  EXPECT_EQ(signatureOfText("\xff\xd8\xff\xe0"), Signature::jpeg);
  EXPECT_EQ(signatureOfText("\x93NUMPY\1\0"sv), Signature::npy);
  EXPECT_EQ(signatureOfText("\x1f\x8b\x08"), Signature::gzip);
  EXPECT_EQ(signatureOfText("\xef\xbb\xbf\n {\"a\": 1}"), Signature::json);
  EXPECT_EQ(signatureOfText("version https://git-lfs.github.com/spec/v1\n"),
            Signature::gitLfsPointer);
  EXPECT_EQ(signatureOfText("\n<!DOCTYPE HTML><p>"), Signature::html);
  EXPECT_EQ(signatureOfText("   "), Signature::unknown);
  EXPECT_EQ(signatureOfText("PK"), Signature::unknown);
}

TEST(Signature, ofHdf5IsFoundBehindAUserBlock) {
  for (size_t offset : {512, 1024, 4096})
    EXPECT_EQ(signatureOfText(std::string(offset, '#') + "\x89HDF\r\n\x1a\n"), Signature::hdf5);
  EXPECT_EQ(signatureOfText(std::string(513, '#') + "\x89HDF\r\n\x1a\n"), Signature::unknown);
}
