#include "formats/Zip.h"

#include <gmock/gmock.h>
#include <string_view>

using namespace hornet;
using namespace hornet::formats;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

const std::string folder = "test/formats/data/";
constexpr size_t configLimit = size_t{32} << 20;

/// What a reader of .keras files says: opening it, then reading its config and weights.
std::string messageOf(Bytes bytes) {
  auto archive = ZipArchive::open(std::move(bytes), "model.keras");
  if (!archive)
    return toString(archive.error());
  for (const char *member : {"config.json", "model.weights.h5"})
    if (auto content = archive->read(member, configLimit); !content)
      return toString(content.error());
  return "accepted";
}

std::string messageOf(const std::string &name, const std::string &file = "model.keras") {
  auto bytes = readFile(folder + "refuse/" + name + "/" + file);
  return bytes ? messageOf(std::move(*bytes)) : toString(bytes.error());
}

Bytes goodArchive(const std::string &name) { return *readFile(folder + "good/" + name); }

} // namespace

TEST(Zip, everyLegalFormIsRead) {
  for (const char *name : {"keras_zip64", "keras_zip_deflated", "keras_zip_streamed_comment"}) {
    SCOPED_TRACE(name);
    auto archive = ZipArchive::open(goodArchive(std::string(name) + "/model.keras"), "model.keras");
    ASSERT_TRUE(archive) << toString(archive.error());
    auto config = archive->read("config.json");
    auto weights = archive->read("model.weights.h5");
    ASSERT_TRUE(config && weights);
    EXPECT_EQ(config->size(), 6107u);
    EXPECT_EQ(config->front(), std::byte{'{'});
    EXPECT_EQ(weights->size(), 26244u);
    EXPECT_EQ(signatureOf(*weights), Signature::hdf5);
  }
}

TEST(Zip, membersComeInTheDirectorysOrder) {
  auto archive = ZipArchive::open(goodArchive("keras_zip_streamed_comment/model.keras"), "m");
  ASSERT_TRUE(archive);
  EXPECT_THAT(archive->members(), ElementsAre("model.weights.h5", "config.json", "metadata.json"));
  EXPECT_TRUE(archive->contains("config.json"));
  EXPECT_FALSE(archive->contains("config"));
}

TEST(Zip, damageIsNamedWithItsMember) {
  EXPECT_THAT(messageOf("crc_mismatch_keras"), AllOf(HasSubstr("CRC"), HasSubstr("'config.json'")));
  EXPECT_THAT(messageOf("crc_mismatch_weights_keras"),
              AllOf(HasSubstr("CRC"), HasSubstr("'model.weights.h5'")));
  EXPECT_THAT(messageOf("truncated_half_keras"), AllOf(HasSubstr("zip"), HasSubstr("truncated")));
  EXPECT_THAT(messageOf("zip_forged_directory_offset_keras"),
              AllOf(HasSubstr("zip"), HasSubstr("directory")));
}

TEST(Zip, aMissingMemberIsNamed) {
  EXPECT_THAT(messageOf("empty_zip_keras"),
              AllOf(HasSubstr("'config.json'"), HasSubstr("no members")));
  EXPECT_THAT(messageOf("npz_named_keras"), AllOf(HasSubstr("'config.json'"), HasSubstr(".npy")));
}

TEST(Zip, whatIsNoZipIsSaidToBeWhatItIs) {
  EXPECT_THAT(messageOf(Bytes()), HasSubstr("empty"));
  EXPECT_THAT(messageOf("garbage_keras"), HasSubstr("not a zip"));
  EXPECT_THAT(messageOf("h5_named_keras"), HasSubstr("HDF5"));
}

TEST(Zip, aMemberMayHaveNoName) {
  // Headers of one empty member: its own, the directory's, and the directory's end.
  std::string zip = "PK\3\4" + std::string(26, '\0') + "PK\1\2" + std::string(42, '\0') + "PK\5\6" +
                    std::string(18, '\0');
  zip[30 + 46 + 8] = zip[30 + 46 + 10] = 1; // members
  zip[30 + 46 + 12] = 46;                   // bytes of the directory
  zip[30 + 46 + 16] = 30;                   // where it begins
  auto bytes = std::as_bytes(std::span(zip));
  auto archive = ZipArchive::open({bytes.begin(), bytes.end()}, "model.keras");
  ASSERT_TRUE(archive) << toString(archive.error());
  EXPECT_THAT(archive->members(), ElementsAre(""));
}

TEST(Zip, hostileMembersAreRefused) {
  EXPECT_THAT(messageOf("zip_absolute_path_keras"),
              AllOf(HasSubstr("path"), HasSubstr("/escape_golden/escape.txt")));
  EXPECT_THAT(messageOf("zip_path_traversal_keras"),
              AllOf(HasSubstr("path"), HasSubstr("../../escape.txt")));
  EXPECT_THAT(messageOf("zip_backslash_traversal_keras"),
              AllOf(HasSubstr("path"), HasSubstr("..\\..\\escape.txt")));
  EXPECT_THAT(messageOf("zip_symlink_keras"), AllOf(HasSubstr("link"), HasSubstr("assets/link")));
  EXPECT_THAT(messageOf("zip_duplicate_config_keras"),
              AllOf(HasSubstr("duplicate"), HasSubstr("config.json")));
}

TEST(Zip, noSizeIsTrusted) {
  EXPECT_THAT(messageOf("zip_bomb_config_keras"),
              AllOf(HasSubstr("'config.json'"), HasSubstr("size"), HasSubstr("limit")));
  EXPECT_THAT(messageOf("zip_forged_size_keras"),
              AllOf(HasSubstr("'model.weights.h5'"), HasSubstr("size")));
}

TEST(Zip, aMemberThatExpandsPastItsClaimIsRefused) {
  // Sizes in the directory (offset 24 of an entry) and in the local header (22) made 1000 less.
  Bytes bytes = goodArchive("keras_zip_deflated/model.keras");
  std::string_view text(reinterpret_cast<const char *>(bytes.data()), bytes.size());
  for (auto [magic, offset] : {std::pair{"PK\1\2", 24}, std::pair{"PK\3\4", 22}}) {
    size_t header = text.find(magic, text.find(magic) + 1);
    ASSERT_NE(header, std::string_view::npos);
    uint32_t claim = 6107 - 1000;
    memcpy(bytes.data() + header + offset, &claim, sizeof claim);
  }
  EXPECT_THAT(messageOf(bytes), AllOf(HasSubstr("'config.json'"), HasSubstr("size")));
}

TEST(Zip, aLocalHeaderThatContradictsTheDirectoryIsRefused) {
  Bytes bytes = goodArchive("keras_zip_deflated/model.keras");
  std::string_view text(reinterpret_cast<const char *>(bytes.data()), bytes.size());
  bytes[text.find("config.json")] = std::byte{'C'};
  EXPECT_THAT(messageOf(bytes), AllOf(HasSubstr("zip"), HasSubstr("contradict")));
}

TEST(Zip, noTruncationAndNoFlippedByteCrashes) {
  Bytes good = goodArchive("keras_zip_deflated/model.keras");
  for (size_t size = 0; size < good.size(); size += 13)
    EXPECT_NE(messageOf(Bytes(good.begin(), good.begin() + size)), "accepted") << size;
  for (size_t i = 0; i < good.size(); i += 3) {
    Bytes bytes = good;
    bytes[i] ^= std::byte{0xff};
    messageOf(std::move(bytes));
  }
}
