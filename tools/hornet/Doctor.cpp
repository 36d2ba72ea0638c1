#include "Commands.h"
#include "Options.h"
#include "Terminal.h"

#include <fmt/format.h>
#include <numeric>

namespace hornet::tool {

using formats::Json;

namespace {
struct Options {
  ModelOptions model;
  CompileFlags flags;
  bool json = false;
};

struct Finding {
  ModelDescription model;
  bool hasWeights = false;
};
} // namespace

/// As far as the compiler would go before it makes code.
static Expected<Finding> find(const Options &options) {
  CompileOptions compileOptions = HORNET_TRY(options.flags.parse());
  keras::Model model = HORNET_TRY(options.model.read());
  return Finding{HORNET_TRY(driver::check(model, compileOptions)), model.weights != nullptr};
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
  if (options.json)
    printJson(Json{{"file", file}, {"problems", jsonOf(problems)}, {"notes", jsonOf(notes)}});
  else
    print(finding ? health(file, *finding) : listOfProblems(file, problems));
  return problems.empty() ? done : refused;
}

Command addDoctor(CLI::App &app) {
  CLI::App *command =
      app.add_subcommand("doctor", "Find every problem of a model, and say how to mend it");
  auto options = std::make_shared<Options>();
  options->model.add(*command);
  options->flags.add(*command);
  command->add_flag("--json", options->json, "As JSON");
  command->footer("Example: hornet doctor cnn.h5 --shape conv2d_1_input=1,28,28,1");
  return {command, [options] { return diagnose(*options); }};
}

} // namespace hornet::tool
