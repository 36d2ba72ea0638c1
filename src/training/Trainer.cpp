#include "training/Trainer.h"

#include "keras/Weights.h"
#include "training/Initializers.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace hornet::training {

Expected<Trainer> Trainer::make(const keras::Model &model, const TrainerOptions &options) {
  Trainer trainer(model, options);
  trainer.objective = HORNET_TRY(Objective::of(options.config, model));
  const Json &optimizer = options.config.optimizer;
  if (optimizer.is_object() && optimizer.contains("config") && !optimizer["config"].is_object())
    return inputError(
        {.file = model.file,
         .attribute = "optimizer",
         .reason = fmt::format("its config is {}, which is no object", optimizer["config"].dump()),
         .mend = "give {\"class_name\": …, \"config\": {…}}"});
  Json rate = optimizer.is_object() && optimizer.contains("config")
                  ? optimizer["config"].value("learning_rate", Json())
                  : Json();
  if (rate.is_null())
    rate = defaultRate(optimizer);
  trainer.schedule = HORNET_TRY(
      Schedule::fromConfig(rate, {.file = model.file, .attribute = "learning_rate", .reason = ""}));
  trainer.constantRate = trainer.schedule.at(0);
  runtime::Model step = HORNET_TRY(trainer.compile(trainer.stepOptions(step::Kind::train)));
  std::vector<Parameter> parameters = step.manifest().step->parameters;
  std::vector<Tensor> values = model.weights
                                   ? HORNET_TRY(keras::bindWeights(model, parameters))
                                   : HORNET_TRY(initialize(model, parameters, options.seed));
  trainer.train = HORNET_TRY(StepRunner::make(std::move(step), values));
  HORNET_TRY(trainer.makeMetrics());
  return trainer;
}

//===----------------------------------------------------------------------===//
// Compiling
//===----------------------------------------------------------------------===//

step::StepOptions Trainer::stepOptions(step::Kind kind) const {
  step::StepOptions step = objective.step(kind, options.config.optimizer);
  step.sampleWeights = true; // batches have them always: 1 where the data has none
  step.stepWeights = stepWeights;
  step.recompute = options.recompute && kind == step::Kind::train;
  return step;
}

Expected<runtime::Model> Trainer::compile(const step::StepOptions &step) const {
  CompileOptions compile = options.compile;
  compile.step = step;
  return driver::loadStep(kerasModel, compile, options.useCache);
}

Expected<void> Trainer::weighAs(const Samples &samples) {
  if (stepWeights || !samples.weights || samples.weights->shape().size() < 2)
    return {};
  if (std::ranges::any_of(metrics, &OutputMetric::weighted))
    return inputError({.file = kerasModel.file,
                       .attribute = "weighted_metrics",
                       .reason = "the data has a weight for each time step, and metrics take one "
                                 "for each sample",
                       .mend = "give these metrics without weights"});
  stepWeights = true;
  auto made = StepRunner::make(HORNET_TRY(compile(stepOptions(step::Kind::train))), sharedValues());
  StepRunner runner = HORNET_TRY(std::move(made));
  HORNET_TRY(runner.setValues(train->values()));
  train = std::move(runner);
  evaluation.reset();
  return {};
}

Expected<void> Trainer::ensureEvaluation() {
  if (!evaluation)
    evaluation = HORNET_TRY(
        StepRunner::make(HORNET_TRY(compile(stepOptions(step::Kind::evaluate))), sharedValues()));
  return evaluation->setValues(sharedValues());
}

//===----------------------------------------------------------------------===//
// Data and metrics
//===----------------------------------------------------------------------===//

/// Without the batch.
static Shape sampleShape(const runtime::Port &port) {
  return {port.shape.begin() + 1, port.shape.end()};
}

Wanted Trainer::wanted() const {
  Wanted wanted;
  const std::vector<runtime::Port> &inputs = train->compiled().inputs();
  for (size_t i = 0; i < kerasModel.inputs.size(); ++i)
    wanted.inputs.push_back({inputs[i].name, sampleShape(inputs[i])});
  for (size_t i = 0; i < objective.losses.size(); ++i)
    if (!objective.losses[i].is_null())
      wanted.targets.push_back({outputShape(i), objective.targetForm(i)});
  return wanted;
}

size_t Trainer::firstPrediction() const {
  size_t parts =
      std::ranges::count_if(objective.losses, [](const Json &l) { return !l.is_null(); });
  return 1 + (parts > 1 ? parts : 0);
}

Shape Trainer::outputShape(size_t output) const {
  return sampleShape(train->compiled().outputs()[firstPrediction() + output]);
}

