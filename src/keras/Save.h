//===- Save.h - Files that Keras opens ------------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Parameter.h"
#include "keras/Model.h"
#include "keras/Training.h"

#include <span>
#include <string>

namespace hornet::keras {

/// Writes the whole model to `path`, whose ending says in which form, as in Keras: `.keras`, the
/// archive of Keras 3, or `.h5` and `.hdf5`, which both generations read where the model permits
/// (docs/files.md). `values` are those of `parameters`, the model's, as bindWeights gives them;
/// `training` comes along when it is there (a state needs its config). Written aside and renamed:
/// the old file stays whole until the new one is on the disk. The same input gives the same bytes.
/// Input error: another ending; for `.keras`, layers of Keras 2 that Keras 3 does not have or has
/// with another meaning, all of them by name. Machine error: it cannot be written.
Expected<void> saveModel(const Model &model, std::span<const Parameter> parameters,
                         std::span<const Tensor> values, const std::string &path,
                         const Training &training = {});

/// Writes the weights alone: `.weights.h5` as Keras 3 does, any other `.h5` or `.hdf5` by layer
/// name as Keras 2 does, which Keras 3 reads too. Errors as above.
Expected<void> saveWeights(const Model &model, std::span<const Parameter> parameters,
                           std::span<const Tensor> values, const std::string &path);

} // namespace hornet::keras
