#include "Capability.h"
#include "Commands.h"
#include "Cost.h"
#include "Terminal.h"
#include "Timing.h"
#include "Trial.h"

#include <fmt/format.h>

namespace hornet::tool {

using formats::Json;

namespace {
/// What was found, in the units of its names.
struct Result {
  Trial trial;
  Timing timing = {};
  double multiplyAdds = 0; ///< a call
  double bytes = 0;        ///< that a call touches
  double peak = 0;         ///< GFLOP/s
  double bandwidth = 0;    ///< GB/s

  double gflops() const { return 2 * multiplyAdds / timing.median / 1e3; }
  double gigabytes() const { return bytes / timing.median / 1e3; }
};
} // namespace

static Expected<Result> measure(const TrialOptions &options) {
  Result result{HORNET_TRY(Trial::read(options))};
  const Trial &trial = result.trial;
  runtime::Model model = HORNET_TRY(driver::load(trial.model, trial.options, options.cache.used()));
  std::vector<Tensor> inputs = randomInputs(model.inputs(), options.batch);
  std::vector<Tensor> outputs = HORNET_TRY(model.run(inputs));
  result.timing =
      HORNET_TRY(timeCalls(options.seconds, [&] { return model.run(inputs, outputs); }));
  result.multiplyAdds = static_cast<double>(totalCost(trial.description).multiplyAdds) *
                        static_cast<double>(options.batch);
  result.bytes = touchedBytes(model.manifest(), options.batch);
  result.peak = measurePeak(trial.threads());
  result.bandwidth = measureBandwidth(static_cast<size_t>(result.bytes), trial.threads());
  return result;
}

static Json jsonOf(const TrialOptions &options, const Result &result) {
  const Timing &timing = result.timing;
  return {{"model", options.model.file},
          {"random_weights", result.trial.randomWeights},
          {"batch", options.batch},
          {"threads", result.trial.threads()},
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

static std::string textOf(const TrialOptions &options, const Result &result) {
  const Timing &timing = result.timing;
  std::string text = titleOf(options, result.trial, timing.calls);
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

static Expected<ExitCode> bench(const TrialOptions &options) {
  Result result = HORNET_TRY(measure(options));
  if (options.json)
    printJson(jsonOf(options, result));
  else
    print(textOf(options, result));
  return done;
}

Command addBench(CLI::App &app) {
  CLI::App *command = addCommand(app, "bench", "Measure how fast a model runs");
  auto options = std::make_shared<TrialOptions>();
  options->add(*command);
  command->footer("Inputs are random; so are the weights of a file that has none. The peak and the "
                  "bandwidth of this\nmachine are measured in the same run.\n"
                  "Example: hornet bench cnn.h5 --batch 128 --threads 1");
  return {command, [options] { return bench(*options); }};
}

} // namespace hornet::tool
