//===- Tuner.h - The search for faster choices ---------------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "Neighbors.h"
#include "Trial.h"
#include "Turns.h"

#include <chrono>
#include <functional>

namespace hornet::tool {

/// What came of the search for one op. Times are those of a call, of all code that its layers share
/// with others.
struct TunedOp {
  std::string op;
  std::vector<std::string> layers; ///< paths
  Choice before, after;            ///< equal where nothing faster was found
  double beforeMicroseconds = 0, afterMicroseconds = 0;

  double gain() const { return beforeMicroseconds / afterMicroseconds; }
};

struct TuningResult {
  std::vector<TunedOp> ops; ///< those whose choices there are, in the order of the code
  size_t trials = 0;        ///< compilations that were measured
  bool complete = false;    ///< all candidates were tried
  double seconds = 0;
  double others = 0; ///< the part of all processors' time that other processes used meanwhile
  /// Of a call, what the ops whose choices changed save, by the stamps around them.
  double savedPart = 0;
  /// A call of the whole model, with all choices together: measured last, and against each other.
  double beforeMicroseconds = 0, afterMicroseconds = 0;

  double gain() const { return beforeMicroseconds / afterMicroseconds; }
  /// Whether the times say something of this machine: with a second processor in others' hands, a
  /// loop is faster when it is not shared.
  bool isQuiet() const { return others <= 0.25; }
  /// Whether it is worth keeping: the whole is faster, and the ops tell why. Where a process's
  /// memory happens to lie makes some percent too.
  bool isFaster() const { return gain() >= 1.02 && savedPart >= 0.015; }
};

/// Compiles the model again and again, each time with another candidate for every op that shares no
/// code with the others, and times the code of each by the stamps between layers. What was fastest
/// is measured once more together, and then the whole model without stamps.
class Tuner {
public:
  Tuner(const Trial &trial, int64_t batch, double seconds,
        std::function<void(const std::string &)> progress)
      : trial(trial), batch(batch), seconds(seconds), progress(std::move(progress)) {}

  /// Within about the seconds given, but with one trial at least. Internal error: a choice that
  /// changes the answers.
  Expected<TuningResult> run();

private:
  /// What is known of an op.
  struct Search {
    Layers layers;
    Choice own; ///< the schedule's
    std::vector<Choice> tried;
  };

  Expected<void> search();
  Expected<void> findTunables();
  std::vector<std::string> vary(Tuning &choices);
  Expected<bool> measure(const Tuning &choices, const std::vector<std::string> &varied);
  bool take(const Contender &contender, const std::string &op, const Choice &choice);
  Expected<void> confirm();
  Expected<void> verify();
  Expected<Contender> compile(const Tuning &choices, bool profile);
  double elapsed() const;

  const Trial &trial;
  int64_t batch;
  double seconds;
  std::function<void(const std::string &)> progress;
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
  Neighbors neighbors;

  std::optional<Contender> base; ///< with the schedule's own choices
  Tuning best;
  std::vector<Tunable> tunables;               ///< with `best`
  std::map<std::string, Search> searches;      ///< by op
  std::map<std::string, double> shareOfBefore; ///< by layer: time with `best`, as a part of without
  TuningResult result;
};

} // namespace hornet::tool
