#include "formats/Hdf5.h"
#include "formats/Zip.h"

#include <atomic>
#include <gmock/gmock.h>
#include <string_view>
#include <thread>

using namespace hornet;
using namespace hornet::formats;
using testing::AllOf;
using testing::ElementsAre;
using testing::FloatNear;
using testing::HasSubstr;
using testing::Optional;

namespace {

Bytes bytesOf(const std::string &name) {
  return *readFile("test/formats/data/" + name + "/model.h5");
}

Hdf5File openGood(const std::string &name) {
  auto file = Hdf5File::open(bytesOf(name), "model.h5");
  if (!file)
    throw std::runtime_error(toString(file.error()));
  return *file;
}

template <class T> std::string messageOf(const Expected<T> &result) {
  return result ? "accepted" : toString(result.error());
}

std::string messageOfOpening(Bytes bytes) {
  return messageOf(Hdf5File::open(std::move(bytes), "model.h5"));
}

std::string messageOfReading(const Hdf5File &file, const std::string &dataset) {
  return messageOf(file.read(dataset));
}

/// A value of `T` in a dataset of (1, 2, 3), (4, 5, 100).
template <class T> void expectSixNumbers(const Hdf5File &file, const char *name, DType dtype) {
  SCOPED_TRACE(name);
  auto tensor = file.read(std::string("types/") + name);
  ASSERT_TRUE(tensor) << toString(tensor.error());
  EXPECT_EQ(tensor->dtype(), dtype);
  EXPECT_THAT(tensor->shape(), ElementsAre(2, 3));
  EXPECT_THAT(tensor->toFloat32().as<float>(), ElementsAre(1, 2, 3, 4, 5, 100));
  EXPECT_EQ(sizeof(T), sizeOf(tensor->dtype()));
}

const std::string kernel = "model_weights/hidden/base/hidden/kernel";

} // namespace

TEST(Hdf5, everyFormThatKerasFilesTakeIsRead) {
  for (const char *form :
       {"big_endian", "fixed_length_strings", "float16_datasets", "float64_datasets",
        "gzip_shuffle_fletcher", "libver_latest", "userblock_512", "variable_length_strings"}) {
    SCOPED_TRACE(form);
    Hdf5File file = openGood("good/h5_" + std::string(form));
    auto config = file.stringAttribute("", "model_config");
    ASSERT_TRUE(config && *config);
    EXPECT_EQ((*config)->front(), '{');
    EXPECT_EQ((*config)->back(), '}');
    auto names = file.stringsAttribute("model_weights", "layer_names");
    ASSERT_TRUE(names) << toString(names.error());
    EXPECT_THAT(*names, Optional(ElementsAre("im", "conv2d", "ve", "flatten", "dense",
                                             "concatenate", "cls", "reg")));
    names = file.stringsAttribute("/model_weights/flatten/", "weight_names");
    ASSERT_TRUE(names) << toString(names.error());
    EXPECT_THAT(*names, Optional(ElementsAre()));
    auto tensor = file.read("model_weights/conv2d/conv2d/kernel");
    ASSERT_TRUE(tensor) << toString(tensor.error());
    EXPECT_THAT(tensor->shape(), ElementsAre(3, 3, 2, 3));
    EXPECT_THAT(tensor->toFloat32().as<float>()[0], FloatNear(-0.2472066730260849f, 2e-5f));
  }
}

TEST(Hdf5, everyElementTypeIsReadInNativeOrder) {
  Hdf5File file = openGood("good/h5_forms");
  expectSixNumbers<int8_t>(file, "i1", DType::i8);
  expectSixNumbers<int16_t>(file, "i2", DType::i16);
  expectSixNumbers<int32_t>(file, "i4", DType::i32);
  expectSixNumbers<int64_t>(file, "i8", DType::i64);
  expectSixNumbers<uint8_t>(file, "u1", DType::u8);
  expectSixNumbers<uint16_t>(file, "u2", DType::u16);
  expectSixNumbers<uint32_t>(file, "u4", DType::u32);
  expectSixNumbers<uint64_t>(file, "u8", DType::u64);
  expectSixNumbers<uint16_t>(file, "f2", DType::f16);
  expectSixNumbers<float>(file, "f4", DType::f32);
  expectSixNumbers<double>(file, "f8", DType::f64);
  expectSixNumbers<int32_t>(file, "big_i4", DType::i32);
  expectSixNumbers<uint16_t>(file, "big_u2", DType::u16);
  expectSixNumbers<uint16_t>(file, "big_f2", DType::f16);
  expectSixNumbers<double>(file, "big_f8", DType::f64);

  auto boolean = file.read("types/bool");
  ASSERT_TRUE(boolean) << toString(boolean.error());
  EXPECT_EQ(boolean->dtype(), DType::boolean);
  EXPECT_THAT(boolean->as<uint8_t>(), ElementsAre(1, 0, 1));
  auto bfloat = file.read("types/bfloat16");
  ASSERT_TRUE(bfloat) << toString(bfloat.error());
  EXPECT_EQ(bfloat->dtype(), DType::bf16);
  EXPECT_THAT(bfloat->toFloat32().as<float>(), ElementsAre(1.5f, -2.0f));
}

