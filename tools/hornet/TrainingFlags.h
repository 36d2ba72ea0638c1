//===- TrainingFlags.h - How to train, from the command line and from the model's file ------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "keras/Model.h"
#include "keras/Training.h"

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

namespace hornet::tool {

/// What `compile` gets in Keras. What is not given on the command line is as the file has it.
struct TrainingFlags {
  std::string optimizer; ///< a name, or a config as JSON
  std::optional<double> learningRate;
  std::vector<std::string> losses;  ///< a name or JSON, or OUTPUT=…, one an output
  std::vector<std::string> metrics; ///< likewise, several

  void add(CLI::App &command);
  /// Input error: JSON that is none, no optimizer or no loss here and in the file.
  Expected<keras::TrainingConfig> over(const std::optional<keras::TrainingConfig> &file,
                                       const keras::Model &model) const;
  /// Over what the model's own file says.
  Expected<keras::TrainingConfig> read(const std::string &path, const keras::Model &model) const;
};

} // namespace hornet::tool
