#include "Commands.h"
#include "Terminal.h"
#include "Tuner.h"

#include "cache/Cache.h"
#include "cache/TuningLog.h"
#include "driver/Tuning.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace hornet::tool {

using formats::Json;

namespace {
/// One line on a terminal, which each step writes over; else a line a step. To stderr.
class Progress {
public:
  ~Progress() { clear(); }
  void operator()(const std::string &step) const {
    clear();
    std::fprintf(stderr, terminal.tables ? "%s" : "%s\n", step.c_str());
    std::fflush(stderr);
  }

private:
  void clear() const {
    if (terminal.tables)
      std::fputs("\r\033[K", stderr);
  }
  Terminal terminal = Terminal::of(stderr);
};
} // namespace

/// The log to write: the named one, or that beside the cache, whose folder is made.
static Expected<std::string> logOf(const TrialOptions &options) {
  if (!options.flags.tuningLog.empty())
    return options.flags.tuningLog;
  HORNET_TRY(cache::Cache::open());
  return cache::TuningLog::defaultFile();
}

/// What was found takes the place of what the log has for the model's ops.
static Expected<void> keep(const Trial &trial, int64_t batch, const TuningResult &result,
                           const std::string &log) {
  std::set<cache::TuningKey> without;
  std::vector<cache::TuningEntry> with;
  for (const TunedOp &op : result.ops) {
    cache::TuningKey key{driver::processorName(), trial.options.target, trial.threads(), op.op};
    if (result.isFaster() && op.after != op.before)
      with.push_back({key, op.after, op.gain(), batch});
    without.insert(std::move(key));
  }
  return cache::TuningLog::update(log, without, with);
}

static Json jsonOf(const TrialOptions &options, const Trial &trial, const TuningResult &result,
                   const std::string &log) {
  Json ops = Json::array();
  for (const TunedOp &op : result.ops)
    ops.push_back({{"op", op.op},
                   {"layers", op.layers},
                   {"default", op.before},
                   {"best", op.after},
                   {"default_us", op.beforeMicroseconds},
                   {"best_us", op.afterMicroseconds}});
  return {{"model", options.model.file},
          {"random_weights", trial.randomWeights},
          {"batch", options.batch},
          {"threads", trial.threads()},
          {"target", trial.options.target},
          {"processor", driver::processorName()},
          {"trials", result.trials},
          {"complete", result.complete},
          {"seconds", result.seconds},
          {"others", result.others},
          {"default_us", result.beforeMicroseconds},
          {"best_us", result.afterMicroseconds},
          {"kept", result.isQuiet() && result.isFaster()},
          {"log", log},
          {"ops", ops}};
}

static std::string textOf(const TrialOptions &options, const Trial &trial,
                          const TuningResult &result, const std::string &log) {
  using Align = Table::Align;
  std::string text = fmt::format("{}: batch {}, {} thread{}, {} trials in {:.1f} s{}\n",
                                 printable(options.model.file), options.batch, trial.threads(),
                                 trial.threads() == 1 ? "" : "s", result.trials, result.seconds,
                                 trial.randomWeights ? ", random weights" : "");
  if (result.ops.empty())
    return text + "There is nothing to choose in this model.\n";
  Table table({{"Layers"},
               {"Default"},
               {"Best"},
               {"us", Align::right},
               {"Best us", Align::right},
               {"Gain", Align::right}});
  for (const TunedOp &op : result.ops)
    table.add({fmt::format("{}", fmt::join(op.layers, " + ")), toString(op.before),
               op.after == op.before ? "the same" : toString(op.after),
               fmt::format("{:.1f}", op.beforeMicroseconds),
               fmt::format("{:.1f}", op.afterMicroseconds), fmt::format("{:.2f}", op.gain())});
  text += table.format(Terminal::of(stdout));
  text += fmt::format("A call takes {:.1f} us by default, {:.1f} us with the best choices: {:.2f} "
                      "times as fast.\n",
                      result.beforeMicroseconds, result.afterMicroseconds, result.gain());
  if (!result.complete)
    text += "The time was up before all candidates were tried: give more --seconds for the rest.\n";
  if (!result.isQuiet())
    return text + fmt::format("Nothing was kept: other processes used {:.0f} % of the machine, and "
                              "what is faster beside them may not be when it is quiet. Tune again "
                              "then.\n",
                              100 * result.others);
  if (result.isFaster())
    return text + fmt::format("Kept in {}, for this processor, target and number of threads.\n",
                              printable(log));
  return text + "The defaults are best here, or as good: nothing was kept.\n";
}

static Expected<ExitCode> tune(TrialOptions options) {
  options.flags.noTuning = true; // what was found before is what is compared with nothing
  if (options.flags.level == 0)
    return inputError({.attribute = "-O",
                       .reason = "the plain lowering has nothing to choose",
                       .mend = "give 1 to 3"});
  Trial trial = HORNET_TRY(Trial::read(options));
  std::string log = HORNET_TRY(logOf(options));
  HORNET_TRY(cache::TuningLog::update(log, {}, {})); // to refuse a bad one before the work
  Expected<TuningResult> result = [&] {
    Progress progress;
    return Tuner(trial, options.batch, options.seconds, std::cref(progress)).run();
  }();
  if (!result)
    return tl::unexpected<Error>(result.error());
  if (result->isQuiet())
    HORNET_TRY(keep(trial, options.batch, *result, log));
  if (options.json)
    printJson(jsonOf(options, trial, *result, log));
  else
    print(textOf(options, trial, *result, log));
  return done;
}

Command addTune(CLI::App &app) {
  CLI::App *command = addCommand(app, "tune", "Find faster choices for a model by measuring");
  auto options = std::make_shared<TrialOptions>();
  options->seconds = 20;
  options->addWithoutSeconds(*command);
  command->remove_option(command->get_option("--no-tuning"));
  command->remove_option(command->get_option("--no-cache"));
  command->add_option("--seconds", options->seconds, "How long to search, about")
      ->type_name("S")
      ->check(CLI::Range(0.1, 3600.0).description(""))
      ->capture_default_str();
  command->footer("Measures candidates around the choices that the compiler makes from shapes "
                  "alone, and keeps those that make the\nmodel faster, for the commands that come "
                  "after: by op, processor, target and number of threads. Tune with the\nbatch "
                  "that will be run; the last tuning of an op counts. Accuracy stays as the "
                  "options have it.\n"
                  "Example: hornet tune cnn.h5 --threads 1");
  return {command, [options] { return tune(*options); }};
}

} // namespace hornet::tool
