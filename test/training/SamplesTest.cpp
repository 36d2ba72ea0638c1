#include "training/Samples.h"
#include "training/Batches.h"

#include "Message.h"

#include <gmock/gmock.h>
#include <limits>

using namespace hornet;
using namespace hornet::training;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

template <class T> Tensor tensorOf(DType type, Shape shape, std::vector<T> values) {
  Tensor tensor(type, std::move(shape));
  std::ranges::copy(values, tensor.as<T>().begin());
  return tensor;
}

Dataset dataset(Tensor x, Tensor y) {
  Dataset data;
  data.inputs = {{"d.npz", "x", std::move(x)}};
  data.targets = {{"d.npz", "y", std::move(y)}};
  return data;
}

Wanted wanted(Shape input, Shape output, TargetForm form) {
  Wanted result;
  result.inputs = {{"image", std::move(input)}};
  result.targets = {{std::move(output), form}};
  return result;
}

Tensor assembled(const Feed &feed, std::vector<int64_t> rows) {
  Shape shape = feed.shape;
  shape.insert(shape.begin(), static_cast<int64_t>(rows.size()));
  Tensor batch(feed.dtype, shape);
  feed.assemble(rows, batch.data());
  return batch;
}

/// Two gray images of 2x2, and classes 1 and 2.
Dataset images() {
  return dataset(tensorOf<uint8_t>(DType::u8, {2, 2, 2}, {0, 51, 102, 153, 204, 255, 1, 2}),
                 tensorOf<uint8_t>(DType::u8, {2}, {1, 2}));
}

TEST(Samples, BytesBecomeFloatsAndImagesTheModelsShape) {
  for (const Shape &shape : {Shape{2, 2, 1}, Shape{4}, Shape{1, 2, 2}, Shape{2, 2}}) {
    auto samples = fitSamples(images(), wanted(shape, {3}, TargetForm::oneHot));
    ASSERT_TRUE(samples) << toString(samples.error());
    Tensor batch = assembled(samples->inputs[0], {1, 0});
    EXPECT_EQ(batch.shape().size(), shape.size() + 1);
    EXPECT_THAT(batch.as<float>(), ElementsAre(0.8f, 1, 1 / 255.f, 2 / 255.f, 0, 0.2f, 0.4f, 0.6f));
  }
  Wanted raw = wanted({4}, {3}, TargetForm::oneHot);
  raw.inputs[0].scaleBytes = false;
  EXPECT_EQ(assembled(fitSamples(images(), raw)->inputs[0], {1}).as<float>()[1], 255);
  raw.inputs[0].dtype = DType::i32;
  EXPECT_EQ(assembled(fitSamples(images(), raw)->inputs[0], {1}).as<int32_t>()[1], 255);
}

TEST(Samples, TakeOpenSizesFromTheData) {
  auto samples = fitSamples(images(), wanted({unknownSize, unknownSize}, {3}, TargetForm::oneHot));
  ASSERT_TRUE(samples) << toString(samples.error());
  EXPECT_EQ(samples->inputs[0].shape, (Shape{2, 2}));
}

TEST(Samples, LabelsBecomeWhatTheLossWants) {
  auto samples = fitSamples(images(), wanted({4}, {3}, TargetForm::oneHot));
  EXPECT_THAT(assembled(samples->targets[0], {1, 0}).as<float>(), ElementsAre(0, 0, 1, 0, 1, 0));
  samples = fitSamples(images(), wanted({4}, {3}, TargetForm::sparse));
  Tensor labels = assembled(samples->targets[0], {1, 0});
  EXPECT_EQ(labels.shape(), (Shape{2}));
  EXPECT_THAT(labels.as<int32_t>(), ElementsAre(2, 1));
  samples = fitSamples(images(), wanted({4}, {1}, TargetForm::asIs));
  EXPECT_THAT(assembled(samples->targets[0], {1, 0}).as<float>(), ElementsAre(2, 1));
}

