//===- Options.h - Flags that several subcommands share --------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/Options.h"
#include "driver/Driver.h"

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

namespace hornet::tool {

/// The model that a subcommand works on, as the command line names it.
struct ModelOptions {
  std::string file;
  std::string weights; ///< empty: those in the model's own file

  void add(CLI::App &command);
  /// Input error: all that is wrong with a model that is no sound graph, or whose weights cannot be
  /// opened, the problems of its layers included.
  Expected<keras::Model> read(const CompileOptions &options) const;
  /// As keras::examineModel.
  Expected<keras::Model> examine() const;
};

/// How to compile it.
struct CompileFlags {
  int level = 3;
  int threads = 0;
  int winograd = 2;
  std::string weightType = "f32"; ///< f32, bf16, f16
  std::string target = "native";
  std::vector<std::string> shapes; ///< "NAME=1,28,28,1"
  std::string tuningLog;           ///< empty: the one beside the cache
  bool noTuning = false;

  void add(CLI::App &command);
  /// With what was measured on this machine. Input error: a shape that is none, a tuning log that
  /// was named and is missing, and as of cache::TuningLog::read.
  Expected<CompileOptions> parse() const;

private:
  Expected<Tuning> tuningFor(const CompileOptions &options) const;
};

/// Whether compiled code is looked for, and kept, on disk.
struct CacheFlag {
  bool off = false;

  void add(CLI::App &command);
  bool used() const { return !off; }
};

/// A flag that may be given several times, with one value each time.
CLI::Option *addRepeated(CLI::App &command, const std::string &name,
                         std::vector<std::string> &values, const std::string &help);

/// Checks that a number is finite and not negative.
CLI::Validator fromZeroOn();

/// "'x' (None, 28, 28, 1), 'y' (None, 3)": a model's inputs for messages.
std::string listOf(const std::vector<runtime::Port> &ports);

} // namespace hornet::tool
