//===- Checkpoint.h - A run on disk, to go on from --------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "training/Callbacks.h"
#include "training/Trainer.h"

namespace hornet::training {

/// All that a run depends on from one moment on. Dropout and the order of the data are functions of
/// seed, epoch and step, so that nothing else has to be kept.
struct Checkpoint {
  /// What must be the same when the run goes on: model, objective, optimizer, data, batch size,
  /// seed; a line each.
  std::vector<std::string> conditions;
  TrainerState trainer;
  float firstRate = 0;       ///< the constant learning rate that the run was begun with
  int64_t epoch = 0;         ///< in which the run is
  int64_t step = 0;          ///< steps of it that are done
  std::vector<Logs> history; ///< of the epochs that are done
  EarlyStopping::State stopping;
  bool stoppedEarly = false;
  std::vector<Tensor> best; ///< the parameters to restore, where early stopping keeps them
  ReduceOnPlateau::State plateau;
  std::optional<double> bestValue; ///< of the model that was saved as the best
};

/// Writes it aside and renames: `path` is as it was, or complete, at every moment. Machine error:
/// it cannot be written.
Expected<void> writeCheckpoint(const std::string &path, const Checkpoint &checkpoint);

/// Input error: no such file, not a checkpoint, of another version, damaged.
Expected<Checkpoint> readCheckpoint(const std::string &path);

} // namespace hornet::training
