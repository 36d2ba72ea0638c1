//===- Trainer.h - A model that is being trained ------------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "driver/Driver.h"
#include "training/Batches.h"
#include "training/Callbacks.h"
#include "training/Logs.h"
#include "training/Objective.h"
#include "training/Schedules.h"
#include "training/StepRunner.h"

#include <functional>
#include <memory>

namespace hornet::training {

/// What Keras's `compile` takes, and how the code is made.
struct TrainerOptions {
  keras::TrainingConfig config;
  CompileOptions compile = {}; ///< `step` is the trainer's own
  uint64_t seed = 0;           ///< of initial weights and of dropout
  bool recompute = false;      ///< most of the forward pass twice, in less memory
  bool useCache = true;
};

/// Where a run is: enough, with the state's values, to go on as if it had never stopped.
struct TrainerState {
  std::vector<Tensor> values;  ///< of the step's states
  int64_t iteration = 0;       ///< steps done, over all epochs
  float learningRate = 0;      ///< where it is no schedule
  std::vector<double> running; ///< sums of loss and metrics within the epoch
};

/// Steps and epochs over batches: the loop of Keras's `fit` without what is around it.
class Trainer {
public:
  /// Compiles the step. Weights come from the model's file, if it has any, else from its
  /// initializers. Input error: a loss, metric, optimizer or schedule that is not known, an op
  /// without a gradient; as of driver::load.
  static Expected<Trainer> make(const keras::Model &model, const TrainerOptions &options);

  /// Where these samples have a weight for each time step, takes such batches from now on, which
  /// needs another step; all state stays. Input error: there are weighted metrics, which take a
  /// weight a sample.
  Expected<void> weighAs(const Samples &samples);

  /// What the data must be like.
  Wanted wanted() const;

  /// Called after each step with the logs so far; false ends the epoch.
  using AfterStep = std::function<Expected<bool>(int64_t step, const Logs &logs)>;
  /// The steps that `batches`, which has been started, gives; `isWhole` says that an epoch begins
  /// (else it is gone on with). Input error: a loss that is not finite, which names the first layer
  /// where something is not; the state is that before the step then.
  Expected<Logs> runEpoch(Batches &batches, bool begins, const AfterStep &afterStep = {});

  /// Loss and metrics over all batches, names as they are ("loss", "accuracy").
  Expected<Logs> evaluate(Batches &batches);

  /// The parameters as the model's files have them, and copies of their present values.
  const std::vector<Parameter> &parameters() const {
    return train->compiled().manifest().step->parameters;
  }
  std::vector<Tensor> values() const;
  /// For files: iterations, learning rate and slots in Keras's order.
  keras::OptimizerState optimizerState() const;
  /// Goes on from a file's state of the same optimizer. Input error: it does not fit.
  Expected<void> setOptimizerState(const keras::OptimizerState &state);

  TrainerState state() const;
  /// Input error: another number of values or sums, other shapes.
  Expected<void> setState(const TrainerState &given);
  /// Sets the parameters alone.
  Expected<void> setValues(std::span<const Tensor> parameters);

  int64_t iteration() const { return done; }
  float learningRate() const;
  bool hasConstantRate() const { return schedule.isConstant(); }
  void setLearningRate(float rate) { constantRate = rate; }
  /// Names of metrics that are better when higher.
  std::vector<NamedDirection> directions() const;
  const keras::TrainingConfig &config() const { return options.config; }
  const keras::Model &model() const { return kerasModel; }

private:
  struct OutputMetric {
    size_t output; ///< of the model
    size_t target; ///< of the batch
    bool weighted;
    std::string name;
    std::unique_ptr<Metric> metric;
  };

  Trainer(keras::Model model, TrainerOptions options)
      : kerasModel(std::move(model)), options(std::move(options)), schedule(0) {}
  step::StepOptions stepOptions(step::Kind kind) const;
  Expected<runtime::Model> compile(const step::StepOptions &step) const;
  Expected<void> makeMetrics();
  Expected<std::vector<Tensor>> initialValues() const;
  Expected<void> ensureEvaluation();
  std::span<const Tensor> arraysOf(const Batch &batch);
  void observe(const Batch &batch, const StepRunner &runner);
  void resetMetrics();
  std::vector<Tensor> sharedValues() const; ///< which change with the next steps
  void setRunning(std::span<const double> running);
  size_t firstPrediction() const;
  Shape outputShape(size_t output) const; ///< of a sample
  Logs logs() const;
  tl::unexpected<Error> notFinite(const Batch &batch);
  StepSettings settings() const;
  Tensor weightsOf(const Batch &batch) const;

  keras::Model kerasModel;
  TrainerOptions options;
  Objective objective;
  std::optional<StepRunner> train, evaluation;
  std::vector<OutputMetric> metrics;
  std::vector<RunningMean> losses; ///< the whole, then, of several outputs, each
  Schedule schedule;
  float constantRate = 0;
  bool stepWeights = false;
  int64_t done = 0;
  std::vector<Tensor> arrays;                       ///< of one call
  std::map<int64_t, std::vector<Tensor>> converted; ///< labels as floats, by the batch's size
};

} // namespace hornet::training