Expected<void> Trainer::makeMetrics() {
  losses.resize(firstPrediction());
  size_t target = 0;
  for (size_t i = 0; i < objective.losses.size(); ++i) {
    if (objective.losses[i].is_null())
      continue;
    Shape labels = sampleShape(train->compiled().inputs()[kerasModel.inputs.size() + target]);
    for (bool weighted : {false, true})
      for (const Json &json : (weighted ? objective.weightedMetrics : objective.metrics)[i]) {
        auto metric = HORNET_TRY(makeMetric(json, {.target = labels, .output = outputShape(i)},
                                            {.file = kerasModel.file, .attribute = "metrics"}));
        std::string name = metric->name();
        if (objective.losses.size() > 1)
          name = kerasModel.outputs[i].name + "_" + name;
        metrics.push_back({i, target, weighted, std::move(name), std::move(metric)});
      }
    ++target;
  }
  return {};
}

void Trainer::resetMetrics() {
  for (RunningMean &loss : losses)
    loss.reset();
  for (OutputMetric &metric : metrics)
    metric.metric->reset();
}

/// The arrays of one call; labels become floats.
std::span<const Tensor> Trainer::arraysOf(const Batch &batch) {
  arrays.assign(batch.inputs.begin(), batch.inputs.end());
  std::vector<Tensor> &labels = converted[batch.size];
  labels.resize(batch.targets.size());
  for (size_t i = 0; i < batch.targets.size(); ++i) {
    const Tensor &target = batch.targets[i];
    if (target.dtype() == DType::f32) {
      labels[i] = target;
    } else {
      if (labels[i].shape() != target.shape())
        labels[i] = Tensor(DType::f32, target.shape());
      std::ranges::copy(target.as<int32_t>(), labels[i].as<float>().begin());
    }
    arrays.push_back(labels[i]);
  }
  arrays.insert(arrays.end(), batch.targets.size(), weightsOf(batch));
  return arrays;
}

/// A sample's weight is that of all its steps.
Tensor Trainer::weightsOf(const Batch &batch) const {
  Shape shape = train->compiled().inputs()[kerasModel.inputs.size() + batch.targets.size()].shape;
  if (shape.size() == batch.weights.shape().size())
    return batch.weights;
  shape.front() = batch.size;
  Tensor weights(DType::f32, shape);
  auto values = weights.as<float>();
  size_t width = values.size() / batch.weights.size();
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = batch.weights.as<float>()[i / width];
  return weights;
}

void Trainer::observe(const Batch &batch, const StepRunner &runner) {
  auto size = static_cast<double>(batch.size);
  for (size_t i = 0; i < losses.size(); ++i)
    losses[i].add(runner.results()[i].as<float>()[0], size);
  for (OutputMetric &m : metrics) {
    m.metric->update(batch.targets[m.target], runner.results()[firstPrediction() + m.output],
                     m.weighted ? batch.weights.as<float>() : std::span<const float>());
  }
}

Logs Trainer::logs() const {
  Logs logs;
  for (const OutputMetric &metric : metrics)
    addResult(logs, metric.name, metric.metric->result());
  addResult(logs, "loss", std::array{losses.front().result()});
  size_t next = 1;
  for (size_t i = 0; losses.size() > 1 && i < objective.losses.size(); ++i)
    if (!objective.losses[i].is_null())
      addResult(logs, kerasModel.outputs[i].name + "_loss", std::array{losses[next++].result()});
  std::ranges::sort(logs);
  return logs;
}