TEST(Samples, TakeLabelsOfAnyTypeAndOneHotRows) {
  Tensor x(DType::f32, {2, 1});
  auto targetsOf = [&](Tensor y) {
    auto samples = fitSamples(dataset(x, std::move(y)), wanted({1}, {3}, TargetForm::oneHot));
    EXPECT_TRUE(samples) << toString(samples.error());
    Tensor batch = assembled(samples->targets[0], {0, 1});
    auto floats = batch.as<float>();
    return std::vector(floats.begin(), floats.end());
  };
  auto expected = ElementsAre(0, 1, 0, 1, 0, 0);
  EXPECT_THAT(targetsOf(tensorOf<int64_t>(DType::i64, {2}, {1, 0})), expected);
  EXPECT_THAT(targetsOf(tensorOf<float>(DType::f32, {2, 1}, {1, 0})), expected);
  EXPECT_THAT(targetsOf(tensorOf<double>(DType::f64, {2}, {1, 0})), expected);
  EXPECT_THAT(targetsOf(tensorOf<uint8_t>(DType::u8, {2, 3}, {0, 1, 0, 1, 0, 0})), expected);
  EXPECT_THAT(targetsOf(tensorOf<float>(DType::f32, {2, 3}, {0, 1, 0, 1, 0, 0})), expected);
}

TEST(Samples, TakeALabelForEachRowOfTheOutput) {
  Tensor x(DType::f32, {1, 2});
  Tensor y = tensorOf<int32_t>(DType::i32, {1, 2}, {2, 0});
  auto hot = fitSamples(dataset(x, y), wanted({2}, {2, 3}, TargetForm::oneHot));
  ASSERT_TRUE(hot) << toString(hot.error());
  EXPECT_THAT(assembled(hot->targets[0], {0}).as<float>(), ElementsAre(0, 0, 1, 1, 0, 0));
  auto sparse = fitSamples(dataset(x, y), wanted({2}, {2, 3}, TargetForm::sparse));
  EXPECT_THAT(assembled(sparse->targets[0], {0}).as<int32_t>(), ElementsAre(2, 0));
}

TEST(Samples, FindTheInputsOfAModelByName) {
  Dataset data = dataset(tensorOf<float>(DType::f32, {1, 1}, {1}), Tensor(DType::f32, {1, 1}));
  data.inputs[0].name = "x/b";
  data.inputs.push_back({"d.npz", "x/a", tensorOf<float>(DType::f32, {1, 1}, {2})});
  Wanted two;
  two.inputs = {{"a", {1}}, {"b", {1}}};
  two.targets = {{{1}, TargetForm::asIs}};
  auto samples = fitSamples(data, two);
  ASSERT_TRUE(samples) << toString(samples.error());
  EXPECT_EQ(samples->inputs[0].values.as<float>()[0], 2);
}

std::string refused(const Dataset &data, const Wanted &model) {
  return refusal(fitSamples(data, model));
}

TEST(Samples, RefuseShapesThatDoNotFit) {
  EXPECT_EQ(refused(images(), wanted({28, 28, 1}, {3}, TargetForm::oneHot)),
            "d.npz: 'x': samples have shape (None, 2, 2), but the model's input 'image' takes "
            "(None, 28, 28, 1); resize the samples, or give the model that input shape");
  Dataset channelsLast = dataset(Tensor(DType::u8, {2, 4, 5, 3}), Tensor(DType::u8, {2}));
  EXPECT_THAT(refused(channelsLast, wanted({3, 4, 5}, {3}, TargetForm::oneHot)),
              HasSubstr("transpose the array"));
  Dataset hot = dataset(Tensor(DType::f32, {2, 1}), Tensor(DType::f32, {2, 3}));
  EXPECT_THAT(refused(hot, wanted({1}, {3}, TargetForm::sparse)),
              HasSubstr("'y': targets have shape (None, 3), but the model's output has (None, 3); "
                        "use the loss for one-hot targets"));
  EXPECT_THAT(refused(hot, wanted({1}, {4}, TargetForm::oneHot)), HasSubstr("a one-hot row"));
  EXPECT_THAT(refused(hot, wanted({1}, {4}, TargetForm::asIs)),
              HasSubstr("give targets of the output's shape"));
  Wanted two = wanted({1}, {3}, TargetForm::asIs);
  two.inputs.push_back({"b", {1}});
  EXPECT_THAT(refused(hot, two), HasSubstr("the model has 2 inputs, and the data 1"));
}

TEST(Samples, FillLabelsUpToTheTime) {
  Tensor x(DType::f32, {2, 1});
  Tensor y = tensorOf<uint8_t>(DType::u8, {2, 2}, {3, 0, 1, 2});
  auto samples = fitSamples(dataset(x, y), wanted({1}, {4, 5}, TargetForm::alignment));
  ASSERT_TRUE(samples) << toString(samples.error());
  EXPECT_THAT(assembled(samples->targets[0], {1, 0}).as<float>(),
              ElementsAre(1, 2, 0, 0, 3, 0, 0, 0));
}

