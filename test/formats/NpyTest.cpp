#include "formats/Npy.h"

#include <cstring>
#include <filesystem>
#include <gmock/gmock.h>
#include <numeric>

using namespace hornet;
using namespace hornet::formats;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

constexpr std::string_view folder = "test/formats/data/npy/";

std::string pathOf(std::string_view name) { return std::string(folder).append(name); }

Tensor load(const std::string &name) {
  auto tensor = readNpyFile(pathOf(name));
  EXPECT_TRUE(tensor) << toString(tensor.error());
  return tensor ? *tensor : Tensor();
}

/// Version 1 with this dict and so many zero bytes of data.
Bytes npy(std::string_view dict, size_t dataBytes, char version = 1) {
  std::string text = std::string("\x93NUMPY") + version + '\0';
  text += {static_cast<char>(dict.size() & 0xff), static_cast<char>(dict.size() >> 8)};
  text += dict;
  text.resize(text.size() + dataBytes, '\0');
  auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

std::string refusal(std::span<const std::byte> bytes) {
  auto tensor = readNpy(bytes, "a.npy");
  if (tensor)
    return "";
  EXPECT_TRUE(std::holds_alternative<InputError>(tensor.error()));
  return toString(tensor.error());
}

template <class T> void expectCount(const Tensor &tensor, DType dtype) {
  EXPECT_EQ(tensor.dtype(), dtype);
  EXPECT_EQ(tensor.shape(), (Shape{2, 3, 4}));
  std::vector<T> expected(24);
  std::iota(expected.begin(), expected.end(), T{0});
  EXPECT_TRUE(std::ranges::equal(tensor.as<T>(), expected));
}

std::string temporary() {
  return (std::filesystem::temp_directory_path() /
          ("hornet-npy-" + std::to_string(getpid()) + ".npz"))
      .string();
}

} // namespace

TEST(NpyTest, filesOfNumPyAreReadInEveryOrderAndVersion) {
  expectCount<float>(load("c_order_f4.npy"), DType::f32);
  expectCount<int64_t>(load("fortran_big_endian_i8.npy"), DType::i64);
  expectCount<uint16_t>(load("version2.npy"), DType::u16);
  expectCount<double>(load("version3.npy"), DType::f64);
}

TEST(NpyTest, halfBoolScalarAndEmptyArraysOfNumPy) {
  Tensor half = load("half.npy");
  EXPECT_EQ(half.dtype(), DType::f16);
  EXPECT_THAT(half.toFloat32().as<float>(),
              ElementsAre(1.5f, -2.0f, 65504.0f, std::numeric_limits<float>::infinity()));
  Tensor scalar = load("scalar_bool.npy");
  EXPECT_EQ(scalar.dtype(), DType::boolean);
  EXPECT_EQ(scalar.shape(), Shape{});
  EXPECT_THAT(scalar.as<uint8_t>(), ElementsAre(1));
  EXPECT_EQ(load("empty.npy").shape(), (Shape{0, 5}));
}

TEST(NpyTest, whatIsWrittenIsReadBack) {
  for (int type = 0; type <= static_cast<int>(DType::boolean); ++type) {
    auto dtype = static_cast<DType>(type);
    if (dtype == DType::bf16)
      continue;
    for (const Shape &shape : {Shape{}, {3}, {2, 3}, {4, 0, 2}, Shape(40, 1)}) {
      Tensor tensor(dtype, shape);
      for (size_t i = 0; i < tensor.bytes(); ++i)
        tensor.data()[i] = std::byte{dtype == DType::boolean ? uint8_t(i % 2) : uint8_t(i * 37)};
      Bytes bytes = writeNpy(tensor);
      EXPECT_EQ((bytes.size() - tensor.bytes()) % 64, 0u);
      auto back = readNpy(bytes, "");
      ASSERT_TRUE(back) << toString(back.error());
      EXPECT_EQ(back->dtype(), dtype);
      EXPECT_EQ(back->shape(), shape);
      EXPECT_EQ(std::memcmp(back->data(), tensor.data(), tensor.bytes()), 0);
    }
  }
}

TEST(NpyTest, bytesAreThoseOfNumPy) {
  for (const char *name : {"c_order_f4.npy", "half.npy", "scalar_bool.npy", "empty.npy"})
    EXPECT_EQ(writeNpy(load(name)), *readFile(pathOf(name))) << name;
}

