//===- TrainingConfig.h - The training configuration in each file's form --------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
// Internal to src/keras.
#pragma once

#include "keras/Training.h"

namespace hornet::keras {

/// From a `compile_config` of Keras 3, or a `training_config` of an HDF5 file. Nothing when it says
/// nothing of an optimizer (a model that was not compiled).
std::optional<TrainingConfig> parseTraining(const formats::Json &json);

/// For a `.keras` archive: `compile_config`.
formats::Json toCompileConfig(const TrainingConfig &training);
/// For an HDF5 file: `training_config`, which both generations read.
formats::Json toTrainingConfig(const TrainingConfig &training);

} // namespace hornet::keras
