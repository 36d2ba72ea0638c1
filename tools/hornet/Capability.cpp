#include "Capability.h"

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

namespace hornet::tool {

namespace {

/// Loops over vectors of so many bytes. They have no target of their own: inlined into a function
/// that has one, they become its instructions.
template <int vectorBytes> struct Loops {
  typedef float Vector __attribute__((vector_size(vectorBytes)));
  static constexpr int lanes = vectorBytes / sizeof(float);
  static constexpr int chains = 12; ///< hides the latency, and fits into 16 registers

  [[gnu::always_inline]] static float sum(const Vector (&vectors)[chains]) {
    float total = 0;
    for (const Vector &vector : vectors)
      for (int i = 0; i < lanes; ++i)
        total += vector[i];
    return total;
  }

  /// `rounds` times `chains` multiply-adds of vectors.
  [[gnu::always_inline]] static float multiplyAdd(int64_t rounds) {
    volatile float unknown = 0.5f;
    Vector factor = Vector{} + unknown, offset = Vector{} + unknown;
    Vector sums[chains] = {};
    for (int64_t i = 0; i < rounds; ++i)
#pragma unroll
      for (Vector &chain : sums)
        chain = chain * factor + offset;
    return sum(sums);
  }

  /// Reads `count` floats, a multiple of blockFloats.
  [[gnu::always_inline]] static float read(const float *data, size_t count) {
    Vector sums[chains] = {};
    for (size_t i = 0; i < count; i += lanes * chains)
#pragma unroll
      for (int chain = 0; chain < chains; ++chain)
        sums[chain] += *reinterpret_cast<const Vector *>(data + i + chain * lanes);
    return sum(sums);
  }
};

/// The loops for one kind of vectors.
struct Kernels {
  std::string_view name;
  int lanes;
  float (*multiplyAdd)(int64_t rounds);
  float (*read)(const float *data, size_t count);
};

constexpr int chains = Loops<16>::chains;
constexpr size_t blockFloats = Loops<64>::lanes * chains;

float multiplyAdd128(int64_t rounds) { return Loops<16>::multiplyAdd(rounds); }
float read128(const float *data, size_t count) { return Loops<16>::read(data, count); }

#ifdef __x86_64__
[[gnu::target("avx2,fma")]] float multiplyAdd256(int64_t rounds) {
  return Loops<32>::multiplyAdd(rounds);
}
[[gnu::target("avx2,fma")]] float read256(const float *data, size_t count) {
  return Loops<32>::read(data, count);
}
[[gnu::target("avx512f")]] float multiplyAdd512(int64_t rounds) {
  return Loops<64>::multiplyAdd(rounds);
}
[[gnu::target("avx512f")]] float read512(const float *data, size_t count) {
  return Loops<64>::read(data, count);
}

Kernels kernels() {
  if (__builtin_cpu_supports("avx512f"))
    return {"AVX-512", 16, multiplyAdd512, read512};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return {"AVX2", 8, multiplyAdd256, read256};
  return {"SSE2", 4, multiplyAdd128, read128};
}
#else
Kernels kernels() { return {"128 bit", 4, multiplyAdd128, read128}; }
#endif

/// Seconds of the fastest of several runs of `work`, on all threads at once.
double fastest(int threads, const std::function<void(int thread)> &work) {
  using Clock = std::chrono::steady_clock;
  constexpr int runs = 20;
  double best = 1e9;
  std::barrier together(threads);
  auto body = [&](int thread) {
    work(thread); // the first touch of its memory
    for (int run = 0; run < runs; ++run) {
      together.arrive_and_wait();
      auto start = Clock::now();
      work(thread);
      together.arrive_and_wait();
      std::chrono::duration<double> taken = Clock::now() - start;
      if (thread == 0)
        best = std::min(best, taken.count());
    }
  };
  std::vector<std::jthread> others;
  for (int thread = 1; thread < threads; ++thread)
    others.emplace_back(body, thread);
  body(0);
  return best;
}

/// More threads than processors do no more.
int useful(int threads) {
  return std::clamp(threads, 1,
                    static_cast<int>(std::max(1u, std::thread::hardware_concurrency())));
}

volatile float sink; ///< keeps what is computed

} // namespace

std::string_view vectorName() { return kernels().name; }

double measurePeak(int threads) {
  constexpr int64_t rounds = 2'000'000; // some milliseconds
  threads = useful(threads);
  Kernels loops = kernels();
  double seconds = fastest(threads, [&](int) { sink = loops.multiplyAdd(rounds); });
  return 2.0 * loops.lanes * chains * rounds * threads / seconds / 1e9;
}

double measureBandwidth(size_t bytes, int threads) {
  constexpr size_t most = size_t{1} << 28, runBytes = size_t{1} << 26;
  threads = useful(threads);
  Kernels loops = kernels();
  size_t blocks = std::min(bytes, most) / sizeof(float) / blockFloats / threads;
  size_t count = std::max<size_t>(blocks, 8) * blockFloats;
  size_t passes = std::max<size_t>(1, runBytes / (count * sizeof(float)));
  struct alignas(64) Block {
    float values[blockFloats];
  };
  std::vector<std::vector<Block>> parts(threads);
  double seconds = fastest(threads, [&](int thread) {
    parts[thread].resize(count / blockFloats);
    for (size_t pass = 0; pass < passes; ++pass)
      sink = loops.read(parts[thread].front().values, count);
  });
  return static_cast<double>(passes * count * sizeof(float)) * threads / seconds / 1e9;
}

} // namespace hornet::tool