TEST(Hdf5, unusualShapesAreRead) {
  Hdf5File file = openGood("good/h5_forms");
  auto scalar = file.read("types/scalar");
  ASSERT_TRUE(scalar);
  EXPECT_TRUE(scalar->shape().empty());
  EXPECT_EQ(scalar->as<float>()[0], 2.5f);
  auto empty = file.read("types/empty");
  ASSERT_TRUE(empty);
  EXPECT_THAT(empty->shape(), ElementsAre(0, 4));
  EXPECT_THAT(file.read("types/never_written")->as<float>(), ElementsAre(1.5f, 1.5f, 1.5f));
  EXPECT_THAT(file.read("types/zeros_gzip")->shape(), ElementsAre(256, 256));
}

TEST(Hdf5, stringAttributesOfEveryFormAreRead) {
  Hdf5File file = openGood("good/h5_forms");
  for (auto [name, text] :
       {std::pair{"variable", "κέρας"}, std::pair{"bytes", "keras"},
        std::pair{"one_in_array", "single"}, std::pair{"none", ""}, std::pair{"empty_string", ""},
        std::pair{"space_padded", "ab"}, std::pair{"null_terminated", "ab"}}) {
    auto value = file.stringAttribute("/", name);
    ASSERT_TRUE(value) << toString(value.error());
    EXPECT_THAT(*value, Optional(std::string(text))) << name;
  }
  EXPECT_EQ(*file.stringAttribute("", "absent"), std::nullopt);
  EXPECT_THAT(messageOf(file.stringAttribute("", "two")), HasSubstr("list of 2 strings"));
  EXPECT_THAT(messageOf(file.stringAttribute("", "integer")), HasSubstr("a number, not a string"));
}

TEST(Hdf5, listsOfStringsAreReadAndJoined) {
  Hdf5File file = openGood("good/h5_forms");
  EXPECT_THAT(*file.stringsAttribute("", "two"), Optional(ElementsAre("a", "bcd")));
  EXPECT_THAT(*file.stringsAttribute("", "two_variable"), Optional(ElementsAre("α", "bcd")));
  EXPECT_THAT(*file.stringsAttribute("", "empty_list"), Optional(ElementsAre()));
  EXPECT_THAT(*file.stringsAttribute("", "none"), Optional(ElementsAre()));
  EXPECT_THAT(*file.stringsAttribute("", "names"), Optional(ElementsAre("p", "q", "r")));
  EXPECT_EQ(*file.stringsAttribute("", "absent"), std::nullopt);
  EXPECT_THAT(messageOf(file.stringsAttribute("", "numbers")), HasSubstr("not a list of strings"));
}

TEST(Hdf5, numberAttributesAreRead) {
  Hdf5File file = openGood("good/h5_forms");
  EXPECT_THAT(*file.numberAttribute("", "integer"), Optional(-7.0));
  EXPECT_THAT(*file.numberAttribute("", "float"), Optional(2.5));
  EXPECT_THAT(*file.numberAttribute("", "boolean"), Optional(1.0));
  EXPECT_EQ(*file.numberAttribute("", "absent"), std::nullopt);
  EXPECT_THAT(messageOf(file.numberAttribute("", "bytes")), HasSubstr("a string, not a number"));
  EXPECT_THAT(messageOf(file.numberAttribute("", "numbers")), HasSubstr("2 numbers"));
}