std::vector<NamedDirection> Trainer::directions() const {
  std::vector<NamedDirection> known = {{"loss", Direction::down}};
  for (const OutputMetric &metric : metrics)
    known.push_back({metric.name, metric.metric->direction()});
  return known;
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

float Trainer::learningRate() const {
  return schedule.isConstant() ? constantRate : schedule.at(done);
}

StepSettings Trainer::settings() const { return {learningRate(), done, options.seed}; }

Expected<Logs> Trainer::runEpoch(Batches &batches, bool begins, const AfterStep &afterStep) {
  if (begins)
    resetMetrics();
  while (const Batch *batch = batches.next()) {
    HORNET_TRY(train->run(arraysOf(*batch), settings()));
    if (!std::isfinite(train->loss()))
      return notFinite(*batch);
    train->accept();
    ++done;
    observe(*batch, *train);
    if (afterStep && !HORNET_TRY(afterStep(batch->step + 1, logs())))
      break;
  }
  return logs();
}

Expected<Logs> Trainer::evaluate(Batches &batches) {
  HORNET_TRY(ensureEvaluation());
  std::vector<double> kept = state().running;
  resetMetrics();
  HORNET_TRY(batches.start(0));
  while (const Batch *batch = batches.next()) {
    HORNET_TRY(evaluation->run(arraysOf(*batch)));
    observe(*batch, *evaluation);
  }
  Logs results = logs();
  setRunning(kept);
  return results;
}

/// Finds the first layer that computes something that is not finite, by a step that says so of
/// each.
tl::unexpected<Error> Trainer::notFinite(const Batch &batch) {
  Problem problem{.file = kerasModel.file,
                  .reason = fmt::format("the loss of step {} is {}", done + 1,
                                        std::isnan(train->loss()) ? "not a number" : "infinite"),
                  .mend = "lower the learning rate or clip gradients (clipnorm)"};
  step::StepOptions inspecting = stepOptions(step::Kind::inspect);
  auto compiled = compile(inspecting);
  if (!compiled)
    return tl::unexpected<Error>(InputError{{problem}});
  auto runner = StepRunner::make(std::move(*compiled), values());
  if (!runner || !runner->run(arraysOf(batch), settings()))
    return tl::unexpected<Error>(InputError{{problem}});
  const auto &ports = runner->compiled().outputs();
  constexpr std::string_view prefix = "finite/";
  for (size_t i = 0; i < ports.size(); ++i)
    if (ports[i].name.starts_with(prefix) && runner->results()[i].as<float>()[0] != 0) {
      problem.layer = ports[i].name.substr(prefix.size());
      problem.reason += "; this layer is the first that computes something that is not finite";
      break;
    }
  return tl::unexpected<Error>(InputError{{problem}});
}

//===----------------------------------------------------------------------===//
// State
//===----------------------------------------------------------------------===//

std::vector<Tensor> Trainer::values() const {
  std::vector<Tensor> copies;
  for (const Tensor &value : sharedValues())
    copies.push_back(Tensor::fromFloats(value.shape(), value.as<float>()));
  return copies;
}

std::vector<Tensor> Trainer::sharedValues() const {
  return {train->values().begin(),
          train->values().begin() + static_cast<ptrdiff_t>(parameters().size())};
}

Expected<void> Trainer::setValues(std::span<const Tensor> values) {
  std::vector<Tensor> all = train->values();
  for (size_t i = 0; i < parameters().size() && i < values.size(); ++i)
    all[i] = values[i];
  return train->setValues(std::move(all));
}

keras::OptimizerState Trainer::optimizerState() const {
  keras::OptimizerState state{.iterations = done, .learningRate = learningRate(), .slots = {}};
  std::string optimizer = "optimizer";
  for (size_t i = parameters().size(); i < train->states().size(); ++i) {
    const State &slot = train->states()[i];
    std::string path = slot.name;
    std::ranges::replace(path, '/', '_');
    state.slots.push_back({optimizer + "/" + path, train->values()[i]});
  }
  return state;
}

Expected<void> Trainer::setOptimizerState(const keras::OptimizerState &state) {
  std::vector<Tensor> all = train->values();
  if (state.slots.size() + parameters().size() != all.size())
    return inputError({.file = kerasModel.file,
                       .attribute = "optimizer",
                       .reason = fmt::format("the file has {} variables of an optimizer, this one "
                                             "has {}",
                                             state.slots.size(), all.size() - parameters().size()),
                       .mend = "train with the optimizer that the file was saved with"});
  for (size_t i = 0; i < state.slots.size(); ++i)
    all[parameters().size() + i] = state.slots[i].value.toFloat32();
  HORNET_TRY(train->setValues(std::move(all)));
  done = state.iterations;
  if (state.learningRate)
    constantRate = static_cast<float>(*state.learningRate);
  return {};
}

TrainerState Trainer::state() const {
  TrainerState state{train->values(), done, constantRate, {}};
  for (const RunningMean &loss : losses)
    state.running.insert(state.running.end(), {loss.sum, loss.count});
  for (const OutputMetric &metric : metrics) {
    std::span<double> sums = metric.metric->state();
    state.running.insert(state.running.end(), sums.begin(), sums.end());
  }
  return state;
}

void Trainer::setRunning(std::span<const double> running) {
  auto take = [&](double &to) {
    if (!running.empty()) {
      to = running.front();
      running = running.subspan(1);
    }
  };
  for (RunningMean &loss : losses) {
    take(loss.sum);
    take(loss.count);
  }
  for (OutputMetric &metric : metrics)
    std::ranges::for_each(metric.metric->state(), take);
}

Expected<void> Trainer::setState(const TrainerState &given) {
  if (size_t needed = state().running.size(); given.running.size() != needed)
    return inputError({.attribute = "running",
                       .reason = fmt::format("{} sums of loss and metrics, {} are needed",
                                             given.running.size(), needed)});
  HORNET_TRY(train->setValues(given.values));
  done = given.iteration;
  constantRate = given.learningRate;
  setRunning(given.running);
  return {};
}

} // namespace hornet::training
