#include "Timing.h"
#include "runtime/ForBatch.h"

#include <algorithm>
#include <chrono>
#include <random>

namespace hornet::tool {

Timing summarize(std::vector<double> microseconds) {
  std::ranges::sort(microseconds);
  auto at = [&](double part) {
    return microseconds[static_cast<size_t>(part * static_cast<double>(microseconds.size() - 1))];
  };
  return {microseconds.size(), at(0), at(0.25), at(0.5), at(0.75)};
}

Expected<std::vector<double>> callFor(double seconds, const std::function<Expected<void>()> &call) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> times;
  auto begin = Clock::now(), start = begin;
  do {
    HORNET_TRY(call());
    auto stop = Clock::now();
    times.push_back(std::chrono::duration<double, std::micro>(stop - start).count());
    start = stop;
  } while (std::chrono::duration<double>(start - begin).count() < seconds);
  return times;
}

Expected<Timing> timeCalls(double seconds, const std::function<Expected<void>()> &call) {
  HORNET_TRY(callFor(seconds / 10, call));
  return summarize(HORNET_TRY(callFor(seconds, call)));
}

std::vector<Tensor> randomInputs(const std::vector<runtime::Port> &ports, int64_t batch,
                                 uint32_t seed) {
  std::mt19937 engine(seed);
  std::vector<Tensor> inputs;
  for (const runtime::Port &port : ports) {
    Tensor input(port.dtype, runtime::forBatch(port.shape, batch));
    if (port.dtype == DType::boolean)
      std::ranges::fill(input.as<uint8_t>(), 1);
    else if (port.dtype == DType::f32)
      std::ranges::generate(input.as<float>(),
                            [&] { return static_cast<float>(engine() >> 8) * 0x1p-24f; });
    inputs.push_back(std::move(input));
  }
  return inputs;
}

} // namespace hornet::tool