TEST(Hdf5, pathsTellGroupsDatasetsAndNothing) {
  Hdf5File file = openGood("good/h5_forms");
  EXPECT_EQ(*file.kind(""), Hdf5File::Kind::group);
  EXPECT_EQ(*file.kind("/types"), Hdf5File::Kind::group);
  EXPECT_EQ(*file.kind("types/f4"), Hdf5File::Kind::dataset);
  EXPECT_EQ(*file.kind("links/hard"), Hdf5File::Kind::dataset);
  EXPECT_EQ(*file.kind("types/f4/deeper"), std::nullopt);
  EXPECT_EQ(*file.kind("types/../links"), std::nullopt);
  EXPECT_THAT(messageOf(file.kind("named_type")), HasSubstr("neither a group nor a dataset"));
  EXPECT_THAT(*file.children("links"),
              ElementsAre("cycle", "external", "group", "hard", "relative", "self", "there"));
  EXPECT_THAT(messageOf(file.children("types/f4")), HasSubstr("not a group"));
  EXPECT_THAT(messageOf(file.children("absent")), HasSubstr("missing"));
  EXPECT_THAT(messageOf(file.read("types")), HasSubstr("not a dataset"));
  EXPECT_THAT(messageOf(file.read("types/absent")),
              AllOf(HasSubstr("'types/absent'"), HasSubstr("missing")));
}

TEST(Hdf5, softAndExternalLinksAreNamedAndNotFollowed) {
  Hdf5File file = openGood("good/h5_forms");
  EXPECT_THAT(messageOf(file.kind("links/there")),
              AllOf(HasSubstr("'links/there'"), HasSubstr("soft link to '/types/f4'"),
                    HasSubstr("not followed")));
  EXPECT_THAT(messageOf(file.kind("links/self")), HasSubstr("not followed"));
  EXPECT_THAT(messageOf(file.kind("links/relative")), HasSubstr("soft link to 'there'"));
  EXPECT_THAT(messageOf(file.read("links/group/f4")),
              AllOf(HasSubstr("'links/group'"), HasSubstr("soft link")));
  EXPECT_THAT(messageOf(file.kind("links/external")),
              AllOf(HasSubstr("external"), HasSubstr("other.h5")));

  EXPECT_THAT(messageOfReading(openGood("refuse/h5_dangling_soft_link"), kernel),
              AllOf(HasSubstr("hidden"), HasSubstr("'/nowhere', which does not exist")));
  EXPECT_THAT(messageOfReading(openGood("refuse/h5_external_link"), kernel),
              AllOf(HasSubstr("external"), HasSubstr("other_file.h5")));
}

TEST(Hdf5, aGroupThatContainsItselfIsHarmless) {
  Hdf5File file = openGood("refuse/h5_group_cycle");
  EXPECT_TRUE(file.read(kernel));
  EXPECT_TRUE(file.read("model_weights/hidden/again/hidden/again/hidden/base/hidden/kernel"));
  EXPECT_THAT(*file.children("model_weights/hidden"), ElementsAre("again", "base"));
}

TEST(Hdf5, dataInOtherFilesAreRefused) {
  EXPECT_THAT(messageOfReading(openGood("refuse/h5_external_storage"), kernel),
              AllOf(HasSubstr("external"), HasSubstr("hidden")));
  Hdf5File file = openGood("good/h5_forms");
  EXPECT_THAT(messageOfReading(file, "virtual"), HasSubstr("virtual"));
  EXPECT_THAT(messageOf(file.shapeOf("virtual")), HasSubstr("virtual"));
}

TEST(Hdf5, claimedSizesAreCheckedBeforeAllocating) {
  Hdf5File file = openGood("refuse/h5_weight_huge_dims");
  EXPECT_THAT(*file.shapeOf(kernel), ElementsAre(1 << 20, 1 << 22));
  EXPECT_THAT(messageOfReading(file, kernel),
              AllOf(HasSubstr("hidden"), HasSubstr("shape"), HasSubstr("(1048576, 4194304)")));
  EXPECT_THAT(messageOfReading(openGood("good/h5_forms"), "types/huge_chunk"),
              HasSubstr("chunks of a size"));
}

TEST(Hdf5, elementsThatAreNoNumbersAreRefused) {
  EXPECT_THAT(messageOfReading(openGood("refuse/h5_weight_is_text"), kernel),
              AllOf(HasSubstr("hidden"), HasSubstr("type string")));
  Hdf5File file = openGood("good/h5_forms");
  for (const char *name : {"complex", "text", "color"})
    EXPECT_THAT(messageOfReading(file, std::string("types/") + name), HasSubstr("type")) << name;
  EXPECT_THAT(messageOfReading(file, "types/null"), HasSubstr("null dataspace"));
}

TEST(Hdf5, aFilterThatTheLibraryLacksIsNamed) {
  EXPECT_THAT(messageOfReading(openGood("good/h5_forms"), "types/lzf"), HasSubstr("lzf"));
}

