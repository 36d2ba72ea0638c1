// The compiler's own threads.

#include "compiler/Threads.h"

#include <atomic>
#include <gtest/gtest.h>

using namespace hornet;

namespace {

TEST(Threads, RunEveryTaskOfAGroup) {
  for (unsigned count : {1, 2, 5}) {
    Threads threads(count);
    llvm::ThreadPoolTaskGroup group(threads);
    std::atomic<int> done = 0;
    for (int i = 0; i < 100; ++i)
      threads.async(group, [&] { ++done; });
    threads.wait(group);
    EXPECT_EQ(done, 100);
  }
}

TEST(Threads, WorkWhileTheyWait) {
  Threads threads(1);
  std::thread::id worker;
  llvm::ThreadPoolTaskGroup group(threads);
  threads.async(group, [&] { worker = std::this_thread::get_id(); });
  threads.wait(group);
  EXPECT_EQ(worker, std::this_thread::get_id());
}

/// A pass on functions within a pass on modules.
TEST(Threads, RunTasksOfTasks) {
  Threads threads(2);
  llvm::ThreadPoolTaskGroup outer(threads);
  std::atomic<int> done = 0;
  for (int i = 0; i < 4; ++i)
    threads.async(outer, [&] {
      llvm::ThreadPoolTaskGroup inner(threads);
      for (int j = 0; j < 25; ++j)
        threads.async(inner, [&] { ++done; });
      threads.wait(inner);
    });
  threads.wait(outer);
  EXPECT_EQ(done, 100);
}

TEST(Threads, EndWhenNobodyWaits) {
  std::atomic<int> done = 0;
  {
    Threads threads(2);
    for (int i = 0; i < 3; ++i)
      threads.async([&] { ++done; });
  }
  EXPECT_EQ(done, 3);
}

} // namespace