TEST(Samples, RefuseLabelsThatDoNotFitIntoTheTime) {
  auto of = [&](Tensor y, Shape output) {
    Tensor x(DType::f32, {2, 1});
    return refused(dataset(x, std::move(y)), wanted({1}, std::move(output), TargetForm::alignment));
  };
  EXPECT_EQ(of(tensorOf<uint8_t>(DType::u8, {2, 3}, {1, 2, 1, 1, 1, 2}), {3, 5}),
            "d.npz: 'y': sample 1 needs 4 time steps for its labels, and the output has 3; give "
            "labels from 1 that fit, and 0 behind them");
  EXPECT_THAT(of(tensorOf<uint8_t>(DType::u8, {2, 3}, {1, 2, 1, 1, 0, 2}), {3, 5}),
              HasSubstr("sample 1 has a label behind a 0"));
  EXPECT_THAT(of(tensorOf<uint8_t>(DType::u8, {2, 3}, {1, 2, 1, 1, 5, 2}), {3, 5}),
              HasSubstr("label 5 of sample 1 is out of range"));
  EXPECT_THAT(of(tensorOf<uint8_t>(DType::u8, {2}, {1, 2}), {3, 5}),
              HasSubstr("give an array (samples, labels)"));
}

TEST(Samples, RefuseLabelsThatAreNoClasses) {
  auto of = [&](Tensor y, int64_t classes) {
    Tensor x(DType::f32, {3, 1});
    return refused(dataset(x, std::move(y)), wanted({1}, {classes}, TargetForm::sparse));
  };
  EXPECT_EQ(of(tensorOf<uint8_t>(DType::u8, {3}, {0, 10, 11}), 10),
            "d.npz: 'y': label 10 of sample 1 is out of range: the model has 10 classes; give the "
            "last layer 12 units, or labels from 0 to 9");
  EXPECT_THAT(of(tensorOf<int64_t>(DType::i64, {3}, {1, 2, 3}), 3),
              HasSubstr("label 3 of sample 2 is out of range: the model has 3 classes; labels "
                        "begin at 0: subtract 1"));
  EXPECT_THAT(of(tensorOf<int32_t>(DType::i32, {3}, {0, -1, 0}), 3),
              HasSubstr("label -1 of sample 1 is out of range"));
  EXPECT_THAT(of(tensorOf<float>(DType::f32, {3}, {0, 1, 0.5f}), 3),
              HasSubstr("label of sample 2 is no integer"));
  EXPECT_THAT(of(tensorOf<int64_t>(DType::i64, {3}, {0, int64_t{1} << 40, 0}), 3),
              HasSubstr("label of sample 1 is no integer"));
}

TEST(Samples, RefuseNumbersThatAreNotFinite) {
  float nan = std::numeric_limits<float>::quiet_NaN();
  Tensor x = tensorOf<float>(DType::f32, {2, 2}, {0, 1, 2, nan}), y(DType::f32, {2, 1});
  EXPECT_THAT(refused(dataset(x, y), wanted({2}, {1}, TargetForm::asIs)),
              HasSubstr("d.npz: 'x': sample 1 has a nan; remove"));
  Tensor infinite = tensorOf<double>(DType::f64, {2, 1}, {HUGE_VAL, 0});
  EXPECT_THAT(refused(dataset(y, infinite), wanted({1}, {1}, TargetForm::asIs)),
              HasSubstr("'y': sample 0 has a inf"));
  Wanted tokens = wanted({1}, {1}, TargetForm::asIs);
  tokens.inputs[0].dtype = DType::i32;
  EXPECT_THAT(refused(dataset(y, y), tokens),
              HasSubstr("holds float32, but the model takes integers"));
}

TEST(Samples, RefuseWeightsThatAreNone) {
  Dataset data = images();
  Wanted model = wanted({4}, {3}, TargetForm::oneHot);
  data.weights = {"d.npz", "sample_weight", tensorOf<float>(DType::f32, {2}, {1, -2})};
  EXPECT_THAT(refused(data, model), HasSubstr("weight -2 of sample 1 is negative"));
  data.weights->values = Tensor(DType::f32, {2, 2});
  EXPECT_THAT(refused(data, model), HasSubstr("weights have shape (2, 2), one number a sample"));
}

