//===- Progress.h - The line that shows how far an epoch is -------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "training/Logs.h"

#include <optional>

namespace hornet::training {

/// The progress of one epoch (or of one evaluation), as text, which the caller prints.
class Progress {
public:
  struct Options {
    int64_t steps = 1;
    bool live = true;   ///< a line that is written over again, for a terminal
    bool colors = true; ///< by escape sequences
    int columns = 80;   ///< of the terminal: the live line keeps within them
  };
  /// `now` is a time in seconds, from any beginning; the others are of the same clock. An epoch
  /// that resumes has done `firstStep` steps before, which do not count in the time a step.
  Progress(const Options &options, double now, int64_t firstStep = 0);

  /// "Epoch 3/12", with a newline; `epoch` counts from 0.
  static std::string heading(int64_t epoch, int64_t epochs);

  /// After `step` steps, with a bar and the time that is left; empty when the line was shown less
  /// than a twentieth of a second ago. Not live: a line of its own every half minute.
  std::string update(int64_t step, const Logs &logs, double now);
  /// At the end, with the time that it took, and a newline:
  /// "469/469 ━━━━━━━━━━━━━━━━━━━━ 12s 25ms/step - accuracy: 0.9312 - loss: 0.2107".
  std::string finish(const Logs &logs, double now);

private:
  std::string line(int64_t step, const Logs &logs, double now, bool finished) const;
  double secondsPerStep(int64_t step, double now) const;

  Options options;
  double begin;
  int64_t firstStep;
  std::optional<double> shown;     ///< when the line was
  std::optional<double> firstDone; ///< the first step, which is slower than others
};

} // namespace hornet::training
