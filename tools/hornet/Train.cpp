#include "Commands.h"
#include "Options.h"
#include "Terminal.h"
#include "TrainingFlags.h"

#include "keras/Save.h"
#include "training/Fit.h"
#include "training/Plot.h"

#include <atomic>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <fmt/format.h>
#include <set>

namespace hornet::tool {

using training::FitOptions;
using training::Trainer;

namespace {
struct Options {
  ModelOptions model;
  TrainingFlags training;
  std::string data;
  std::string validation = "test"; ///< test, none, or a fraction
  std::vector<std::string> classWeights;
  bool noScale = false, inOrder = false, recompute = false;
  FitOptions fit = {.epochs = 1, .batchSize = 32};
  std::optional<int64_t> earlyStopping, reduceOnPlateau;
  training::Monitor monitor;
  std::string saveBest, save, saveWeights, plot;
  CompileFlags flags;
  CacheFlag cache;
};

/// What is trained on, what is validated with.
struct Data {
  training::Samples train;
  std::optional<training::Samples> validation;
};
} // namespace

//===----------------------------------------------------------------------===//
// Data
//===----------------------------------------------------------------------===//

static Expected<std::map<int64_t, float>> parseClassWeights(const std::vector<std::string> &texts) {
  std::map<int64_t, float> weights;
  for (const std::string &text : texts) {
    int64_t label = 0;
    float weight = 0;
    const char *end = text.data() + text.size();
    auto [after, wrong] = std::from_chars(text.data(), end, label);
    bool right = wrong == std::errc() && after != end && *after == '=' &&
                 std::from_chars(after + 1, end, weight).ptr == end && weight >= 0;
    if (!right)
      return inputError({.attribute = "--class-weight",
                         .reason = fmt::format("'{}' is not LABEL=WEIGHT", text),
                         .mend = "give, for example, --class-weight 3=2.5"});
    if (!weights.emplace(label, weight).second)
      return inputError({.attribute = "--class-weight",
                         .reason = fmt::format("class {} is given twice", label),
                         .mend = "give each class one weight"});
  }
  return weights;
}

static Expected<Data> readData(const Options &options, const Trainer &trainer) {
  training::Wanted wanted = trainer.wanted();
  for (training::Wanted::Input &input : wanted.inputs)
    input.scaleBytes = !options.noScale;
  training::Source source =
      HORNET_TRY(training::readSource(options.data, wanted.inputs.front().shape));
  Data data{HORNET_TRY(training::fitSamples(source.train, wanted)), std::nullopt};
  double fraction = 0;
  const std::string &how = options.validation;
  if (how == "test") {
    if (source.test)
      data.validation = HORNET_TRY(training::fitSamples(*source.test, wanted));
  } else if (how != "none") {
    auto [end, wrong] = std::from_chars(how.data(), how.data() + how.size(), fraction);
    if (wrong != std::errc() || end != how.data() + how.size())
      return inputError({.attribute = "--validation",
                         .reason = fmt::format("'{}' is no fraction", how),
                         .mend = "give test, none, or a number between 0 and 1"});
    auto [train, rest] = HORNET_TRY(training::splitValidation(data.train, fraction));
    data = {std::move(train), std::move(rest)};
  }
  auto weights = HORNET_TRY(parseClassWeights(options.classWeights));
  if (!weights.empty())
    HORNET_TRY(training::weighClasses(data.train, weights));
  return data;
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

static std::atomic<bool> wasStopped = false;

static int64_t secondsNow() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec;
}

/// timeout(1) and others send a signal twice at once: that is one wish. Two threads may get them at
/// the same time.
static void onSignal(int signal) {
  static std::atomic<int64_t> first = 0;
  int64_t before = 0, now = secondsNow();
  if (first.compare_exchange_strong(before, now)) {
    wasStopped = true;
  } else if (now > before + 1) {
    std::signal(signal, SIG_DFL);
    raise(signal);
  }
}

/// The first signal ends the run after its step; one that comes later kills, as ever.
static void catchSignals() {
  struct sigaction action = {};
  action.sa_handler = onSignal;
  action.sa_flags = SA_RESTART;
  for (int signal : {SIGINT, SIGTERM})
    sigaction(signal, &action, nullptr);
}

static training::FitDisplay display() {
  training::FitDisplay display = training::displayOn(stdout);
  display.write = [](const std::string &text) {
    if (text.empty())
      return;
    print(text);
    std::fflush(stdout);
  };
  display.stopped = [] { return wasStopped.load(); };
  return display;
}

static FitOptions fitOptions(const Options &options) {
  FitOptions fit = options.fit;
  fit.shuffle = !options.inOrder;
  if (options.earlyStopping)
    fit.earlyStopping = {options.monitor, *options.earlyStopping, true};
  if (options.reduceOnPlateau)
    fit.reduceOnPlateau = {options.monitor, 0.1, *options.reduceOnPlateau, 0};
  if (!options.saveBest.empty())
    fit.saveBest = {options.monitor, options.saveBest};
  return fit;
}

/// What nothing was named for is kept beside what is to be saved.
static std::string checkpointOf(const Options &options) {
  if (!options.fit.checkpoint.empty())
    return options.fit.checkpoint;
  for (const std::string &path : {options.save, options.saveWeights, options.saveBest})
    if (!path.empty())
      return path + ".checkpoint";
  return "";
}

/// An ending that a file may have, or in front of it, "not " and one that it must not.
struct Output {
  const char *flag;
  const std::string &path;
  std::vector<std::string_view> endings; ///< empty: any
  std::string_view notEnding = {};
  const char *form = "";
};

/// What hours of training would be lost for, were it found at their end.
static Expected<void> check(const Output &output) {
  auto ends = [&](std::string_view ending) { return output.path.ends_with(ending); };
  bool known = output.endings.empty() || std::ranges::any_of(output.endings, ends);
  if (!known || (!output.notEnding.empty() && ends(output.notEnding)))
    return inputError(
        {.attribute = output.flag,
         .reason = fmt::format("'{}' does not say a form for {}", output.path, output.form),
         .mend = fmt::format("end it in {}", fmt::join(output.endings, " or "))});
  std::error_code ignored;
  std::string folder = std::filesystem::path(output.path).parent_path().string();
  if (!folder.empty() && !std::filesystem::is_directory(folder, ignored))
    return inputError({.file = output.path,
                       .attribute = output.flag,
                       .reason = fmt::format("there is no folder '{}'", folder),
                       .mend = "make it first, or name another file"});
  if (std::filesystem::is_directory(output.path, ignored))
    return inputError({.file = output.path,
                       .attribute = output.flag,
                       .reason = "it is a folder",
                       .mend = "name a file"});
  return {};
}

static Expected<void> checkOutputs(const Options &options) {
  if (options.save.empty() && options.saveWeights.empty() && options.saveBest.empty())
    return inputError({.attribute = "--save",
                       .reason = "nothing of the training would be kept",
                       .mend = "name a file: --save model.h5, --save-weights model.weights.h5, or "
                               "--save-best best.keras"});
  std::vector<std::string_view> models = {".keras", ".h5", ".hdf5"};
  std::set<std::string> seen;
  for (const Output &output : std::initializer_list<Output>{
           {"--save", options.save, models, ".weights.h5", "whole models"},
           {"--save-best", options.saveBest, models, ".weights.h5", "whole models"},
           {"--save-weights", options.saveWeights, {".weights.h5", ".h5", ".hdf5"}, {}, "weights"},
           {"--plot", options.plot, {".png", ".svg"}, {}, "a picture"},
           {"--checkpoint", options.fit.checkpoint, {}},
           {"--csv-log", options.fit.csvLog, {}},
           {"--json-log", options.fit.jsonLog, {}}}) {
    if (output.path.empty())
      continue;
    HORNET_TRY(check(output));
    if (!seen.insert(output.path).second)
      return inputError({.file = output.path,
                         .attribute = output.flag,
                         .reason = "two flags name this file",
                         .mend = "name a file for each"});
  }
  return {};
}

static Expected<void> save(const Options &options, const Trainer &trainer) {
  if (!options.save.empty())
    HORNET_TRY(training::saveTrained(trainer, options.save));
  if (!options.saveWeights.empty())
    HORNET_TRY(keras::saveWeights(trainer.model(), trainer.parameters(), trainer.values(),
                                  options.saveWeights));
  return {};
}

/// What is trained is in the checkpoint, from which it can be saved again.
static Error withCheckpoint(Error error, const Options &options) {
  if (auto *machine = std::get_if<MachineError>(&error))
    machine->what +=
        fmt::format("; then go on with --resume ({} has it all)", options.fit.checkpoint);
  return error;
}

static Expected<void> plot(const std::string &path, const training::FitResult &result,
                           const Trainer &trainer) {
  std::vector<std::string> up;
  for (const training::NamedDirection &one : trainer.directions())
    if (one.direction == training::Direction::up)
      up.push_back(one.name);
  return training::writePlot(path, training::curvesOf(result.history, up), trainer.model().name);
}

static Expected<ExitCode> train(Options options) {
  std::signal(SIGXFSZ, SIG_IGN); // a file that may not grow is an error of its write
  HORNET_TRY(checkOutputs(options));
  CompileOptions compileOptions = HORNET_TRY(options.flags.parse());
  keras::Model model = HORNET_TRY(options.model.read(compileOptions));
  keras::Training file = HORNET_TRY(keras::readTraining(options.model.file));
  training::TrainerOptions how{.config = HORNET_TRY(options.training.over(file.config, model))};
  how.compile = std::move(compileOptions);
  how.seed = options.fit.seed;
  how.recompute = options.recompute;
  how.useCache = options.cache.used();
  Trainer trainer = HORNET_TRY(Trainer::make(model, how));
  Data data = HORNET_TRY(readData(options, trainer));
  options.fit.checkpoint = checkpointOf(options);
  if (options.fit.resume && !std::filesystem::exists(options.fit.checkpoint)) {
    if (!file.optimizer)
      return inputError({.file = options.fit.checkpoint,
                         .attribute = "--resume",
                         .reason = "there is neither this checkpoint nor an optimizer's state in "
                                   "the model's file",
                         .mend = "name the checkpoint with --checkpoint, or train without "
                                 "--resume"});
    HORNET_TRY(trainer.setOptimizerState(*file.optimizer));
  }
  catchSignals();
  training::FitResult result = HORNET_TRY(
      training::fit(trainer, data.train, data.validation, fitOptions(options), display()));
  if (result.interrupted) {
    printNote(fmt::format("stopped after step {}; go on with --resume ({})", trainer.iteration(),
                          options.fit.checkpoint));
    return failed;
  }
  if (result.stoppedEarly)
    printNote(fmt::format("stopped early: {} no longer improved; the best weights are back",
                          options.monitor.name));
  if (auto saved = save(options, trainer); !saved)
    return tl::unexpected<Error>(withCheckpoint(std::move(saved.error()), options));
  if (!options.plot.empty() && !result.history.empty())
    HORNET_TRY(plot(options.plot, result, trainer));
  return done;
}

static constexpr int64_t most = 1'000'000'000;
static CLI::Validator fromZero() { return CLI::Range(int64_t{0}, most).description(""); }
static CLI::Validator fromOne() { return CLI::Range(int64_t{1}, most).description(""); }

Command addTrain(CLI::App &app) {
  CLI::App *command = addCommand(app, "train", "Train a model on data, as Keras's fit does");
  auto options = std::make_shared<Options>();
  FitOptions &fit = options->fit;
  options->model.add(*command);
  command
      ->add_option(
          "--data", options->data,
          "mnist (the folder data/mnist), a folder of idx files, FILE.npz with x_train and "
          "y_train, or a folder of images with one folder a class")
      ->type_name("DATA")
      ->required();
  options->training.add(*command);
  command->add_option("--batch-size", fit.batchSize, "Samples a step")
      ->type_name("N")
      ->check(fromOne())
      ->capture_default_str();
  command->add_option("--epochs", fit.epochs, "Times that all samples are seen")
      ->type_name("N")
      ->check(fromZero())
      ->capture_default_str();
  command
      ->add_option("--validation", options->validation,
                   "What to validate with after each epoch: test (the data's test part, if it has "
                   "one), a fraction of the samples, or none")
      ->type_name("WHAT")
      ->capture_default_str();
  command->add_option("--seed", fit.seed, "Of initial weights, dropout, and the order of samples")
      ->type_name("N")
      ->capture_default_str();
  command->add_flag("--in-order", options->inOrder, "Take the samples as they come, unshuffled");
  command->add_flag(
      "--no-scale", options->noScale,
      "Take bytes as they are, not divided by 255: for models with a Rescaling layer");
  addRepeated(*command, "--class-weight", options->classWeights,
              "How much samples of a class count")
      ->type_name("LABEL=W");
  command->add_option("--save", options->save, "The trained model: .h5 or .keras")
      ->type_name("FILE");
  command
      ->add_option("--save-weights", options->saveWeights,
                   "Its weights alone: .h5 (Keras 2 and 3) or .weights.h5 (Keras 3)")
      ->type_name("FILE");
  command
      ->add_option("--save-best", options->saveBest, "The model after its best epoch, by --monitor")
      ->type_name("FILE");
  command->add_option("--monitor", options->monitor.name, "The value that says which is best")
      ->type_name("NAME")
      ->capture_default_str();
  command
      ->add_option("--early-stopping", options->earlyStopping,
                   "Stop after N epochs without improvement, and take the best weights")
      ->type_name("N")
      ->check(fromZero());
  command
      ->add_option("--reduce-on-plateau", options->reduceOnPlateau,
                   "Take a tenth of the learning rate after N epochs without improvement")
      ->type_name("N")
      ->check(fromOne());
  command
      ->add_option("--checkpoint", fit.checkpoint,
                   "Where to keep what --resume needs; by default beside what is saved")
      ->type_name("FILE");
  command->add_option("--checkpoint-every", fit.checkpointSeconds, "Seconds between checkpoints")
      ->type_name("SECONDS")
      ->check(fromZeroOn())
      ->capture_default_str();
  command->add_flag("--resume", fit.resume,
                    "Go on where the checkpoint is, or from the optimizer's state in MODEL");
  command->add_option("--csv-log", fit.csvLog, "A line an epoch, as Keras's CSVLogger")
      ->type_name("FILE");
  command->add_option("--json-log", fit.jsonLog, "The same as JSON")->type_name("FILE");
  command->add_option("--plot", options->plot, "The curves as a picture: .png or .svg")
      ->type_name("FILE");
  command->add_flag("--recompute", options->recompute,
                    "Compute most of the forward pass twice instead of keeping it: less memory");
  options->flags.add(*command);
  options->cache.add(*command);
  command->footer(
      "What the model's file says of its training counts where nothing is given.\n"
      "Example: hornet train cnn.json --data mnist --loss categorical_crossentropy "
      "--optimizer adadelta --metrics accuracy --batch-size 128 --epochs 12 --save cnn.h5");
  return {command, [options] { return train(*options); }};
}

} // namespace hornet::tool
