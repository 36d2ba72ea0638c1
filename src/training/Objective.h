//===- Objective.h - Losses and metrics of each output ----------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "keras/Model.h"
#include "keras/Training.h"
#include "step/Options.h"
#include "training/Metrics.h"
#include "training/Samples.h"

#include <vector>

namespace hornet::training {

/// What a training configuration means for a model: one entry an output.
struct Objective {
  std::vector<Json> losses; ///< null: the output has none
  std::vector<double> lossWeights;
  std::vector<std::vector<Json>> metrics, weightedMetrics;

  /// What the configuration says as one object, a list, or a dict by output. Input error: none of
  /// these, other names or another number of outputs, no loss at all.
  static Expected<Objective> of(const keras::TrainingConfig &config, const keras::Model &model);

  /// What a step of this objective is.
  step::StepOptions step(step::Kind kind, const Json &optimizer) const;

  /// In which form the loss of an output takes its labels.
  TargetForm targetForm(size_t output) const;
};

} // namespace hornet::training
