// The runtime alone, with entry points written in C++ in place of compiled ones.

#include "runtime/Model.h"

#include <algorithm>
#include <atomic>
#include <gtest/gtest.h>
#include <thread>

using namespace hornet;
using runtime::Artifact;
using runtime::Model;

namespace {

std::atomic<int> prepared = 0;

/// twice[i] = 2 * scale[i].
void prepare(const HornetCall *call) {
  ++prepared;
  auto *scale = static_cast<const float *>(call->buffers[0]);
  auto *twice = static_cast<float *>(call->buffers[1]);
  std::transform(scale, scale + 3, twice, [](float x) { return 2 * x; });
}

/// y = x * twice, by way of the arena, slowly enough for calls to overlap.
void predict(const HornetCall *call) {
  auto *x = static_cast<const float *>(call->buffers[0]);
  auto *twice = static_cast<const float *>(call->buffers[1]);
  auto *y = static_cast<float *>(call->buffers[2]);
  auto *arena = static_cast<float *>(call->buffers[3]);
  for (int64_t i = 0; i < call->batch * 3; ++i)
    arena[i] = x[i] * twice[i % 3];
  std::this_thread::yield();
  std::copy(arena, arena + call->batch * 3, y);
}

Artifact artifact() {
  using Source = runtime::WeightSlot::Source;
  Artifact result;
  result.manifest.inputs = {{"x", DType::f32, {unknownSize, 3}}};
  result.manifest.outputs = {{"y", DType::f32, {unknownSize, 3}}};
  result.manifest.parameters = {{"layer/scale", {"layer"}, "scale", {3}}};
  result.manifest.prepared = {{DType::f32, {3}}};
  result.manifest.prepare.weights = {{Source::parameter, 0}};
  result.manifest.predict = {{{Source::prepared, 0}}, {0, 64}};
  result.predict = predict;
  result.prepare = prepare;
  return result;
}

Tensor tensor(Shape shape, std::vector<float> values) {
  return Tensor::fromFloats(std::move(shape), values);
}

Model model() {
  auto loaded = Model::load(artifact(), {tensor({3}, {1, 2, 3})});
  EXPECT_TRUE(loaded) << toString(loaded.error());
  return *loaded;
}

std::string refusal(const Expected<std::vector<Tensor>> &result) {
  EXPECT_FALSE(result);
  EXPECT_TRUE(std::holds_alternative<InputError>(result.error()));
  return toString(result.error());
}

} // namespace

TEST(RuntimeModel, preparesOnceAndRunsAnyBatch) {
  prepared = 0;
  Model loaded = model();
  for (int64_t batch : {1, 2, 5, 0}) {
    Tensor x(DType::f32, {batch, 3});
    std::ranges::fill(x.as<float>(), 1.0f);
    auto outputs = loaded.run(std::span(&x, 1));
    ASSERT_TRUE(outputs) << toString(outputs.error());
    ASSERT_EQ(outputs->front().shape(), (Shape{batch, 3}));
    for (int64_t i = 0; i < batch * 3; ++i)
      EXPECT_EQ(outputs->front().as<float>()[i], 2.0f * (i % 3 + 1));
  }
  EXPECT_EQ(prepared, 1);
}

TEST(RuntimeModel, tellsWhenEachSectionBegan) {
  Artifact profiled = artifact();
  profiled.manifest.sections = {{"first"}, {"second", "third"}};
  profiled.predict = [](const HornetCall *call) {
    predict(call);
    auto *stamps = static_cast<int64_t *>(call->buffers[4]);
    for (int64_t i = 0; i < 3; ++i) {
      stamps[2 * i] = i;
      stamps[2 * i + 1] = 7 * i;
    }
  };
  auto loaded = Model::load(profiled, {tensor({3}, {1, 2, 3})});
  ASSERT_TRUE(loaded);
  Tensor x = tensor({1, 3}, {1, 1, 1});
  std::vector<int64_t> nanoseconds;
  Tensor y(DType::f32, {1, 3});
  ASSERT_TRUE(loaded->run(std::span(&x, 1), std::span(&y, 1), &nanoseconds));
  EXPECT_EQ(nanoseconds, (std::vector<int64_t>{0, 1'000'000'007, 2'000'000'014}));
  ASSERT_TRUE(loaded->run(std::span(&x, 1)));
  ASSERT_TRUE(model().run(std::span(&x, 1), std::span(&y, 1), &nanoseconds));
  EXPECT_TRUE(nanoseconds.empty());
}

/// Adds what comes in to what it remembers, and gives the sum.
static Model adding() {
  Artifact stateful;
  stateful.manifest.inputs = {{"x", DType::f32, {unknownSize, 1}}};
  stateful.manifest.outputs = {{"y", DType::f32, {unknownSize, 1}}};
  stateful.manifest.states = {{.name = "sum",
                               .slot = "state",
                               .parameter = std::nullopt,
                               .shape = {unknownSize, 1},
                               .input = 1,
                               .output = 1}};
  stateful.prepare = prepare;
  stateful.predict = [](const HornetCall *call) {
    auto at = [&](int i) { return static_cast<float *>(call->buffers[i]); };
    for (int64_t i = 0; i < call->batch; ++i)
      at(2)[i] = at(3)[i] = at(0)[i] + at(1)[i];
  };
  return *Model::load(stateful, {});
}

