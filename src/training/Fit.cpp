#include "training/Fit.h"

#include "keras/Save.h"

#include <chrono>
#include <filesystem>
#include <fmt/format.h>

namespace hornet::training {

namespace {

double now() {
  using namespace std::chrono;
  return duration<double>(steady_clock::now().time_since_epoch()).count();
}

/// Enough to tell one array of weights from another.
std::string digestOf(const std::optional<Tensor> &weights) {
  if (!weights)
    return "none";
  std::string_view bytes(reinterpret_cast<const char *>(weights->data()), weights->bytes());
  return fmt::format("{:016x}", std::hash<std::string_view>()(bytes));
}

class Fitting {
public:
  Fitting(Trainer &trainer, const FitOptions &options, const FitDisplay &display)
      : trainer(trainer), options(options), display(display) {}

  Expected<FitResult> run(const Samples &train, const std::optional<Samples> &validation) {
    HORNET_TRY(trainer.weighAs(train));
    if (validation)
      HORNET_TRY(trainer.weighAs(*validation));
    Batches::Options how{options.batchSize, options.shuffle, options.seed};
    auto batches = HORNET_TRY(Batches::make(train, how));
    std::unique_ptr<Batches> checks;
    if (validation)
      checks = HORNET_TRY(Batches::make(*validation, {options.batchSize, false, 0}));
    HORNET_TRY(makeCallbacks(validation.has_value()));
    conditions = conditionsOf(train, validation);
    at.firstRate = trainer.learningRate();
    HORNET_TRY(resume());
    HORNET_TRY(openLogs());
    lastCheckpoint = now();
    for (; at.epoch < options.epochs && !result.stoppedEarly; ++at.epoch, at.step = 0) {
      if (auto ran = runEpoch(*batches, checks.get()); !ran)
        return tl::unexpected<Error>(resumable(std::move(ran.error())));
      if (result.interrupted)
        break;
    }
    if (!result.interrupted)
      HORNET_TRY(restoreBest());
    return std::move(result);
  }

private:
  //===--------------------------------------------------------------------===//
  // Beginning
  //===--------------------------------------------------------------------===//

  Expected<Improvement> improvementOf(const Monitor &monitor, bool validates) {
    std::vector<NamedDirection> known = trainer.directions();
    size_t count = known.size();
    for (size_t i = 0; validates && i < count; ++i)
      known.push_back({"val_" + known[i].name, known[i].direction});
    if (std::ranges::find(known, monitor.name, &NamedDirection::name) == known.end()) {
      std::vector<std::string> names;
      for (const NamedDirection &one : known)
        names.push_back(one.name);
      return inputError({.attribute = "monitor",
                         .reason = fmt::format("there is no value '{}' to watch", monitor.name),
                         .mend = fmt::format("watch one of: {}{}", fmt::join(names, ", "),
                                             validates ? "" : "; val_… needs validation data")});
    }
    return Improvement{HORNET_TRY(directionOf(monitor.name, monitor.mode, known)),
                       monitor.minDelta};
  }

  Expected<void> makeCallbacks(bool validates) {
    if (const auto &stop = options.earlyStopping)
      stopping.emplace(EarlyStopping::Options{
          HORNET_TRY(improvementOf(stop->monitor, validates)), stop->patience, {}, 0});
    if (const auto &reduce = options.reduceOnPlateau) {
      if (!trainer.hasConstantRate())
        return inputError({.attribute = "reduce-on-plateau",
                           .reason = "the learning rate follows a schedule",
                           .mend = "train with a constant learning rate, or without it"});
      plateau =
          HORNET_TRY(ReduceOnPlateau::make({HORNET_TRY(improvementOf(reduce->monitor, validates)),
                                            reduce->factor, reduce->patience, 0, reduce->minRate}));
    }
    if (const auto &save = options.saveBest)
      best.emplace(HORNET_TRY(improvementOf(save->monitor, validates)));
    return {};
  }

