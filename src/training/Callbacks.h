//===- Callbacks.h - What is decided after an epoch ---------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "training/Logs.h"
#include "training/Metrics.h"

#include <cstdint>
#include <limits>
#include <optional>

namespace hornet::training {

/// Which way the logged value `monitor` improves: `mode` is "min", "max", or "auto", which asks the
/// metrics; "val_" in front does not count, and a loss goes down. `known` are the metrics by their
/// names in the logs. Input error: a mode, or with "auto" a name, that there is not.
struct NamedDirection {
  std::string name;
  Direction direction;
};
Expected<Direction> directionOf(const std::string &monitor, const std::string &mode,
                                std::span<const NamedDirection> known);

/// Whether a value is better than an earlier one by more than a least difference.
struct Improvement {
  Direction direction = Direction::down;
  double minDelta = 0;

  bool operator()(double value, std::optional<double> reference) const;
};

/// Stops when a value has not improved for a number of epochs. Source: keras.callbacks.
class EarlyStopping {
public:
  struct Options {
    Improvement better;
    int64_t patience = 0;           ///< epochs without improvement that are allowed
    std::optional<double> baseline; ///< what must be passed for waiting to begin anew
    int64_t startFromEpoch = 0;     ///< before it nothing is looked at
  };
  explicit EarlyStopping(const Options &options) : options(options) {}

  struct Decision {
    bool keep = false; ///< these weights are the ones to restore
    bool stop = false;
  };
  /// After epoch number `epoch`, from 0. What is not a number never improves.
  Decision observe(int64_t epoch, double value);

  /// For checkpoints.
  struct State {
    int64_t wait = 0;
    std::optional<double> best;
    std::optional<int64_t> bestEpoch; ///< whose weights are to be restored
  };
  State state;

private:
  Options options;
};

/// Lowers the learning rate when a value has stopped improving. Source: keras.callbacks.
class ReduceOnPlateau {
public:
  struct Options {
    Improvement better = {Direction::down, 1e-4};
    double factor = 0.1;
    int64_t patience = 10;
    int64_t cooldown = 0; ///< epochs after a reduction that do not count
    double minRate = 0;
  };
  /// Input error: a factor that is not in (0, 1).
  static Expected<ReduceOnPlateau> make(const Options &options);

  /// The rate of the next epoch, of what it was.
  double observe(double value, double rate);

  /// For checkpoints.
  struct State {
    int64_t wait = 0;
    int64_t cooling = 0;
    std::optional<double> best;
  };
  State state;

private:
  explicit ReduceOnPlateau(const Options &options) : options(options) {}
  Options options;
};

/// Which epochs' models are the best so far, as ModelCheckpoint(save_best_only=True) finds.
class BestModel {
public:
  explicit BestModel(Improvement better, std::optional<double> threshold = std::nullopt)
      : best(threshold), better(better) {}
  /// Whether the model is to be saved.
  bool observe(double value);

  std::optional<double> best; ///< for checkpoints

private:
  Improvement better;
};

} // namespace hornet::training