TEST(Hdf5, anAttributeOfTheWrongTypeIsNamed) {
  Hdf5File file = openGood("refuse/h5_config_is_number");
  EXPECT_THAT(messageOf(file.stringAttribute("", "model_config")),
              AllOf(HasSubstr("model_config"), HasSubstr("a number, not a string")));
}

TEST(Hdf5, whatIsNoHdf5FileIsSaidToBeWhatItIs) {
  EXPECT_THAT(messageOfOpening(bytesOf("refuse/empty_h5")), HasSubstr("empty"));
  EXPECT_THAT(messageOfOpening(bytesOf("refuse/garbage_h5")), HasSubstr("not an HDF5 file"));
  EXPECT_THAT(messageOfOpening(bytesOf("refuse/git_lfs_pointer_h5")),
              AllOf(HasSubstr("LFS"), HasSubstr("git lfs pull")));
  EXPECT_THAT(messageOfOpening(bytesOf("refuse/html_page_h5")),
              AllOf(HasSubstr("HDF5"), HasSubstr("HTML")));
  EXPECT_THAT(messageOfOpening(bytesOf("refuse/zip_named_h5")), HasSubstr("zip"));
}

TEST(Hdf5, truncationIsNamed) {
  for (const char *name :
       {"truncated_half_h5", "truncated_header_h5", "truncated_last_kilobyte_h5"})
    EXPECT_THAT(messageOfOpening(bytesOf("refuse/" + std::string(name))), HasSubstr("truncated"));
  for (const char *form : {"libver_latest", "userblock_512", "big_endian"}) {
    Bytes whole = bytesOf("good/h5_" + std::string(form));
    for (size_t size = form == std::string_view("userblock_512") ? 560 : 8; size < whole.size();
         size += 97)
      EXPECT_THAT(messageOfOpening(Bytes(whole.begin(), whole.begin() + size)),
                  HasSubstr("truncated"))
          << form << " cut to " << size;
  }
}

TEST(Hdf5, damagedDataAreRefused) {
  // The first chunk of the kernel, with its Fletcher-32 checksum, is bytes 15664 to 15758.
  const Bytes good = bytesOf("good/h5_gzip_shuffle_fletcher");
  for (size_t i = 15664; i < 15759; ++i) {
    Bytes bytes = good;
    bytes[i] ^= std::byte{0x55};
    auto file = Hdf5File::open(std::move(bytes), "model.h5");
    ASSERT_TRUE(file);
    EXPECT_THAT(messageOfReading(*file, "model_weights/cls/cls/kernel"),
                AllOf(HasSubstr("cls/kernel"), HasSubstr("cannot be read")));
  }
}

TEST(Hdf5, aTruncatedFileInsideAnArchiveIsNamed) {
  auto bytes = readFile("test/formats/data/refuse/truncated_inner_weights_keras/model.keras");
  ASSERT_TRUE(bytes);
  auto archive = ZipArchive::open(std::move(*bytes), "model.keras");
  ASSERT_TRUE(archive) << toString(archive.error());
  auto weights = archive->read("model.weights.h5");
  ASSERT_TRUE(weights) << toString(weights.error());
  EXPECT_THAT(messageOf(Hdf5File::open(std::move(*weights), "model.keras/model.weights.h5")),
              AllOf(HasSubstr("model.weights.h5"), HasSubstr("truncated")));
}

TEST(Hdf5, twoFilesAreOpenAtATimeAndReadFromSeveralThreads) {
  Hdf5File float32 = openGood("good/h5_big_endian"), float64 = openGood("good/h5_float64_datasets");
  std::atomic<int> wrong = 0;
  auto work = [&](const Hdf5File file, DType dtype) {
    for (int i = 0; i < 50; ++i) {
      auto tensor = file.read("model_weights/dense/dense/kernel");
      wrong += !tensor || tensor->dtype() != dtype;
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back(work, float32, DType::f32);
    threads.emplace_back(work, float64, DType::f64);
  }
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(wrong, 0);
}

/// Bytes of good files, changed at random until HDF5 1.10.8 crashed.
TEST(Hdf5, aFileThatCrashesTheLibraryIsRefused) {
  for (const char *name : {"object_header", "attribute"})
    EXPECT_THAT(messageOfOpening(*readFile(std::string("test/formats/data/crash/") + name + ".h5")),
                AllOf(HasSubstr("model.h5"), HasSubstr("damaged"), HasSubstr("copy it again")))
        << name;
}