  /// A line for each thing that a run and its continuation must have in common.
  std::vector<std::string> conditionsOf(const Samples &train,
                                        const std::optional<Samples> &validation) const {
    std::vector<std::string> lines;
    for (const Parameter &parameter : trainer.parameters())
      lines.push_back(fmt::format("parameter {} {}{}", parameter.symbol, toString(parameter.shape),
                                  parameter.trainable ? "" : " frozen"));
    const keras::TrainingConfig &config = trainer.config();
    // Another learning rate is no other run: it is how one goes on after a loss that was NaN.
    formats::Json optimizer = config.optimizer;
    if (trainer.hasConstantRate() && optimizer.is_object() && optimizer.contains("config"))
      optimizer["config"].erase("learning_rate");
    lines.push_back("optimizer " + optimizer.dump());
    lines.push_back("loss " + config.loss.dump());
    lines.push_back("loss weights " + config.lossWeights.dump());
    lines.push_back("metrics " + config.metrics.dump() + config.weightedMetrics.dump());
    lines.push_back(
        fmt::format("samples {} and {}", train.count, validation ? validation->count : 0));
    for (const Feed &input : train.inputs)
      lines.push_back(fmt::format("input {}{}", toString(input.shape),
                                  input.conversion == Feed::Conversion::scale ? " divided by 255"
                                                                              : " as it is"));
    lines.push_back("sample weights " + digestOf(train.weights));
    lines.push_back(fmt::format("batch size {}", options.batchSize));
    lines.push_back(fmt::format("seed {}{}", options.seed, options.shuffle ? "" : " in order"));
    return lines;
  }

  Expected<void> resume() {
    if (!options.resume || !std::filesystem::exists(options.checkpoint))
      return {};
    at = HORNET_TRY(readCheckpoint(options.checkpoint));
    for (size_t i = 0; i < std::max(conditions.size(), at.conditions.size()); ++i) {
      auto line = [i](const std::vector<std::string> &lines) {
        return i < lines.size() ? lines[i] : std::string("nothing");
      };
      if (line(conditions) != line(at.conditions))
        return inputError({.file = options.checkpoint,
                           .attribute = "--resume",
                           .reason = fmt::format("the checkpoint is of another run: it has '{}', "
                                                 "this one '{}'",
                                                 line(at.conditions), line(conditions)),
                           .mend = "repeat the options of that run, or train without --resume"});
    }
    float chosenRate = trainer.learningRate();
    HORNET_TRY(ofCheckpoint(checkBest()));
    HORNET_TRY(ofCheckpoint(trainer.setState(at.trainer)));
    keptAt = trainer.iteration();
    if (trainer.hasConstantRate() && chosenRate != at.firstRate)
      trainer.setLearningRate(at.firstRate = chosenRate);
    result.history = at.history;
    // More patience, or no such callback any more, lets the run go on.
    result.stoppedEarly =
        at.stoppedEarly && stopping && at.stopping.wait >= options.earlyStopping->patience;
    display.write(
        at.epoch >= options.epochs || result.stoppedEarly
            ? fmt::format("All {} epochs are done\n", at.epoch)
            : fmt::format("Going on in epoch {} after {} steps of it\n", at.epoch + 1, at.step));
    if (stopping)
      stopping->state = at.stopping;
    if (plateau)
      plateau->state = at.plateau;
    if (best)
      best->best = at.bestValue;
    return {};
  }

  /// The best weights are put back in the end: too late to find that they do not fit.
  Expected<void> checkBest() const {
    const std::vector<Parameter> &parameters = trainer.parameters();
    if (!at.best.empty() && at.best.size() != parameters.size())
      return inputError({.attribute = "best",
                         .reason = fmt::format("{} best weights for {} of the model",
                                               at.best.size(), parameters.size())});
    for (size_t i = 0; i < at.best.size(); ++i)
      if (at.best[i].dtype() != DType::f32 || at.best[i].shape() != parameters[i].shape)
        return inputError(
            {.attribute = "best",
             .reason = fmt::format("{} has shape {}, {} is needed", parameters[i].symbol,
                                   toString(at.best[i].shape()), toString(parameters[i].shape))});
    return {};
  }

  /// What does not fit, although the run is the same, is damaged.
  Expected<void> ofCheckpoint(Expected<void> made) const {
    if (!made && std::holds_alternative<InputError>(made.error()))
      for (Problem &problem : std::get<InputError>(made.error()).problems) {
        problem.file = options.checkpoint;
        problem.reason = "the checkpoint is damaged: " + problem.reason;
        problem.mend = "begin the training anew, without --resume";
      }
    return made;
  }

  Expected<void> openLogs() {
    auto open = [&](const std::string &path, EpochLog::Form form) -> Expected<void> {
      if (!path.empty())
        logs.push_back(HORNET_TRY(EpochLog::open(path, form, at.epoch)));
      return {};
    };
    HORNET_TRY(open(options.csvLog, EpochLog::Form::csv));
    return open(options.jsonLog, EpochLog::Form::jsonLines);
  }

  //===--------------------------------------------------------------------===//
  // An epoch
  //===--------------------------------------------------------------------===//

