// The digit: every file form of one trained network, and all 10,000 test images.

#include "compiler/Compiler.h"
#include "formats/Idx.h"
#include "formats/Npy.h"
#include "keras/Builder.h"

#include <algorithm>
#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace hornet;

namespace {

const std::string example = "examples/01-digit/", golden = "test/golden/mnist/";

Tensor array(const std::string &file, const std::string &name) {
  auto tensors = formats::readNpzFile(golden + file);
  EXPECT_TRUE(tensors) << toString(tensors.error());
  for (auto &[key, tensor] : *tensors)
    if (key == name)
      return tensor;
  ADD_FAILURE() << name;
  return {};
}

size_t classOf(const Tensor &probabilities, size_t row) {
  auto values = probabilities.as<float>().subspan(row * 10, 10);
  return std::ranges::max_element(values) - values.begin();
}

float worstDifference(const Tensor &a, const Tensor &b) {
  float worst = 0;
  for (int64_t i = 0; i < b.size(); ++i)
    worst = std::max(worst, std::abs(a.as<float>()[i] - b.as<float>()[i]));
  return worst;
}

void expectThree(const Expected<CompiledModel> &model) {
  ASSERT_TRUE(model) << toString(model.error());
  Tensor input = array("expected_test3.npz", "input");
  auto outputs = model->run(std::span(&input, 1));
  ASSERT_TRUE(outputs) << toString(outputs.error());
  EXPECT_EQ(classOf(outputs->front(), 0), 3u);
  EXPECT_LE(worstDifference(outputs->front(), array("expected_test3.npz", "probabilities")), 1e-5f);
}

struct File {
  std::string path;
  std::optional<std::string> weights = std::nullopt;
};

class MnistFile : public testing::TestWithParam<File> {};

TEST_P(MnistFile, seesTheThree) {
  auto model = keras::readModel(GetParam().path, GetParam().weights);
  ASSERT_TRUE(model) << toString(model.error());
  for (int level : {0, 3})
    expectThree(compile(*model, {.level = level, .target = "x86-64-v3"}));
}

/// The ways to convolve agree with Keras: directly, and by minimal filtering with either tile.
TEST(Mnist, everyTileOfMinimalFilteringSeesTheThree) {
  auto model = keras::readModel(example + "cnn.h5");
  ASSERT_TRUE(model) << toString(model.error());
  for (int winograd : {0, 2, 4})
    for (const char *target : {"x86-64-v2", "x86-64-v3"})
      for (int threads : {1, 2})
        expectThree(compile(*model, {.threads = threads, .target = target, .winograd = winograd}));
}

/// Weights of 16 bits cost accuracy, but not the answer.
TEST(Mnist, narrowWeightsSeeTheThree) {
  auto model = keras::readModel(example + "cnn.h5");
  ASSERT_TRUE(model) << toString(model.error());
  Tensor input = array("expected_test3.npz", "input");
  for (DType type : {DType::bf16, DType::f16})
    for (int winograd : {0, 2}) {
      auto compiled =
          compile(*model, {.target = "x86-64-v3", .winograd = winograd, .weightType = type});
      ASSERT_TRUE(compiled) << toString(compiled.error());
      auto outputs = compiled->run(std::span(&input, 1));
      ASSERT_TRUE(outputs) << toString(outputs.error());
      EXPECT_EQ(classOf(outputs->front(), 0), 3u);
      float error = worstDifference(outputs->front(), array("expected_test3.npz", "probabilities"));
      EXPECT_GT(error, 0.f); // they are narrow indeed
      EXPECT_LE(error, 1e-3f);
    }
}

TEST(Mnist, halfPrecisionNeedsAProcessorThatKnowsIt) {
  auto compiled = compile(*keras::readModel(example + "cnn.h5"),
                          {.target = "x86-64-v2", .weightType = DType::f16});
  ASSERT_FALSE(compiled);
  EXPECT_THAT(toString(compiled.error()), testing::HasSubstr("no instructions for float16"));
}

INSTANTIATE_TEST_SUITE_P(All, MnistFile,
                         testing::Values(File{example + "cnn.h5"},
                                         File{golden + "cnn_with_input_layer.h5"},
                                         File{golden + "cnn.keras"}, File{golden + "cnn_keras3.h5"},
                                         File{golden + "cnn.json", golden + "mnist_weights.h5"}));

TEST(Mnist, aModelBuiltInCodeSeesTheThree) {
  using namespace keras::layers;
  keras::Sequential model;
  model.add(Input({28, 28, 1}));
  model.add(Conv2D(32, {3, 3}, {.activation = "relu"}));
  model.add(Conv2D(64, {3, 3}, {.activation = "relu"}));
  model.add(MaxPooling2D({2, 2}));
  model.add(Dropout(0.25));
  model.add(Flatten());
  model.add(Dense(128, {.activation = "relu"}));
  model.add(Dropout(0.5));
  model.add(Dense(10, {.activation = "softmax"}));
  auto loaded = model.loadWeights(golden + "mnist_weights.h5");
  ASSERT_TRUE(loaded) << toString(loaded.error());
  auto data = model.toModel();
  ASSERT_TRUE(data) << toString(data.error());
  expectThree(compile(*data));
}

TEST(Mnist, allTestImagesGetKerasClassesAndProbabilities) {
  auto images = formats::readIdxFile("data/mnist/t10k-images-idx3-ubyte.gz");
  ASSERT_TRUE(images) << toString(images.error());
  Tensor input = images->toFloat32().reshaped({10000, 28, 28, 1});
  for (float &value : input.as<float>())
    value /= 255.0f;
  Tensor expected = array("expected_test_outputs.npz", "probabilities");
  for (int threads : {1, 2}) {
    auto model = keras::readModel(example + "cnn.h5");
    ASSERT_TRUE(model) << toString(model.error());
    auto compiled = compile(*model, {.threads = threads, .target = "x86-64-v3"});
    ASSERT_TRUE(compiled) << toString(compiled.error());
    // 157 = 10000 / 64 rounded up: batches of 64, and a last one of 16.
    for (int64_t at = 0; at < 10000; at += 64) {
      int64_t count = std::min<int64_t>(64, 10000 - at);
      Tensor batch(DType::f32, {count, 28, 28, 1});
      std::ranges::copy(input.as<float>().subspan(at * 784, count * 784),
                        batch.as<float>().begin());
      auto outputs = compiled->run(std::span(&batch, 1));
      ASSERT_TRUE(outputs) << toString(outputs.error());
      Tensor part =
          Tensor::fromFloats({count, 10}, expected.as<float>().subspan(at * 10, count * 10));
      ASSERT_LE(worstDifference(outputs->front(), part), 1e-5f) << "from image " << at;
      for (int64_t i = 0; i < count; ++i)
        ASSERT_EQ(classOf(outputs->front(), i), classOf(part, i)) << "image " << at + i;
    }
  }
}

TEST(Mnist, TheFileOf2017Runs) {
  auto compiled = compile(golden + "TFKeras.h5");
  ASSERT_TRUE(compiled) << toString(compiled.error());
  Tensor input = array("expected_test3.npz", "input").reshaped({1, 784});
  auto outputs = compiled->run(std::span(&input, 1));
  ASSERT_TRUE(outputs) << toString(outputs.error());
  EXPECT_EQ(outputs->front().shape(), (Shape{1, 10}));
  float sum = 0;
  for (float probability : outputs->front().as<float>())
    sum += probability;
  EXPECT_NEAR(sum, 1, 1e-6);
}

} // namespace
