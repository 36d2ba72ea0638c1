#include "compiler/Threads.h"

namespace hornet {

void Threads::asyncEnqueue(Task task, llvm::ThreadPoolTaskGroup *group) {
  std::lock_guard lock(mutex);
  if (busy == count) {
    groups[group].waiting.push_back(std::move(task));
    return;
  }
  ++busy;
  groups[group].running.push_back(
      std::async(std::launch::async, [this, task = std::move(task)]() mutable { run(task); }));
}

void Threads::run(Task &task) {
  task();
  std::lock_guard lock(mutex);
  --busy;
}

void Threads::wait(llvm::ThreadPoolTaskGroup *group) {
  Group tasks;
  {
    std::lock_guard lock(mutex);
    std::swap(tasks, groups[group]);
    groups.erase(group);
  }
  for (Task &task : tasks.waiting)
    task();
  for (std::future<void> &task : tasks.running)
    task.wait();
}

void Threads::wait() {
  while (!groups.empty())
    wait(groups.begin()->first);
}

} // namespace hornet
