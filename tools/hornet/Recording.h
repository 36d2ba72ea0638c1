//===- Recording.h - What a model once answered, from a file ----------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "Arrays.h"
#include "driver/Driver.h"

namespace hornet::tool {

/// Inputs with the answers that Keras gave to them.
struct Recording {
  std::string file;
  Arrays inputs;
  std::vector<std::optional<Tensor>> outputs;          ///< one for each of the model's; some given
  std::vector<std::pair<std::string, Tensor>> results; ///< of layers: by path
};

/// Reads a .npz: inputs by their names (a model's only input may have any), outputs as output_0,
/// output_1, … or by their names, results of layers by name or path. Input error: inputs are
/// missing, or there is no output.
Expected<Recording> readRecording(const std::string &file, const keras::Model &model,
                                  const ModelDescription &description);

} // namespace hornet::tool