TEST(RuntimeModel, goesOnWithAStateThatTheCallerOwns) {
  Model loaded = adding();
  Tensor x = tensor({2, 1}, {1, 10});
  auto state = loaded.newState(2), other = loaded.newState(2);
  ASSERT_TRUE(state && other);
  auto second = [&](runtime::RecurrentState *state) {
    auto outputs = loaded.run(std::span(&x, 1), state);
    EXPECT_TRUE(outputs) << toString(outputs.error());
    return outputs->front().as<float>()[1];
  };
  EXPECT_EQ(second(&*state), 10);
  EXPECT_EQ(second(&*state), 20);
  EXPECT_EQ(second(&*other), 10);
  EXPECT_EQ(second(nullptr), 10);
  EXPECT_EQ(second(&*state), 30);
  state->reset();
  EXPECT_EQ(second(&*state), 10);
  ASSERT_TRUE(state->set(0, tensor({2, 1}, {0, 5})));
  EXPECT_EQ(second(&*state), 15);
  EXPECT_FALSE(state->set(0, tensor({1, 1}, {0})));
}

TEST(RuntimeModel, refusesAStateOfAnotherBatchOrModel) {
  Model loaded = adding();
  Tensor x = tensor({2, 1}, {1, 10});
  auto three = loaded.newState(3), none = model().newState(2);
  ASSERT_TRUE(three && none);
  EXPECT_NE(refusal(loaded.run(std::span(&x, 1), &*three)).find("a batch of 3, the inputs have 2"),
            std::string::npos);
  EXPECT_NE(refusal(loaded.run(std::span(&x, 1), &*none)).find("another model's"),
            std::string::npos);
}

TEST(RuntimeModel, callsFromSeveralThreadsDoNotDisturbEachOther) {
  Model loaded = model();
  std::atomic<int> wrong = 0;
  auto caller = [&](float value) {
    for (int round = 0; round < 200; ++round) {
      Tensor x = tensor({2, 3}, std::vector<float>(6, value));
      auto outputs = loaded.run(std::span(&x, 1));
      for (int64_t i = 0; i < 6; ++i)
        wrong += !outputs || outputs->front().as<float>()[i] != value * 2.0f * float(i % 3 + 1);
    }
  };
  std::vector<std::thread> threads;
  for (int i = 1; i <= 4; ++i)
    threads.emplace_back(caller, static_cast<float>(i));
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(RuntimeModel, refusesInputsThatDoNotFitByName) {
  Model loaded = model();
  Tensor wide = tensor({1, 4}, {1, 2, 3, 4});
  EXPECT_EQ(refusal(loaded.run(std::span(&wide, 1))),
            "'x': the input needs shape (None, 3), got (1, 4)");
  Tensor flat = tensor({3}, {1, 2, 3});
  EXPECT_EQ(refusal(loaded.run(std::span(&flat, 1))),
            "'x': the input needs shape (None, 3), got (3,)");
  Tensor whole(DType::i32, {1, 3});
  EXPECT_EQ(refusal(loaded.run(std::span(&whole, 1))), "'x': the input needs float32, got int32");
  EXPECT_EQ(refusal(loaded.run({})), "the model has 1 inputs, 0 arrays were given");
}

TEST(RuntimeModel, runsIntoTensorsThatTheCallerKeeps) {
  Model loaded = model();
  Tensor x = tensor({2, 3}, {1, 1, 1, 2, 2, 2}), y(DType::f32, {2, 3});
  auto done = loaded.run(std::span(&x, 1), std::span(&y, 1));
  ASSERT_TRUE(done) << toString(done.error());
  EXPECT_TRUE(std::ranges::equal(y.as<float>(), std::vector<float>{2, 4, 6, 4, 8, 12}));
}

TEST(RuntimeModel, refusesOutputsThatDoNotFitByName) {
  Model loaded = model();
  Tensor x = tensor({2, 3}, std::vector<float>(6)), small(DType::f32, {1, 3}),
         whole(DType::i32, {2, 3});
  auto refusalOf = [&](std::span<Tensor> outputs) {
    auto result = loaded.run(std::span(&x, 1), outputs);
    return result ? "accepted" : toString(result.error());
  };
  EXPECT_EQ(refusalOf(std::span(&small, 1)),
            "'y': the output of a batch of 2 needs shape (None, 3) float32, got (1, 3) float32");
  EXPECT_EQ(refusalOf(std::span(&whole, 1)),
            "'y': the output of a batch of 2 needs shape (None, 3) float32, got (2, 3) int32");
  EXPECT_EQ(refusalOf({}), "the model has 1 outputs, 0 arrays were given");
}

TEST(RuntimeModel, refusesParametersThatDoNotFit) {
  auto wrongShape = Model::load(artifact(), {tensor({2}, {1, 2})});
  ASSERT_FALSE(wrongShape);
  EXPECT_EQ(toString(wrongShape.error()),
            "'layer/scale': shape (3,) float32 is needed, got (2,) float32");
  auto none = Model::load(artifact(), {});
  ASSERT_FALSE(none);
  EXPECT_EQ(toString(none.error()), "1 parameters are needed, 0 were given");
}