TEST(Samples, WeightsMayBeOfTimeSteps) {
  Dataset data = dataset(Tensor(DType::f32, {2, 4}), Tensor(DType::f32, {2, 3, 5}));
  Wanted model = wanted({4}, {3, 5}, TargetForm::asIs);
  data.weights = {"d.npz", "sample_weight",
                  tensorOf<float>(DType::f32, {2, 3}, {1, 2, 3, 4, 5, 6})};
  auto samples = fitSamples(data, model);
  ASSERT_TRUE(samples) << toString(samples.error());
  EXPECT_EQ(samples->weights->shape(), (Shape{2, 3}));
  auto batches = *Batches::make(*samples, {.batchSize = 1, .shuffle = false});
  ASSERT_TRUE(batches->start(0));
  EXPECT_THAT(batches->next()->weights.as<float>(), ElementsAre(1, 2, 3));
  const Batch *second = batches->next();
  EXPECT_EQ(second->weights.shape(), (Shape{1, 3}));
  EXPECT_THAT(second->weights.as<float>(), ElementsAre(4, 5, 6));

  data.weights->values = tensorOf<float>(DType::f32, {2, 3}, {1, 2, 3, 4, -5, 6});
  EXPECT_THAT(refused(data, model), HasSubstr("weight -5 of sample 1 is negative"));
  data.weights->values = Tensor(DType::f32, {2, 5});
  EXPECT_THAT(refused(data, model), HasSubstr("one number a sample is needed, or (3,) of them"));
  data.weights->values = tensorOf<float>(DType::f32, {2, 1}, {1, 2});
  EXPECT_EQ(fitSamples(data, model)->weights->shape(), (Shape{2}));
}

TEST(Samples, ClassWeightsDoNotMixWithThoseOfTimeSteps) {
  Samples samples = *fitSamples(images(), wanted({4}, {3}, TargetForm::oneHot));
  samples.weights = Tensor(DType::f32, {2, 3});
  EXPECT_THAT(refusal(weighClasses(samples, {{1, 2.f}})), HasSubstr("a weight for each time step"));
}

TEST(Samples, TheLastFractionValidates) {
  Tensor x(DType::f32, {10, 1});
  Samples samples = *fitSamples(dataset(x, x), wanted({1}, {1}, TargetForm::asIs));
  auto split = splitValidation(samples, 0.25);
  ASSERT_TRUE(split);
  EXPECT_EQ(split->train.first, 0); // Keras: floor(10 * 0.75)
  EXPECT_EQ(split->train.count, 7);
  EXPECT_EQ(split->validation.first, 7);
  EXPECT_EQ(split->validation.count, 3);
  for (double fraction : {0.0, 1.0, 0.99, -0.1})
    EXPECT_THAT(refusal(splitValidation(samples, fraction)), HasSubstr("of 10 samples leaves none"))
        << fraction;
}

TEST(Samples, ClassWeightsMultiplySampleWeights) {
  Dataset data = images();
  Samples samples = *fitSamples(data, wanted({4}, {3}, TargetForm::oneHot));
  ASSERT_TRUE(weighClasses(samples, {{2, 3.f}}));
  EXPECT_THAT(samples.weights->as<float>(), ElementsAre(1, 3));
  ASSERT_TRUE(weighClasses(samples, {{1, 2.f}, {2, 2.f}}));
  EXPECT_THAT(samples.weights->as<float>(), ElementsAre(2, 6));

  data.targets[0].values = tensorOf<float>(DType::f32, {2, 3}, {0, 1, 0, 0, 0, 1});
  samples = *fitSamples(data, wanted({4}, {3}, TargetForm::oneHot));
  ASSERT_TRUE(weighClasses(samples, {{2, 3.f}}));
  EXPECT_THAT(samples.weights->as<float>(), ElementsAre(1, 3));

  EXPECT_THAT(refusal(weighClasses(samples, {{0, -1.f}})), HasSubstr("class 0 has weight -1"));
  samples.targets[0].shape = {2, 2};
  EXPECT_THAT(refusal(weighClasses(samples, {})), HasSubstr("are no classes"));
  samples.targets.push_back(samples.targets[0]);
  EXPECT_THAT(refusal(weighClasses(samples, {})), HasSubstr("several outputs"));
}

} // namespace
