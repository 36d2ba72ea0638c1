//===- StepRunner.h - A compiled training step and the state that it changes -------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"
#include "base/State.h"
#include "runtime/Model.h"

#include <array>
#include <map>
#include <span>
#include <vector>

namespace hornet::training {

/// What changes from step to step besides the batch.
struct StepSettings {
  float learningRate = 0;
  int64_t iteration = 0; ///< steps that were done before
  uint64_t seed = 0;
};

/// Runs one compiled step again and again. The new state goes into buffers of its own, and takes
/// the place of the old one only when the caller accepts it: whatever is wrong with a step, the
/// state before it is whole. Allocates nothing after the first batch of each size.
class StepRunner {
public:
  /// `step` is compiled from CompileOptions::step; `parameters` are the values of
  /// `manifest().step->parameters`. Slots begin as the optimizer wants them. Input error: `step`
  /// is none; a value that does not fit.
  static Expected<StepRunner> make(runtime::Model step, std::span<const Tensor> parameters);

  /// One step on `batch`: the model's inputs, the targets and, if the step takes them, the weights.
  /// Input error: another number of arrays, or as of runtime::Model::run.
  Expected<void> run(std::span<const Tensor> batch, const StepSettings &settings = {});
  /// Makes the state that the last run computed the current one.
  void accept();

  float loss() const { return outputs->at(0).as<float>()[0]; }
  /// The outputs of the last run: see step::makeStep for their order.
  const std::vector<Tensor> &results() const { return *outputs; }

  const std::vector<State> &states() const { return model.manifest().step->states; }
  /// The current values, in the order of states().
  const std::vector<Tensor> &values() const { return current; }
  /// Sets them, as when going on where another run stopped. Input error: they do not fit.
  Expected<void> setValues(std::vector<Tensor> values);
  const runtime::Model &compiled() const { return model; }

private:
  StepRunner(runtime::Model model) : model(std::move(model)) {}
  std::vector<Tensor> &outputsFor(int64_t batch);
  void set(const StepSettings &settings);

  runtime::Model model;
  std::vector<Tensor> current;                    ///< by state
  std::vector<Tensor> next;                       ///< by state; unchanged ones are empty
  std::vector<Tensor> inputs;                     ///< of one call, kept for its memory
  std::map<int64_t, std::vector<Tensor>> byBatch; ///< outputs that are no state, by batch size
  std::vector<Tensor> *outputs = nullptr;
  Tensor learningRate{DType::f32, {}}, iteration{DType::f32, {}}, seed{DType::i32, {4}};
};

} // namespace hornet::training
