//===- Fit.h - Epochs, and what happens between them ------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "training/Callbacks.h"
#include "training/Checkpoint.h"
#include "training/Progress.h"
#include "training/Trainer.h"

#include <cstdio>
#include <functional>
#include <optional>
#include <string>

namespace hornet::training {

/// A value of the logs that a callback watches ("val_loss"), and in which direction it improves
/// ("min", "max", or "auto": by its name).
struct Monitor {
  std::string name = "val_loss";
  std::string mode = "auto";
  double minDelta = 0;
};

/// What Keras's `fit` takes, and its callbacks.
struct FitOptions {
  int64_t epochs = 1;
  int64_t batchSize = 32;
  bool shuffle = true;
  uint64_t seed = 0;

  struct Stopping {
    Monitor monitor;
    int64_t patience = 0;
    bool restoreBest = false;
  };
  std::optional<Stopping> earlyStopping;
  struct Plateau {
    Monitor monitor;
    double factor = 0.1;
    int64_t patience = 10;
    double minRate = 0;
  };
  std::optional<Plateau> reduceOnPlateau;
  struct Best {
    Monitor monitor;
    std::string path; ///< a model file, in the form that its ending says
  };
  std::optional<Best> saveBest;

  std::string checkpoint;        ///< a file to go on from; empty: none is written
  double checkpointSeconds = 60; ///< between those within an epoch
  bool resume = false;           ///< goes on from it, if it is there
  std::string csvLog, jsonLog;   ///< files; empty: none
};

/// Shows how a run goes on. Texts are written as they come.
struct FitDisplay {
  std::function<void(const std::string &)> write = [](const std::string &) {};
  bool live = false; ///< a line may be written over again
  bool colors = false;
  int columns = 80;
  /// Asked after each step: true stops the run after a checkpoint.
  std::function<bool()> stopped = [] { return false; };
};

/// On a stream of the caller's: a live bar where it is a terminal, else plain lines.
FitDisplay displayOn(FILE *stream);

struct FitResult {
  std::vector<Logs> history; ///< an epoch each; validation's names begin with "val_"
  bool interrupted = false;  ///< by FitDisplay::stopped
  bool stoppedEarly = false;
};

/// Trains `trainer` on `train`, with `validation` after each epoch where there is one. Input error:
/// as of Trainer::runEpoch (the last checkpoint is then from before the step), a monitor that is no
/// name in the logs, a checkpoint of another run. Machine error: a file cannot be written.
Expected<FitResult> fit(Trainer &trainer, const Samples &train,
                        const std::optional<Samples> &validation, const FitOptions &options,
                        const FitDisplay &display = {});

/// Writes the model with its weights, how it is trained, and the optimizer's state.
Expected<void> saveTrained(const Trainer &trainer, const std::string &path);

} // namespace hornet::training
