#include "Trial.h"

#include "Terminal.h"

#include "keras/Weights.h"
#include "runtime/ForBatch.h"

#include <fmt/format.h>

namespace hornet::tool {

void TrialOptions::add(CLI::App &command) {
  addWithoutSeconds(command);
  command.add_option("--seconds", seconds, "How long to call it again and again")
      ->type_name("S")
      ->check(CLI::Range(0.001, 3600.0).description(""))
      ->capture_default_str();
}

void TrialOptions::addWithoutSeconds(CLI::App &command) {
  model.add(command);
  command.add_option("--batch", batch, "Samples a call")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000'000).description(""))
      ->capture_default_str();
  command.add_flag("--json", json, "As JSON");
  flags.add(command);
  cache.add(command);
}

Expected<Trial> Trial::read(const TrialOptions &options) {
  CompileOptions compileOptions = HORNET_TRY(options.flags.parse());
  keras::Model model = HORNET_TRY(options.model.read(compileOptions));
  ModelDescription description = HORNET_TRY(driver::describe(model, compileOptions));
  bool randomWeights = !model.weights;
  if (randomWeights)
    model.weights = keras::Weights::random(1);
  return Trial{std::move(model), std::move(description), std::move(compileOptions), randomWeights};
}

static double bytesOf(const Shape &shape, DType dtype, int64_t batch) {
  double bytes = static_cast<double>(sizeOf(dtype));
  for (int64_t extent : runtime::forBatch(shape, batch))
    bytes *= static_cast<double>(extent);
  return bytes;
}

double touchedBytes(const runtime::Manifest &manifest, int64_t batch) {
  double bytes =
      static_cast<double>(manifest.predict.arena.bytes) +
      static_cast<double>(manifest.predict.arena.bytesPerSample) * static_cast<double>(batch);
  for (const auto &[source, index] : manifest.predict.weights) {
    if (source == runtime::WeightSlot::Source::parameter)
      bytes += bytesOf(manifest.parameters[index].shape, DType::f32, batch);
    else
      bytes += bytesOf(manifest.prepared[index].shape, manifest.prepared[index].dtype, batch);
  }
  for (const auto *ports : {&manifest.inputs, &manifest.outputs})
    for (const runtime::Port &port : *ports)
      bytes += bytesOf(port.shape, port.dtype, batch);
  return bytes;
}

std::string titleOf(const TrialOptions &options, const Trial &trial, size_t calls) {
  return fmt::format("{}: batch {}, {} thread{}, {} calls{}\n", printable(options.model.file),
                     options.batch, trial.threads(), trial.threads() == 1 ? "" : "s",
                     grouped(static_cast<int64_t>(calls)),
                     trial.randomWeights ? ", random weights" : "");
}

} // namespace hornet::tool
