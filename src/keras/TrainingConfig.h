//===- TrainingConfig.h - The training configuration in each file's form --------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
// Internal to src/keras.
#pragma once

#include "keras/Model.h"
#include "keras/Training.h"

namespace hornet::keras {

/// From a `compile_config` of Keras 3, or a `training_config` of an HDF5 file, which `generation`
/// wrote. Nothing when it says nothing of an optimizer (a model that was not compiled).
std::optional<TrainingConfig> parseTraining(const formats::Json &json, Generation generation);

/// Whether the optimizer is of the kind that Keras had before 2.11.
bool isLegacyOptimizer(const TrainingConfig &training);

/// For a `.keras` archive: `compile_config`.
formats::Json toCompileConfig(const TrainingConfig &training);
/// For an HDF5 file: `training_config`, which both generations read. Its optimizer is spelled as
/// `generation` does: Keras 2 finds the state of no other one, and Keras 3 takes the defaults of
/// one that Keras 2 has spelled.
formats::Json toTrainingConfig(const TrainingConfig &training, Generation generation);

} // namespace hornet::keras
