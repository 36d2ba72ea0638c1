#include "training/StepRunner.h"
#include "runtime/ForBatch.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>

namespace hornet::training {

static Tensor filled(const Shape &shape, double value) {
  Tensor tensor(DType::f32, shape);
  std::ranges::fill(tensor.as<float>(), static_cast<float>(value));
  return tensor;
}

Expected<StepRunner> StepRunner::make(runtime::Model model, std::span<const Tensor> parameters) {
  if (!model.manifest().step)
    return inputError({.reason = "the artifact predicts, and does no training step",
                       .mend = "compile it with options for a step"});
  StepRunner runner(std::move(model));
  std::vector<Tensor> values;
  for (const State &state : runner.states()) {
    bool isParameter =
        state.slot.empty() && state.parameter && *state.parameter < parameters.size();
    values.push_back(isParameter ? parameters[*state.parameter]
                                 : filled(state.shape, state.initial));
  }
  HORNET_TRY(runner.setValues(std::move(values)));
  for (const State &state : runner.states())
    runner.next.push_back(state.output ? Tensor(DType::f32, state.shape) : Tensor());
  return runner;
}

Expected<void> StepRunner::setValues(std::vector<Tensor> values) {
  if (values.size() != states().size())
    return inputError({.reason = fmt::format("the step has {} states, {} values were given",
                                             states().size(), values.size())});
  for (size_t i = 0; i < values.size(); ++i)
    if (values[i].dtype() != DType::f32 || values[i].shape() != states()[i].shape)
      return inputError(
          {.attribute = states()[i].name,
           .reason =
               fmt::format("float32 of shape {} is needed, got {} {}", toString(states()[i].shape),
                           nameOf(values[i].dtype()), toString(values[i].shape()))});
  current.resize(values.size());
  for (size_t i = 0; i < values.size(); ++i)
    // What steps change is the runner's own.
    current[i] = states()[i].output ? Tensor::fromFloats(values[i].shape(), values[i].as<float>())
                                    : std::move(values[i]);
  return {};
}

std::vector<Tensor> &StepRunner::outputsFor(int64_t batch) {
  std::vector<Tensor> &made = byBatch[batch];
  if (made.empty())
    for (const runtime::Port &port : model.outputs())
      made.emplace_back(port.dtype, runtime::forBatch(port.shape, batch));
  return made;
}

void StepRunner::set(const StepSettings &settings) {
  learningRate.as<float>()[0] = settings.learningRate;
  iteration.as<float>()[0] = static_cast<float>(settings.iteration);
  auto step = static_cast<uint64_t>(settings.iteration);
  auto words = seed.as<uint32_t>();
  words[0] = static_cast<uint32_t>(settings.seed);
  words[1] = static_cast<uint32_t>(settings.seed >> 32);
  words[2] = static_cast<uint32_t>(step);
  words[3] = static_cast<uint32_t>(step >> 32);
}

Expected<void> StepRunner::run(std::span<const Tensor> batch, const StepSettings &settings) {
  const Tensor *const ofStep[] = {&learningRate, &iteration, &seed};
  size_t rest = model.inputs().size() - current.size();
  if (batch.size() != rest && batch.size() + std::size(ofStep) != rest)
    return inputError(
        {.reason = fmt::format("{} arrays are no batch of a step with {} inputs besides its states",
                               batch.size(), rest)});
  // Assigned one by one: a tensor that stays keeps the memory of its shape.
  inputs.resize(model.inputs().size());
  std::ranges::copy(batch, inputs.begin());
  if (batch.size() != rest) {
    set(settings);
    for (size_t i = 0; i < std::size(ofStep); ++i)
      inputs[batch.size() + i] = *ofStep[i];
  }
  for (size_t i = 0; i < states().size(); ++i)
    inputs[states()[i].input] = current[i];
  bool hasBatch = !batch.empty() && !batch.front().shape().empty();
  outputs = &outputsFor(hasBatch ? batch.front().shape()[0] : 1);
  for (size_t i = 0; i < states().size(); ++i)
    if (states()[i].output)
      (*outputs)[*states()[i].output] = next[i];
  return model.run(inputs, *outputs);
}

void StepRunner::accept() {
  for (size_t i = 0; i < states().size(); ++i)
    if (states()[i].output)
      std::swap(current[i], next[i]);
}

} // namespace hornet::training
