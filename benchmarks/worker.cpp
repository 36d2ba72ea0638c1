// One runtime of the comparison, as worker.py is for the others: Hornet through its library.
//
//   hornet-worker MODEL THREADS INPUT.npy OUTPUT.npy
//
// writes the model's answer and the line "ready"; then, for each line with a number of seconds on
// standard input, calls the model for so long and answers with a line: the times of all calls in
// microseconds.

#include "compiler/Compiler.h"
#include "formats/Npy.h"

#include <chrono>
#include <fmt/format.h>
#include <iostream>
#include <numeric>

using namespace hornet;

using Clock = std::chrono::steady_clock;

static double microsecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

static Expected<std::vector<double>> timeCalls(const CompiledModel &model,
                                               std::span<const Tensor> inputs,
                                               std::span<Tensor> outputs, double seconds) {
  std::vector<double> times;
  for (auto begin = Clock::now(); microsecondsSince(begin) < seconds * 1e6;) {
    auto start = Clock::now();
    HORNET_TRY(model.run(inputs, outputs));
    times.push_back(microsecondsSince(start));
  }
  return times;
}

static Expected<void> serve(char **arguments) {
  CompileOptions options;
  options.threads = std::stoi(arguments[2]);
  keras::Model keras = HORNET_TRY(keras::readModel(arguments[1]));
  CompiledModel model = HORNET_TRY(compile(keras, options));
  std::vector<Tensor> inputs = {HORNET_TRY(formats::readNpyFile(arguments[3])).toFloat32()};
  std::vector<Tensor> outputs = HORNET_TRY(model.run(inputs));
  HORNET_TRY(formats::writeFile(arguments[4], formats::writeNpy(outputs.front())));
  std::cout << "ready" << std::endl;
  for (double seconds; std::cin >> seconds;) {
    for (double time : HORNET_TRY(timeCalls(model, inputs, outputs, seconds)))
      fmt::print("{:.2f} ", time);
    fmt::print("\n");
    std::fflush(stdout);
  }
  return {};
}

int main(int argc, char **argv) {
  if (argc != 5) {
    fmt::print(stderr, "usage: hornet-worker MODEL THREADS INPUT.npy OUTPUT.npy\n");
    return 2;
  }
  auto served = serve(argv);
  if (!served)
    fmt::print(stderr, "error: {}\n", toString(served.error()));
  return served ? 0 : 1;
}
