#include "Capability.h"
#include "Commands.h"
#include "Cost.h"
#include "Options.h"
#include "Terminal.h"
#include "Timing.h"

#include "keras/Weights.h"

#include <fmt/format.h>
#include <numeric>
#include <thread>

namespace hornet::tool {

using formats::Json;

namespace {
struct Options {
  ModelOptions model;
  CompileFlags flags;
  int64_t batch = 1;
  double seconds = 2;
  bool json = false;
};

/// What was found, in the units of its names.
struct Result {
  Timing timing;
  int threads = 1;
  bool randomWeights = false;
  double multiplyAdds = 0; ///< a call
  double bytes = 0;        ///< that a call touches
  double peak = 0;         ///< GFLOP/s
  double bandwidth = 0;    ///< GB/s

  double gflops() const { return 2 * multiplyAdds / timing.median / 1e3; }
  double gigabytes() const { return bytes / timing.median / 1e3; }
};
} // namespace

static double bytesOf(const Shape &shape, DType dtype, int64_t batch) {
  double bytes = static_cast<double>(sizeOf(dtype));
  for (int64_t extent : shape)
    bytes *= static_cast<double>(extent == unknownSize ? batch : extent);
  return bytes;
}

/// What one call touches: weights, inputs, outputs, and the arena of everything in between.
static double touchedBytes(const runtime::Manifest &manifest, int64_t batch) {
  double bytes =
      static_cast<double>(manifest.predict.arena.bytes) +
      static_cast<double>(manifest.predict.arena.bytesPerSample) * static_cast<double>(batch);
  for (const runtime::WeightSlot &slot : manifest.predict.weights)
    bytes += slot.source == runtime::WeightSlot::Source::prepared
                 ? bytesOf(manifest.prepared[slot.index], DType::f32, batch)
                 : bytesOf(manifest.parameters[slot.index].shape,
                           manifest.parameters[slot.index].dtype, batch);
  for (const auto *ports : {&manifest.inputs, &manifest.outputs})
    for (const runtime::Port &port : *ports)
      bytes += bytesOf(port.shape, port.dtype, batch);
  return bytes;
}

static Expected<Result> measure(const Options &options) {
  Result result;
  CompileOptions compileOptions = HORNET_TRY(options.flags.parse());
  keras::Model model = HORNET_TRY(options.model.read());
  ModelDescription description = HORNET_TRY(describe(model, compileOptions));
  result.randomWeights = !model.weights;
  if (result.randomWeights)
    model.weights = keras::Weights::random(1);
  CompiledModel compiled = HORNET_TRY(compile(model, compileOptions));
  std::vector<Tensor> inputs = randomInputs(compiled.inputs(), options.batch);
  result.timing = HORNET_TRY(timeCalls(options.seconds, [&]() -> Expected<void> {
    HORNET_TRY(compiled.run(inputs));
    return {};
  }));
  result.threads = compileOptions.threads
                       ? compileOptions.threads
                       : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  result.multiplyAdds =
      static_cast<double>(totalCost(description).multiplyAdds) * static_cast<double>(options.batch);
  result.bytes = touchedBytes(compiled.manifest(), options.batch);
  result.peak = measurePeak(result.threads);
  result.bandwidth = measureBandwidth(static_cast<size_t>(result.bytes), result.threads);
  return result;
}

static Json jsonOf(const Options &options, const Result &result) {
  const Timing &timing = result.timing;
  return {{"model", options.model.file},
          {"random_weights", result.randomWeights},
          {"batch", options.batch},
          {"threads", result.threads},
          {"calls", timing.calls},
          {"median_us", timing.median},
          {"min_us", timing.least},
          {"quartiles_us", {timing.lowerQuartile, timing.upperQuartile}},
          {"spread", timing.spread()},
          {"multiply_adds", result.multiplyAdds},
          {"gflops", result.gflops()},
          {"vector", vectorName()},
          {"peak_gflops", result.peak},
          {"share_of_peak", result.gflops() / result.peak},
          {"bytes", result.bytes},
          {"gb_per_second", result.gigabytes()},
          {"bandwidth_gb_per_second", result.bandwidth},
          {"share_of_bandwidth", result.gigabytes() / result.bandwidth}};
}

static std::string textOf(const Options &options, const Result &result) {
  const Timing &timing = result.timing;
  std::string text = fmt::format(
      "{}: batch {}, {} thread{}, {} calls{}\n", printable(options.model.file), options.batch,
      result.threads, result.threads == 1 ? "" : "s", grouped(static_cast<int64_t>(timing.calls)),
      result.randomWeights ? ", random weights" : "");
  text += fmt::format("  median   {:.1f} us (quartiles {:.1f} to {:.1f}, fastest {:.1f})\n",
                      timing.median, timing.lowerQuartile, timing.upperQuartile, timing.least);
  text +=
      fmt::format("  compute  {:.1f} GFLOP/s, {:.1f} % of the peak: {:.1f} GFLOP/s of {} "
                  "multiply-adds\n",
                  result.gflops(), 100 * result.gflops() / result.peak, result.peak, vectorName());
  text += fmt::format("  memory   {:.1f} GB/s, {:.1f} % of a streaming read's: {:.1f} GB/s from "
                      "{}\n",
                      result.gigabytes(), 100 * result.gigabytes() / result.bandwidth,
                      result.bandwidth, byteSize(result.bytes));
  return text;
}

static Expected<ExitCode> bench(const Options &options) {
  Result result = HORNET_TRY(measure(options));
  if (options.json)
    printJson(jsonOf(options, result));
  else
    print(textOf(options, result));
  return done;
}

Command addBench(CLI::App &app) {
  CLI::App *command = app.add_subcommand("bench", "Measure how fast a model runs");
  auto options = std::make_shared<Options>();
  options->model.add(*command);
  command->add_option("--batch", options->batch, "Samples a call")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000'000).description(""))
      ->capture_default_str();
  command->add_option("--seconds", options->seconds, "How long to call it again and again")
      ->type_name("S")
      ->check(CLI::Range(0.001, 3600.0).description(""))
      ->capture_default_str();
  command->add_flag("--json", options->json, "As JSON");
  options->flags.add(*command);
  command->footer("Inputs are random; so are the weights of a file that has none. The peak and the "
                  "bandwidth of this\nmachine are measured in the same run.\n"
                  "Example: hornet bench cnn.h5 --batch 128 --threads 1");
  return {command, [options] { return bench(*options); }};
}

} // namespace hornet::tool
