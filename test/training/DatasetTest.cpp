#include "training/Dataset.h"

#include "Message.h"
#include "Temporary.h"
#include "formats/Npy.h"

#include <gmock/gmock.h>

using namespace hornet;
using namespace hornet::training;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

namespace {

TEST(Dataset, ReadsMnistAsBytes) {
  auto source = readSource("mnist", {28, 28, 1});
  ASSERT_TRUE(source) << toString(source.error());
  ASSERT_TRUE(source->test);
  EXPECT_EQ(source->train.inputs[0].values.shape(), (Shape{60000, 28, 28}));
  EXPECT_EQ(source->train.inputs[0].values.dtype(), DType::u8);
  EXPECT_EQ(source->train.targets[0].values.as<uint8_t>()[0], 5);
  EXPECT_EQ(source->test->targets[0].values.shape(), (Shape{10000}));
  EXPECT_EQ(source->test->targets[0].values.as<uint8_t>()[0], 7);
}

TEST(Dataset, IdxFilesMayLackTheTestButNotTheLabels) {
  TemporaryFolder folder("idx");
  for (const char *name : {"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"})
    fs::create_symlink(fs::absolute(fs::path("data/mnist") / name), folder / name);
  auto source = readSource(folder.string(), {28, 28});
  ASSERT_TRUE(source) << toString(source.error());
  EXPECT_FALSE(source->test);

  fs::create_symlink(fs::absolute("data/mnist/t10k-images-idx3-ubyte.gz"),
                     folder / "t10k-images-idx3-ubyte.gz");
  EXPECT_THAT(refusal(readSource(folder.string(), {28, 28})),
              HasSubstr("there is no t10k-labels-idx1-ubyte.gz, and no t10k-labels-idx1-ubyte"));
  fs::create_symlink(fs::absolute("data/mnist/train-labels-idx1-ubyte.gz"),
                     folder / "t10k-labels-idx1-ubyte.gz");
  EXPECT_THAT(refusal(readSource(folder.string(), {28, 28})),
              HasSubstr("has 60000 samples, but 't10k-images-idx3-ubyte' has 10000"));
}

std::string writeNpz(const TemporaryFolder &folder, const formats::NamedTensors &arrays) {
  std::string path = folder / "data.npz";
  EXPECT_TRUE(formats::writeNpzFile(path, arrays));
  return path;
}

TEST(Dataset, ReadsNpzFilesUnderEitherNames) {
  TemporaryFolder folder("npz");
  Tensor x(DType::f32, {3, 2}), y(DType::i64, {3}), test(DType::f32, {1, 2});
  std::string path = writeNpz(folder, {{"x_train", x},
                                       {"y_train", y},
                                       {"sample_weight_train", Tensor(DType::f32, {3})},
                                       {"x_test", test},
                                       {"y_test", Tensor(DType::i64, {1})}});
  auto source = readSource(path, {2});
  ASSERT_TRUE(source) << toString(source.error());
  EXPECT_EQ(source->train.inputs[0].name, "x_train");
  EXPECT_TRUE(source->train.weights);
  ASSERT_TRUE(source->test);
  EXPECT_EQ(source->test->inputs[0].values.shape(), (Shape{1, 2}));

  path = writeNpz(folder, {{"y", y}, {"x/a", x}, {"x/b", x}});
  source = readSource(path, {2});
  ASSERT_TRUE(source) << toString(source.error());
  EXPECT_EQ(source->train.inputs.size(), 2u);
  EXPECT_FALSE(source->test);
}

TEST(Dataset, RefusesNpzFilesWithoutSamplesAndLabels) {
  TemporaryFolder folder("npz-refused");
  auto of = [&](const formats::NamedTensors &arrays) {
    return refusal(readSource(writeNpz(folder, arrays), {2}));
  };
  Tensor x(DType::f32, {3, 2});
  EXPECT_THAT(of({{"images", x}, {"y", x}}),
              AllOf(HasSubstr("data.npz: has neither x_train and y_train nor x and y"),
                    HasSubstr("it has images, y"), HasSubstr("numpy.savez")));
  EXPECT_THAT(of({{"x", x}, {"y", Tensor(DType::i64, {2})}}),
              HasSubstr("'y': has 2 samples, but 'x' has 3; give as many"));
  EXPECT_THAT(of({{"x", Tensor(DType::f32, {0, 2})}, {"y", Tensor(DType::f32, {0})}}),
              HasSubstr("'x': has shape (0, 2), and so no samples"));
  EXPECT_THAT(of({{"x", x}, {"y", Tensor(DType::f32, {})}}), HasSubstr("'y': has shape ()"));
}

TEST(Dataset, SaysWhatASourceCanBe) {
  EXPECT_THAT(refusal(readSource("nothing/here", {2})),
              HasSubstr("nothing/here: there is no such file or folder; give mnist, a folder, or "
                        "an .npz file"));
  TemporaryFolder folder("nothing");
  EXPECT_THAT(refusal(readSource(folder.string(), {28, 28, 1})),
              HasSubstr("has neither MNIST's idx files nor a folder of images for each class"));
  fs::path here = fs::current_path();
  fs::current_path(folder.string());
  EXPECT_THAT(refusal(readSource("mnist", {28, 28, 1})),
              HasSubstr("data/mnist: there is no such file or folder; run in the folder that has"));
  fs::current_path(here);
}

void putImage(const TemporaryFolder &folder, const std::string &name,
              const std::string &image = "examples/01-digit/test3.png") {
  fs::path path = folder / name;
  fs::create_directories(path.parent_path());
  fs::copy_file(image, path);
}

TEST(Dataset, ReadsAFolderOfImagesAClass) {
  TemporaryFolder folder("images");
  putImage(folder, "dog/2.png");
  putImage(folder, "dog/1.PNG");
  putImage(folder, "cat/1.png");
  std::ofstream(folder / "dog/notes.txt") << "not an image";
  auto source = readSource(folder.string(), {14, 10, 3});
  ASSERT_TRUE(source) << toString(source.error());
  EXPECT_THAT(source->train.classes, ElementsAre("cat", "dog"));
  EXPECT_EQ(source->train.inputs[0].values.shape(), (Shape{3, 14, 10, 3}));
  EXPECT_EQ(source->train.inputs[0].values.dtype(), DType::u8);
  EXPECT_THAT(source->train.targets[0].values.as<int32_t>(), ElementsAre(0, 1, 1));
  EXPECT_FALSE(source->test);
}

TEST(Dataset, ReadsImagesInTheModelsOrderOfDimensions) {
  TemporaryFolder folder("layouts");
  putImage(folder, "a/1.png", "test/golden/images/rgb_100x80.png");
  auto last = readImageFolder(folder.string(), {6, 8, 3});
  auto first = readImageFolder(folder.string(), {3, 6, 8});
  auto gray = readImageFolder(folder.string(), {6, 8});
  ASSERT_TRUE(last && first && gray);
  EXPECT_EQ(gray->train.inputs[0].values.shape(), (Shape{1, 6, 8}));
  auto a = last->train.inputs[0].values.as<uint8_t>();
  auto b = first->train.inputs[0].values.as<uint8_t>();
  for (size_t pixel = 0; pixel < 48; ++pixel)
    for (size_t channel = 0; channel < 3; ++channel)
      ASSERT_EQ(a[pixel * 3 + channel], b[channel * 48 + pixel]);
}

TEST(Dataset, TakesAnOpenSizeFromTheFirstImage) {
  TemporaryFolder folder("open");
  putImage(folder, "a/1.png");
  auto source = readImageFolder(folder.string(), {unknownSize, unknownSize, 1});
  ASSERT_TRUE(source) << toString(source.error());
  EXPECT_GT(source->train.inputs[0].values.shape()[1], 1);
}

TEST(Dataset, ReadsTrainingAndTestFolders) {
  TemporaryFolder folder("splits");
  putImage(folder, "train/a/1.png");
  putImage(folder, "train/b/1.png");
  putImage(folder, "validation/a/1.png");
  putImage(folder, "validation/b/1.png");
  putImage(folder, "validation/b/2.png");
  auto source = readSource(folder.string(), {8, 8, 1});
  ASSERT_TRUE(source) << toString(source.error());
  ASSERT_TRUE(source->test);
  EXPECT_EQ(source->train.targets[0].values.size(), 2);
  EXPECT_THAT(source->test->targets[0].values.as<int32_t>(), ElementsAre(0, 1, 1));

  putImage(folder, "validation/c/1.png");
  EXPECT_THAT(refusal(readSource(folder.string(), {8, 8, 1})),
              AllOf(HasSubstr("validation: has the classes a, b, c"), HasSubstr("has a, b")));
}

TEST(Dataset, NamesEveryImageThatCannotBeRead) {
  TemporaryFolder folder("broken");
  putImage(folder, "a/1.png");
  for (const char *name : {"a/2.png", "a/3.jpg"})
    std::ofstream(folder / name) << "no image";
  EXPECT_THAT(refusal(readSource(folder.string(), {8, 8, 1})),
              AllOf(HasSubstr("a/2.png"), HasSubstr("a/3.jpg"), testing::Not(HasSubstr("1.png"))));
  fs::create_directory(folder / "empty");
  EXPECT_THAT(refusal(readSource(folder.string(), {8, 8, 1})),
              HasSubstr("empty: the folder of this class has no PNG or JPEG file"));
  EXPECT_THAT(refusal(readSource(folder.string(), {784})),
              HasSubstr("input has shape (None, height, width, 1 or 3), not (None, 784)"));
}

} // namespace
