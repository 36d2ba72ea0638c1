#include "Commands.h"
#include "Options.h"
#include "Terminal.h"
#include "Verification.h"

#include <fmt/format.h>
#include <numeric>

namespace hornet::tool {

using formats::Json;

namespace {
struct Options {
  ModelOptions model;
  CompileFlags flags;
  std::string recording; ///< empty: nothing is run
  /// What float32 through a hundred layers and more may round off, whoever computes it.
  Tolerance tolerance = {.relative = 1e-4, .absolute = 1e-5};
  bool json = false;
};

struct Finding {
  ModelDescription model;
  bool hasWeights = false;
  std::optional<Verdict> verdict;
};
} // namespace

/// As far as the compiler would go before it makes code; farther with recorded answers.
static Expected<Finding> find(const Options &options) {
  CompileOptions compileOptions = HORNET_TRY(options.flags.parse());
  keras::Model model = HORNET_TRY(options.model.examine());
  if (options.recording.empty())
    return Finding{HORNET_TRY(driver::check(model, compileOptions)), model.weights != nullptr};
  // The arrays may tell the sizes that the model leaves open. What is wrong with the model comes
  // before what is wrong with them.
  ModelDescription description = HORNET_TRY(driver::examine(model, compileOptions));
  Expected<Recording> recording = readRecording(options.recording, model, description);
  if (recording)
    HORNET_TRY(addShapes(compileOptions, model, recording->inputs));
  Finding finding{HORNET_TRY(driver::check(model, compileOptions)), model.weights != nullptr};
  finding.verdict = HORNET_TRY(verify(model, finding.model, HORNET_TRY(std::move(recording)),
                                      std::move(compileOptions), options.tolerance));
  return finding;
}

static Json jsonOf(const std::vector<Problem> &problems) {
  Json json = Json::array();
  for (const Problem &problem : problems)
    json.push_back({{"file", problem.file},
                    {"layer", problem.layer},
                    {"class", problem.layerClass},
                    {"attribute", problem.attribute},
                    {"reason", problem.reason},
                    {"mend", problem.mend}});
  return json;
}

/// One paragraph a problem: reasons are too long for the columns of a table.
static std::string listOfProblems(const std::string &file, const std::vector<Problem> &problems) {
  Terminal terminal = Terminal::of(stdout);
  std::string text = fmt::format("{}: {} problem{}\n", printable(file), problems.size(),
                                 problems.size() == 1 ? "" : "s");
  auto line = [&](std::string_view what, const std::string &value) {
    if (!value.empty())
      text += fmt::format("  {:<10} {}\n", what, printable(value));
  };
  for (size_t i = 0; i < problems.size(); ++i) {
    const Problem &problem = problems[i];
    text += fmt::format("\n{} {}\n", styled(fmt::format("{}.", i + 1), Style::red, terminal),
                        styled(printable(problem.reason), Style::bold, terminal));
    line("file", problem.file == file ? "" : problem.file);
    line("layer", problem.layer);
    line("class", problem.layerClass);
    line("attribute", problem.attribute);
    line("mend", problem.mend);
  }
  return text;
}

static std::string health(const std::string &file, const Finding &finding) {
  const ModelDescription &model = finding.model;
  std::string text = fmt::format("{}: no problems found\n", printable(file));
  for (auto [what, ports] : {std::pair("input", &model.inputs), {"output", &model.outputs}})
    for (const import::Port &port : *ports)
      text += fmt::format("  {:<10} '{}' {} {}\n", what, printable(port.name), toString(port.shape),
                          nameOf(port.dtype));
  int64_t parameters = 0;
  for (const Parameter &parameter : model.parameters)
    parameters += std::accumulate(parameter.shape.begin(), parameter.shape.end(), int64_t{1},
                                  std::multiplies<>());
  text += fmt::format("  {:<10} {}\n  {:<10} {} in {} weights{}\n", "layers", model.layers.size(),
                      "parameters", grouped(parameters), model.parameters.size(),
                      finding.hasWeights ? "" : "; the file has no values for them");
  for (const Problem &note : model.notes)
    text += fmt::format("  {:<10} {}\n", "note", printable(toString(note)));
  return text;
}

static std::string textOf(const Verdict &verdict, const Options &options) {
  Terminal terminal = Terminal::of(stdout);
  std::string text =
      fmt::format("{}: {} the recorded answers\n", printable(options.recording),
                  styled(verdict.agrees() ? "the model gives" : "the model does not give",
                         verdict.agrees() ? Style::green : Style::red, terminal));
  auto line = [&](std::string_view what, const std::string &value) {
    text += fmt::format("  {:<10} {}\n", what, printable(value));
  };
  for (const auto &[name, comparison] : verdict.outputs)
    line("output", fmt::format("'{}' {}: {}", name, toString(comparison.shape), comparison.text()));
  for (const std::string &note : verdict.notes)
    line("note", note);
  if (verdict.agrees())
    return text;
  if (verdict.levelsAgree)
    line("code",
         fmt::format("-O{} and -O{} agree on every layer", verdict.level, verdict.otherLevel));
  if (const std::optional<Departure> &departure = verdict.departure) {
    line("layer",
         fmt::format("'{}'{} is the first that differs between {}", departure->layer,
                     departure->layerClass.empty() ? ""
                                                   : fmt::format(" ({})", departure->layerClass),
                     departure->kind == Departure::Kind::levels
                         ? fmt::format("-O{} and -O{}", verdict.level, verdict.otherLevel)
                         : "the model and the recording"));
    line("", departure->comparison.text());
  }
  line("meaning", verdict.meaning);
  line("mend", verdict.mend);
  return text;
}

static Json jsonOf(const Verdict &verdict, const Options &options) {
  Json outputs = Json::array(), departure;
  for (const auto &[name, comparison] : verdict.outputs) {
    outputs.push_back(comparison.json());
    outputs.back()["name"] = name;
  }
  if (const std::optional<Departure> &found = verdict.departure) {
    departure = found->comparison.json();
    departure["layer"] = found->layer;
    departure["class"] = found->layerClass;
    departure["between"] = found->kind == Departure::Kind::levels ? "levels" : "recording";
  }
  Json json = {{"recording", options.recording},
               {"rtol", options.tolerance.relative},
               {"atol", options.tolerance.absolute},
               {"agrees", verdict.agrees()},
               {"outputs", outputs},
               {"notes", verdict.notes}};
  if (!verdict.agrees()) {
    json["levels"] = {verdict.level, verdict.otherLevel};
    json["levels_agree"] = verdict.levelsAgree;
    json["first_difference"] = departure;
    json["meaning"] = verdict.meaning;
    json["mend"] = verdict.mend;
  }
  return json;
}

static Expected<ExitCode> diagnose(const Options &options) {
  Expected<Finding> finding = find(options);
  std::vector<Problem> problems, notes;
  if (finding)
    notes = finding->model.notes;
  else if (auto *error = std::get_if<InputError>(&finding.error()))
    problems = error->problems;
  else
    return tl::unexpected<Error>(std::move(finding).error());

  const std::string &file = options.model.file;
  const Verdict *verdict = finding && finding->verdict ? &*finding->verdict : nullptr;
  if (options.json) {
    Json json{{"file", file}, {"problems", jsonOf(problems)}, {"notes", jsonOf(notes)}};
    if (verdict)
      json["verify"] = jsonOf(*verdict, options);
    printJson(json);
  } else {
    print(finding ? health(file, *finding) : listOfProblems(file, problems));
    if (verdict)
      print("\n" + textOf(*verdict, options));
  }
  if (verdict && !verdict->agrees())
    return failed;
  return problems.empty() ? done : refused;
}

Command addDoctor(CLI::App &app) {
  CLI::App *command =
      addCommand(app, "doctor", "Find every problem of a model, and say how to mend it");
  auto options = std::make_shared<Options>();
  options->model.add(*command);
  options->flags.add(*command);
  CLI::Option *verify =
      command
          ->add_option("--verify", options->recording,
                       "Run the model on recorded inputs, compare with what Keras answered, and "
                       "find the first layer that departs")
          ->type_name("FILE.npz");
  for (auto [name, value, help] :
       {std::tuple("--rtol", &options->tolerance.relative,
                   "What an answer may be off, as a part of the recorded one"),
        std::tuple("--atol", &options->tolerance.absolute, "… and besides")})
    command->add_option(name, *value, help)
        ->type_name("X")
        ->check(fromZeroOn())
        ->needs(verify)
        ->capture_default_str();
  command->add_flag("--json", options->json, "As JSON");
  command->footer(
      "The recording holds the inputs under their names, the answers as output_0, output_1, … or\n"
      "by name, and results of layers under their names where there are some. Exit codes: 0 all "
      "is\n"
      "well, 1 the answers differ, 2 the model or the recording is refused.\n"
      "Example: hornet doctor cnn.h5 --shape conv2d_1_input=1,28,28,1\n"
      "Example: hornet doctor cnn.h5 --verify recorded.npz");
  return {command, [options] { return diagnose(*options); }};
}

} // namespace hornet::tool
