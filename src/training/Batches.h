//===- Batches.h - The batches of an epoch, assembled ahead -------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "training/Samples.h"

#include <array>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

namespace hornet::training {

/// One batch; its tensors are used again for a later one.
struct Batch {
  std::vector<Tensor> inputs, targets; ///< (size, …)
  Tensor weights;                      ///< (size, …) as Samples', float32; 1 where it has none
  int64_t step = 0;                    ///< in its epoch
  int64_t size = 0;                    ///< samples; the epoch's last batch may have fewer
};

/// The batches of one epoch after the other. A thread of its own assembles them, up to two ahead of
/// the one that is in use; after the first epoch nothing is allocated a batch. Its methods may be
/// called from one thread at a time.
class Batches {
public:
  struct Options {
    int64_t batchSize = 32;
    bool shuffle = true; ///< a permutation of all samples, a new one each epoch
    uint64_t seed = 0;   ///< the order depends on it and the epoch alone
  };
  /// Input error: a batch size less than 1. Machine error: out of memory.
  static Expected<std::unique_ptr<Batches>> make(Samples samples, const Options &options);
  ~Batches() { stop(); }

  /// The number of batches an epoch.
  int64_t steps() const;
  /// Begins an epoch at a step of it: what `next` gives then is what it would have given there
  /// after the steps before. Ends the epoch that was not over.
  Expected<void> start(int64_t epoch, int64_t firstStep = 0);
  /// The next batch, which is valid until the next call; null at the epoch's end.
  const Batch *next();

private:
  Batches(Samples samples, const Options &options);
  Batch emptyBatch(int64_t size) const;
  void fill(int64_t step);
  void assembleAll(const std::stop_token &stopped, int64_t epoch, int64_t firstStep);
  void stop();
  Batch &slotOf(int64_t step);

  static constexpr int64_t slots = 3;

  Samples samples;
  Options options;
  std::vector<int64_t> order;    ///< the permutation; the thread's own while it runs
  std::array<Batch, slots> full; ///< of the batch size
  Batch last;                    ///< of the rest that an epoch ends with

  std::mutex mutex;
  std::condition_variable_any changed;
  int64_t assembled = 0; ///< steps before this one are ready
  int64_t taken = 0;     ///< and these were given out
  int64_t released = 0;  ///< and these may be overwritten
  std::jthread thread;   ///< after all that it uses
};

/// The order of `count` samples in an epoch: Fisher and Yates, with Philox's numbers.
void permute(std::span<int64_t> order, uint64_t seed, int64_t epoch);

} // namespace hornet::training
