// A program of its own, which counts every allocation: training steps make none.

#include "driver/Driver.h"
#include "test/base/Allocations.h"
#include "training/Objective.h"
#include "training/StepRunner.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

namespace hornet::training {
namespace {

const std::string data = "test/end-to-end/data/training/";

/// Convolution, moving statistics, dropout, and an optimizer with slots; or layers that step
/// through time, with masks and dropout.
Expected<StepRunner> makeRunner(int level, int threads, const std::string &file = "model.json") {
  keras::Model model = HORNET_TRY(keras::readModel(data + file));
  const char *loss =
      file == "model.json" ? "sparse_categorical_crossentropy" : "binary_crossentropy";
  Objective objective = HORNET_TRY(Objective::of({.optimizer = "adam", .loss = loss}, model));
  CompileOptions options{.level = level, .threads = threads, .target = "x86-64-v3"};
  options.step = objective.step(step::Kind::train, "adam");
  options.step->sampleWeights = true;
  runtime::Model step = HORNET_TRY(driver::loadStep(model, options, /*useCache=*/false));
  std::vector<Tensor> values;
  for (const Parameter &parameter : step.manifest().step->parameters) {
    Tensor &value = values.emplace_back(DType::f32, parameter.shape);
    for (int64_t i = 0; i < value.size(); ++i)
      value.as<float>()[i] = 0.01f * static_cast<float>(i % 13 - 6);
  }
  return StepRunner::make(std::move(step), values);
}

/// The batch's inputs, labels and weights.
std::vector<Tensor> makeBatch(const StepRunner &runner, int64_t size) {
  std::vector<Tensor> batch;
  for (size_t i = 0; i < 3; ++i) {
    Shape shape = runner.compiled().inputs()[i].shape;
    shape[0] = size;
    Tensor &values = batch.emplace_back(DType::f32, shape);
    for (int64_t j = 0; j < values.size(); ++j)
      values.as<float>()[j] = static_cast<float>(i == 2 ? 1 : j % 7);
  }
  return batch;
}

void expectNone(int level, int threads, const std::string &file) {
  SCOPED_TRACE(file + " -O" + std::to_string(level) + ", threads: " + std::to_string(threads));
  auto runner = makeRunner(level, threads, file);
  ASSERT_TRUE(runner) << toString(runner.error());
  int64_t done = 0;
  // As in two epochs whose last batch is smaller: only the first of a size may allocate.
  for (int64_t size : {7, 3, 7, 3}) {
    std::vector<Tensor> batch = makeBatch(*runner, size);
    auto step = [&] {
      bool ran = runner->run(batch, {.learningRate = 0.01f, .iteration = done++}).has_value();
      runner->accept();
      return ran && std::isfinite(runner->loss());
    };
    if (done < 20)
      ASSERT_TRUE(step());
    float before = runner->loss();
    size_t counted = allocations;
    for (int i = 0; i < 10; ++i)
      if (!step())
        break;
    EXPECT_EQ(allocations - counted, 0u) << "batch " << size;
    EXPECT_TRUE(std::isfinite(runner->loss()));
    EXPECT_NE(runner->loss(), before) << "nothing was trained";
  }
  EXPECT_EQ(done, 42) << "a step failed";
}

TEST(Allocations, noneIsMadeByTrainingSteps) {
  for (int threads : {1, 2})
    for (int level : {0, 3})
      for (const char *file : {"model.json", "text.keras"})
        expectNone(level, threads, file);
}

TEST(StepRunner, refusesBatchesThatLackAnArray) {
  auto runner = makeRunner(0, 1);
  ASSERT_TRUE(runner) << toString(runner.error());
  std::vector<Tensor> batch = makeBatch(*runner, 2);
  batch.pop_back();
  auto ran = runner->run(batch);
  ASSERT_FALSE(ran);
  EXPECT_EQ(toString(ran.error()),
            "2 arrays are no batch of a step with 6 inputs besides its states");
}

} // namespace
} // namespace hornet::training
