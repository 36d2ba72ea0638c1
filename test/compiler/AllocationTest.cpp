// A program of its own, which counts every allocation: calls of a compiled model make none.

#include "compiler/Compiler.h"

#include <atomic>
#include <cstdlib>
#include <dlfcn.h>
#include <gtest/gtest.h>

#if __has_feature(address_sanitizer)
#include <sanitizer/allocator_interface.h>
#endif

using namespace hornet;

static std::atomic<size_t> allocations = 0;

//===----------------------------------------------------------------------===//
// The C library's functions, which operator new and the OpenMP runtime call
//===----------------------------------------------------------------------===//

#if __has_feature(address_sanitizer)

static const int hooked = __sanitizer_install_malloc_and_free_hooks(
    [](const volatile void *, size_t) { ++allocations; }, [](const volatile void *) {});

#else

extern "C" {
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);

void *malloc(size_t size) { return ++allocations, __libc_malloc(size); }
void *calloc(size_t count, size_t size) { return ++allocations, __libc_calloc(count, size); }
void *realloc(void *old, size_t size) { return ++allocations, __libc_realloc(old, size); }
void *memalign(size_t to, size_t size) { return ++allocations, __libc_memalign(to, size); }
void *aligned_alloc(size_t to, size_t size) { return memalign(to, size); }
int posix_memalign(void **result, size_t to, size_t size) {
  *result = memalign(to, size);
  return *result ? 0 : ENOMEM;
}
}

#endif

//===----------------------------------------------------------------------===//
// Tests
//===----------------------------------------------------------------------===//

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