  Expected<void> runEpoch(Batches &batches, Batches *checks) {
    display.write(Progress::heading(at.epoch, options.epochs));
    Progress progress({batches.steps(), display.live, display.colors, display.columns}, now(),
                      at.step);
    bool begins = at.step == 0;
    HORNET_TRY(batches.start(at.epoch, at.step));
    auto afterStep = [&](int64_t step, const Logs &soFar) -> Expected<bool> {
      at.step = step;
      display.write(progress.update(step, soFar, now()));
      result.interrupted = display.stopped();
      if (result.interrupted || now() - lastCheckpoint >= options.checkpointSeconds)
        HORNET_TRY(keep());
      return !result.interrupted;
    };
    Expected<Logs> ran = trainer.runEpoch(batches, begins, afterStep);
    if (!ran || result.interrupted) {
      if (display.live)
        display.write("\n");
      if (ran)
        return {};
      return tl::unexpected<Error>(withCheckpoint(std::move(ran.error())));
    }
    Logs epoch = std::move(*ran);
    if (checks)
      for (auto &[name, value] : HORNET_TRY(trainer.evaluate(*checks)))
        epoch.emplace_back("val_" + name, value);
    if (plateau)
      epoch.emplace_back("learning_rate", trainer.learningRate());
    display.write(progress.finish(epoch, now()));
    return finishEpoch(epoch);
  }

  /// The checkpoint stays as it is: weights right before a loss that is NaN may be lost already.
  Error withCheckpoint(Error error) const {
    auto *input = std::get_if<InputError>(&error);
    if (input && keptAt)
      input->problems.back().mend +=
          fmt::format("; go on from step {} with --resume and another --learning-rate", *keptAt);
    return error;
  }

  /// Whatever the machine refused, the last checkpoint is whole.
  Error resumable(Error error) const {
    if (auto *machine = std::get_if<MachineError>(&error); machine && keptAt)
      machine->what += fmt::format("; then go on with --resume from step {}", *keptAt);
    return error;
  }

  Expected<void> finishEpoch(const Logs &epoch) {
    result.history.push_back(epoch);
    for (EpochLog &log : logs)
      HORNET_TRY(log.add(at.epoch, epoch));
    if (best && best->observe(valueOf(epoch, options.saveBest->monitor)))
      HORNET_TRY(saveTrained(trainer, options.saveBest->path));
    if (plateau)
      trainer.setLearningRate(static_cast<float>(plateau->observe(
          valueOf(epoch, options.reduceOnPlateau->monitor), trainer.learningRate())));
    if (stopping) {
      auto decision = stopping->observe(at.epoch, valueOf(epoch, options.earlyStopping->monitor));
      if (decision.keep && options.earlyStopping->restoreBest)
        at.best = trainer.values();
      result.stoppedEarly = decision.stop;
    }
    // What the next run begins with: the next epoch, at its first step.
    ++at.epoch;
    at.step = 0;
    Expected<void> kept = keep();
    --at.epoch;
    return kept;
  }

  static double valueOf(const Logs &logs, const Monitor &monitor) {
    auto found = std::ranges::find(logs, monitor.name, &Logs::value_type::first);
    return found == logs.end() ? std::nan("") : found->second;
  }

  Expected<void> restoreBest() {
    if (stopping && options.earlyStopping->restoreBest && !at.best.empty())
      return trainer.setValues(at.best);
    return {};
  }

  Expected<void> keep() {
    lastCheckpoint = now();
    if (options.checkpoint.empty())
      return {};
    at.conditions = conditions;
    at.trainer = trainer.state();
    at.stoppedEarly = result.stoppedEarly;
    at.history = result.history;
    if (stopping)
      at.stopping = stopping->state;
    if (plateau)
      at.plateau = plateau->state;
    if (best)
      at.bestValue = best->best;
    HORNET_TRY(writeCheckpoint(options.checkpoint, at));
    keptAt = trainer.iteration();
    return {};
  }

  Trainer &trainer;
  const FitOptions &options;
  const FitDisplay &display;
  FitResult result;
  Checkpoint at;
  std::vector<std::string> conditions;
  std::optional<EarlyStopping> stopping;
  std::optional<ReduceOnPlateau> plateau;
  std::optional<BestModel> best;
  std::vector<EpochLog> logs;
  double lastCheckpoint = 0;
  std::optional<int64_t> keptAt; ///< the steps of all epochs that the checkpoint has behind it
};

} // namespace

Expected<FitResult> fit(Trainer &trainer, const Samples &train,
                        const std::optional<Samples> &validation, const FitOptions &options,
                        const FitDisplay &display) {
  return Fitting(trainer, options, display).run(train, validation);
}

Expected<void> saveTrained(const Trainer &trainer, const std::string &path) {
  return keras::saveModel(trainer.model(), trainer.parameters(), trainer.values(), path,
                          {.config = trainer.config(), .optimizer = trainer.optimizerState()});
}

} // namespace hornet::training
