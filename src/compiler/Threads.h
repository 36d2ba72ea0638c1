//===- Threads.h - The compiler's own threads ----------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
// Internal to src/compiler.
#pragma once

#include "llvm/Support/ThreadPool.h"

#include <future>
#include <map>
#include <mutex>
#include <vector>

namespace hornet {

/// Threads for MLIR's passes, `count` with the one that waits. Upstream's pool keeps threads
/// asleep: the one that waits for tasks does none of them, and two that are woken at once may have
/// one processor between them for as long as a compilation takes. Here the waiting thread works,
/// and the others are new, which every scheduler places on a processor that is free.
class Threads : public llvm::ThreadPoolInterface {
public:
  explicit Threads(unsigned count) : count(count) {}
  ~Threads() override { wait(); }

  void wait() override;
  void wait(llvm::ThreadPoolTaskGroup &group) override { wait(&group); }
  unsigned getMaxConcurrency() const override { return count; }

private:
  using Task = llvm::unique_function<void()>;
  /// What was asked for together: tasks on threads, and those that wait for one.
  struct Group {
    std::vector<std::future<void>> running;
    std::vector<Task> waiting;
  };

  void asyncEnqueue(Task task, llvm::ThreadPoolTaskGroup *group) override;
  void wait(llvm::ThreadPoolTaskGroup *group);
  void run(Task &task);

  const unsigned count;
  std::mutex mutex; ///< of what follows
  unsigned busy = 1;
  std::map<llvm::ThreadPoolTaskGroup *, Group> groups;
};

} // namespace hornet
