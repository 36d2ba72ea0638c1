// The user's tool: predicts, runs, shows, checks and converts Keras models.

#include "Commands.h"
#include "Terminal.h"

#include "base/Nearest.h"

using namespace hornet;
using namespace hornet::tool;

CLI::App *hornet::tool::addCommand(CLI::App &app, const std::string &name,
                                   const std::string &help) {
  return app.add_subcommand(name, help);
}

/// What is wrong with the command line: CLI11's message, the nearest word, and where to look it up.
static Problem explain(const CLI::App &app, const CLI::App *command, const CLI::ParseError &error) {
  std::vector<std::string> words;
  for (const CLI::App *other : app.get_subcommands([](const CLI::App *) { return true; }))
    if (!command)
      words.push_back(other->get_name());
  for (const CLI::Option *option : (command ? command : &app)->get_options())
    for (const std::string &name : option->get_lnames())
      words.push_back("--" + name);
  std::vector<std::string> extra = app.remaining(/*recurse=*/true);
  std::string suggestion;
  if (!extra.empty())
    suggestion =
        didYouMean(extra.front(), std::vector<std::string_view>(words.begin(), words.end()));
  std::string name = command ? "hornet " + command->get_name() : "hornet";
  return {.reason = error.what(),
          .mend = (suggestion.empty() ? "" : suggestion + " ") + "see " + name + " --help"};
}

/// A variable that is not set gives an empty value, which would pass for a flag that was left out.
static void refuseEmptyValues(const CLI::App &command) {
  for (const CLI::Option *option : command.get_options())
    for (const std::string &value : option->results())
      if (value.empty() && !option->check_lname("text"))
        throw CLI::ValidationError(option->get_name(), "the value is empty");
}

static int runCommand(CLI::App &app, const std::vector<Command> &commands, int argc, char **argv) {
  const Command *chosen = nullptr;
  try {
    app.parse(argc, argv);
    for (const Command &command : commands)
      if (command.app->parsed())
        chosen = &command;
    if (!chosen)
      throw CLI::RequiredError("A command");
    refuseEmptyValues(*chosen->app);
  } catch (const CLI::Success &help) {
    return app.exit(help);
  } catch (const CLI::ParseError &error) {
    for (const Command &command : commands)
      if (command.app->parsed())
        chosen = &command;
    printError(InputError{{explain(app, chosen ? chosen->app : nullptr, error)}});
    return refused;
  }
  Expected<ExitCode> code = chosen->run();
  if (code)
    return *code;
  printError(code.error());
  return std::holds_alternative<InputError>(code.error()) ? refused : failed;
}

// Where even printing the error fails, terminating is right.
// NOLINTNEXTLINE(bugprone-exception-escape)
int main(int argc, char **argv) {
  CLI::App app("Hornet compiles a Keras model to native code and runs it.", "hornet");
  app.set_version_flag("--version", "hornet " HORNET_VERSION);
  app.footer("Example: hornet predict cnn.h5 test3.png --invert\n"
             "Each command has a --help of its own. Exit codes: 0 done, 1 failed, 2 the input was "
             "refused.");
  app.require_subcommand(0, 1);
  try {
    std::vector<Command> commands = {addPredict(app), addRun(app),    addSummary(app),
                                     addInspect(app), addDoctor(app), addBench(app),
                                     addProfile(app), addTune(app),   addCache(app),
                                     addConvert(app), addTrain(app)};
    int code = runCommand(app, commands, argc, argv);
    if (std::fflush(stdout) == 0 && !std::ferror(stdout))
      return code;
    printError(MachineError{"cannot write to standard output"});
  } catch (const std::bad_alloc &) {
    printError(MachineError{"out of memory"});
  } catch (const std::system_error &error) {
    printError(MachineError{error.what()});
  } catch (const std::exception &error) {
    printError(InternalError{error.what()});
  }
  return failed;
}
