// A program of its own, which counts every allocation: calls of a compiled model make none.

#include "compiler/Compiler.h"
#include "test/base/Allocations.h"

#include <cstdlib>
#include <dlfcn.h>
#include <gtest/gtest.h>

using namespace hornet;

TEST(Allocations, areCounted) {
  size_t before = allocations;
  auto number = std::make_unique<int>();
  std::unique_ptr<void, decltype(&free)> bytes(aligned_alloc(64, 128), free);
  EXPECT_EQ(allocations - before, 2u) << number << bytes;
}

static void expectNone(const keras::Model &model, int level, int threads) {
  SCOPED_TRACE("-O" + std::to_string(level) + ", threads: " + std::to_string(threads));
  auto compiled = compile(model, {.level = level, .threads = threads, .target = "x86-64-v3"});
  ASSERT_TRUE(compiled) << toString(compiled.error());
  Shape shape = compiled->inputs().front().shape;
  for (int64_t batch : {5, 1}) { // a smaller batch after a larger one
    shape[0] = batch;
    Tensor input(DType::f32, shape);
    auto outputs = compiled->run(std::span(&input, 1));
    ASSERT_TRUE(outputs) << toString(outputs.error());
    Tensor before = Tensor::fromFloats(outputs->front().shape(), outputs->front().as<float>());
    size_t counted = allocations;
    for (int i = 0; i < 10; ++i)
      if (!compiled->run(std::span(&input, 1), *outputs))
        break;
    EXPECT_EQ(allocations - counted, 0u) << "batch " << batch;
    EXPECT_TRUE(std::ranges::equal(outputs->front().as<float>(), before.as<float>()));
  }
}

TEST(Allocations, noneIsMadeByCallsOfTheMnistNetwork) {
  auto model = keras::readModel("examples/01-digit/cnn.h5");
  ASSERT_TRUE(model) << toString(model.error());
  for (int threads : {1, 2})
    for (int level : {0, 3})
      expectNone(*model, level, threads);
}

TEST(Allocations, noneIsMadeByCallsOfMobileNet) {
  auto model = keras::readModel("test/golden/layers/net_app__mobilenet_025/model.keras");
  ASSERT_TRUE(model) << toString(model.error());
  for (int threads : {1, 2})
    expectNone(*model, 3, threads);
}

TEST(Allocations, noneIsMadeByCallsOfAnAttention) {
  auto model = keras::readModel("test/golden/layers/grouped_query_attention__long/model.keras");
  ASSERT_TRUE(model) << toString(model.error());
  for (int threads : {1, 2})
    expectNone(*model, 3, threads);
}

TEST(Threads, doNotSpinForLongAfterACall) {
  auto model = keras::readModel("examples/01-digit/cnn.h5");
  ASSERT_TRUE(model) << toString(model.error());
  auto compiled = compile(*model, {.threads = 2, .target = "x86-64-v3"});
  ASSERT_TRUE(compiled) << toString(compiled.error());
  Tensor input(DType::f32, {1, 28, 28, 1});
  ASSERT_TRUE(compiled->run(std::span(&input, 1)));
  void *openMP = dlopen("libomp.so.5", RTLD_NOW | RTLD_NOLOAD);
  ASSERT_TRUE(openMP) << dlerror();
  auto spinning = reinterpret_cast<int (*)()>(dlsym(openMP, "kmp_get_blocktime"));
  ASSERT_TRUE(spinning);
  if (!std::getenv("KMP_BLOCKTIME"))
    EXPECT_LE(spinning(), 5) << "milliseconds";
  dlclose(openMP);
}
