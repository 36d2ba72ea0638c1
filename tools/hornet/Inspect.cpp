#include "Commands.h"
#include "Options.h"
#include "Terminal.h"
#include "TrainingFlags.h"

#include "base/Nearest.h"
#include "training/Objective.h"

#include <fmt/format.h>

namespace hornet::tool {

namespace {
struct Options {
  ModelOptions model;
  CompileFlags flags;
  std::string stopAfter;
  std::string layer;
  bool train = false;
  TrainingFlags training;
};
} // namespace

/// A step of training, as `hornet train` compiles it.
static Expected<step::StepOptions> stepOf(const Options &options, const keras::Model &model) {
  keras::TrainingConfig config = HORNET_TRY(options.training.read(options.model.file, model));
  training::Objective objective = HORNET_TRY(training::Objective::of(config, model));
  return objective.step(step::Kind::train, config.optimizer);
}

static Expected<Stage> parseStage(const std::string &name) {
  std::vector<std::string_view> names;
  for (const StageName &row : stageNames)
    if (row.name == name)
      return row.stage;
    else
      names.push_back(row.name);
  return inputError({.attribute = "--stop-after",
                     .reason = fmt::format("there is no stage '{}'; the stages are {}", name,
                                           fmt::join(names, ", ")),
                     .mend = didYouMean(name, names)});
}

static Expected<ExitCode> show(const Options &options) {
  CompileOptions compileOptions = HORNET_TRY(options.flags.parse());
  Stage stage = Stage::assembly;
  if (!options.stopAfter.empty())
    stage = HORNET_TRY(parseStage(options.stopAfter));
  else if (options.layer.empty())
    return inputError({.attribute = "--stop-after",
                       .reason = "neither a stage nor a layer was given",
                       .mend = "give --stop-after=STAGE, or --layer=NAME for the layer's way "
                               "through all stages"});
  keras::Model model = HORNET_TRY(options.model.read(compileOptions));
  if (options.train)
    compileOptions.step = HORNET_TRY(stepOf(options, model));
  if (!options.stopAfter.empty()) {
    print(HORNET_TRY(driver::inspect(model, compileOptions, stage, options.layer)));
    return done;
  }
  Terminal terminal = Terminal::of(stdout);
  auto texts = HORNET_TRY(driver::inspectStages(model, compileOptions, options.layer));
  for (const StageName &row : stageNames)
    print(fmt::format(
        "{}\n{}\n",
        styled(fmt::format("==== {}: {} ====", row.name, row.summary), Style::bold, terminal),
        texts[static_cast<size_t>(row.stage)]));
  return done;
}

Command addInspect(CLI::App &app) {
  CLI::App *command =
      addCommand(app, "inspect", "Show what the compiler makes of a model, stage by stage");
  auto options = std::make_shared<Options>();
  options->model.add(*command);
  options->flags.add(*command);
  std::string stages = "The stage to show:";
  for (const StageName &row : stageNames)
    stages += fmt::format("\n{} ({})", row.name, row.summary);
  command->add_option("--stop-after", options->stopAfter, stages)->type_name("STAGE");
  command
      ->add_option("--layer", options->layer,
                   "Only what came from this layer; without --stop-after: its way through all "
                   "stages, down to its assembly")
      ->type_name("NAME");
  command->add_flag("--train", options->train, "A step of training instead of a prediction");
  options->training.add(*command);
  command->footer("Example: hornet inspect cnn.h5 --stop-after=linalg --layer conv2d_2");
  return {command, [options] { return show(*options); }};
}

} // namespace hornet::tool
