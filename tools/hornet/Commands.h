//===- Commands.h - The subcommands of hornet -------------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

namespace hornet::tool {

/// What the process returns.
enum ExitCode { done = 0, failed = 1, refused = 2 };

/// A subcommand with its flags, and what to do once they are parsed.
struct Command {
  CLI::App *app;
  std::function<Expected<ExitCode>()> run;
};

/// A subcommand of `app`. In one source alone: wherever one is made, all of the command line's
/// parser is compiled.
CLI::App *addCommand(CLI::App &app, const std::string &name, const std::string &help);

Command addPredict(CLI::App &app);
Command addRun(CLI::App &app);
Command addSummary(CLI::App &app);
Command addInspect(CLI::App &app);
Command addDoctor(CLI::App &app);
Command addCache(CLI::App &app);
Command addConvert(CLI::App &app);
Command addTrain(CLI::App &app);
Command addBench(CLI::App &app);
Command addProfile(CLI::App &app);
Command addTune(CLI::App &app);

} // namespace hornet::tool