TEST(NpyTest, bfloat16IsWrittenAsFloat32) {
  Tensor tensor(DType::bf16, {1});
  tensor.as<uint16_t>()[0] = 0x3fc0;
  auto back = readNpy(writeNpy(tensor), "");
  ASSERT_TRUE(back);
  EXPECT_EQ(back->dtype(), DType::f32);
  EXPECT_EQ(back->as<float>()[0], 1.5f);
}

TEST(NpyTest, arraysThatAreNotNumbersAreRefusedByName) {
  for (auto [name, what] : {std::pair{"objects.npy", "Python objects (pickles)"},
                            {"strings.npy", "array of strings"},
                            {"records.npy", "records (a structured type)"},
                            {"complex.npy", "complex numbers"}}) {
    auto tensor = readNpyFile(pathOf(name));
    ASSERT_FALSE(tensor);
    EXPECT_THAT(toString(tensor.error()),
                AllOf(HasSubstr(name), HasSubstr(what), HasSubstr("numpy.save")));
  }
  EXPECT_THAT(refusal(npy("{'descr':'<f16','fortran_order':False,'shape':(1,)}", 16)),
              HasSubstr("type '<f16'"));
}

TEST(NpyTest, stringsAreReadWhereTheyAreAskedFor) {
  Tensor written(DType::string, {2, 2});
  std::ranges::copy(std::vector<std::string>{"cat", "", "été 😀", "a"},
                    written.as<std::string>().begin());
  Bytes bytes = writeNpy(written);
  EXPECT_FALSE(readNpy(bytes, "words.npy"));
  auto read = readNpy(bytes, "words.npy", Strings::read);
  ASSERT_TRUE(read) << toString(read.error());
  EXPECT_EQ(read->shape(), written.shape());
  EXPECT_TRUE(std::ranges::equal(read->as<std::string>(), written.as<std::string>()));

  auto narrow = [](const std::string &descr, const std::string &data, bool fortran = false) {
    Bytes bytes =
        npy("{'descr': '" + descr + "', 'fortran_order': " + (fortran ? "True" : "False") +
                ", 'shape': (2, 2)}",
            0);
    auto more = std::as_bytes(std::span(data));
    bytes.insert(bytes.end(), more.begin(), more.end());
    return readNpy(bytes, "words.npy", Strings::read);
  };
  auto inOrder = narrow("|S2", std::string("a\0bbc\0dd", 8), true);
  ASSERT_TRUE(inOrder) << toString(inOrder.error());
  EXPECT_TRUE(std::ranges::equal(inOrder->as<std::string>(),
                                 std::vector<std::string>{"a", "c", "bb", "dd"}));
  auto big = narrow(">U1", std::string("\0\0\0a\0\0\0b\0\0\0c\0\0\xd8\0", 16));
  ASSERT_FALSE(big); // the last is a surrogate
  EXPECT_THAT(toString(big.error()), HasSubstr("string number 3 of the array is not Unicode"));
  auto wrong = narrow("|S1", "abc\xff");
  ASSERT_FALSE(wrong);
  EXPECT_THAT(toString(wrong.error()), HasSubstr("string number 3 of the array is not UTF-8"));
  EXPECT_THAT(toString(narrow("<U1", "abc").error()), HasSubstr("truncated"));
  for (const char *width : {"<U0", "<U99999999999", "<U-1", "<U"})
    EXPECT_FALSE(narrow(width, ""));
}

TEST(NpyTest, sizesAreCheckedAgainstTheBytes) {
  auto sized = [](const std::string &shape, size_t bytes) {
    return refusal(npy("{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + "}", bytes));
  };
  EXPECT_EQ(sized("(2, 3)", 24), "");
  EXPECT_THAT(sized("(2, 3)", 23), AllOf(HasSubstr("truncated"), HasSubstr("takes 24 bytes")));
  EXPECT_THAT(sized("(2, 3)", 25), HasSubstr("damaged"));
  EXPECT_THAT(sized("(4611686018427387904, 4)", 0), HasSubstr("more than 2^63"));
  EXPECT_THAT(sized("(4611686018427387904, 4, 0)", 0), HasSubstr("more than 2^63"));
  EXPECT_THAT(sized("(99999999999999999999,)", 0), HasSubstr("an extent"));
}

TEST(NpyTest, headersThatAreNotJustTheDictAreRefused) {
  constexpr std::string_view good = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }";
  EXPECT_EQ(refusal(npy(good, 4)), "");
  EXPECT_EQ(refusal(npy("{\"shape\":(1L,),'descr':'=f4' , 'fortran_order':True}  \n", 4)), "");
  for (std::string_view bad :
       {"", "{", "{}", "[]", "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), } x",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)", "{'descr': '<f4}",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 1}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1+1,)}",
        "{'descr': '<f4' 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False}", "{'descr': '<', 'fortran_order': False}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}",
        "__import__('os').system('true')"})
    EXPECT_NE(refusal(npy(bad, 4)), "") << bad;
  std::string deep = "{'descr': '<f4', 'fortran_order': False, 'shape': (";
  for (int i = 0; i < 1000; ++i)
    deep += "1,";
  EXPECT_THAT(refusal(npy(deep + ")}", 4)), HasSubstr("at most 64 dimensions"));
}

TEST(NpyTest, fileThatIsCutOrOfAnotherVersionIsRefused) {
  Bytes bytes = *readFile(pathOf("c_order_f4.npy"));
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_NE(refusal(std::span(bytes).first(size)), "") << size;
  EXPECT_THAT(refusal(npy("{}", 0, 4)), HasSubstr("version 4"));
}

TEST(NpzTest, filesOfNumPyAreReadInTheirOrder) {
  auto tensors = readNpzFile(pathOf("savez.npz"));
  ASSERT_TRUE(tensors) << toString(tensors.error());
  ASSERT_EQ(tensors->size(), 2u);
  EXPECT_EQ((*tensors)[0].first, "x");
  expectCount<float>((*tensors)[0].second, DType::f32);
  EXPECT_EQ((*tensors)[1].first, "scope/y");
  EXPECT_THAT((*tensors)[1].second.as<int32_t>(), ElementsAre(1, 2, 3));

  auto compressed = readNpzFile(pathOf("savez_compressed.npz"));
  ASSERT_TRUE(compressed) << toString(compressed.error());
  EXPECT_EQ((*compressed)[0].second.shape(), (Shape{50, 50}));
}

TEST(NpzTest, whatIsWrittenIsReadBackInItsOrder) {
  std::string path = temporary();
  NamedTensors tensors{{"z", Tensor::fromFloats({2, 2}, std::vector<float>{1, 2, 3, 4})},
                       {"größe/a", Tensor(DType::i8, {3})},
                       {"a", Tensor(DType::boolean, {})}};
  for (const NamedTensors &written : {tensors, NamedTensors()}) {
    auto done = writeNpzFile(path, written);
    ASSERT_TRUE(done) << toString(done.error());
    auto back = readNpzFile(path);
    ASSERT_TRUE(back) << toString(back.error());
    ASSERT_EQ(back->size(), written.size());
    for (size_t i = 0; i < written.size(); ++i) {
      EXPECT_EQ((*back)[i].first, written[i].first);
      EXPECT_EQ(writeNpy((*back)[i].second), writeNpy(written[i].second));
    }
  }
  std::filesystem::remove(path);
}

TEST(NpzTest, sameArraysGiveTheSameBytes) {
  std::string path = temporary();
  NamedTensors tensors{{"x", Tensor(DType::f32, {5})}};
  ASSERT_TRUE(writeNpzFile(path, tensors));
  Bytes bytes = *readFile(path);
  // Version needed, flags, method (stored), time 0, date 1980-01-01.
  EXPECT_THAT(std::span(bytes).subspan(8, 6),
              ElementsAre(std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0x21},
                          std::byte{0}));
  std::filesystem::remove(path);
}

TEST(NpzTest, twoArraysOfOneNameAreRefusedAndNothingIsWritten) {
  std::string path = temporary();
  auto written = writeNpzFile(path, {{"x", Tensor()}, {"x", Tensor()}});
  ASSERT_FALSE(written);
  EXPECT_THAT(toString(written.error()), AllOf(HasSubstr("'x'"), HasSubstr("rename")));
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(NpzTest, membersThatAreNotArraysAreRefusedByName) {
  auto tensors = readNpzFile("test/golden/mnist/cnn.keras");
  ASSERT_FALSE(tensors);
  EXPECT_THAT(toString(tensors.error()),
              AllOf(HasSubstr("cnn.keras: 'metadata.json'"), HasSubstr(".npy")));
  auto npy = readNpzFile(pathOf("half.npy"));
  ASSERT_FALSE(npy);
  EXPECT_THAT(toString(npy.error()), HasSubstr("half.npy"));
}
