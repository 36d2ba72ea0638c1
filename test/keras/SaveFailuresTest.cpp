// Disks that fail, and processes that die.
#include "test/keras/SaveFixture.h"

#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <random>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace hornet;
using namespace hornet::keras;

namespace {

using SaveFailures = SaveFile;

/// Which of the two models the file holds: 1, 2, or 0 when it is none of them.
int whichModel(const std::string &path) {
  Expected<Model> model = readModel(path);
  if (!model)
    return 0;
  Filled first = twoLayers(1), second = twoLayers(2);
  auto values = bindWeights(*model, first.parameters);
  if (!values)
    return 0;
  auto same = [&](const Filled &filled) {
    for (size_t i = 0; i < values->size(); ++i)
      if (std::memcmp((*values)[i].data(), filled.values[i].data(), filled.values[i].bytes()) != 0)
        return false;
    return true;
  };
  return same(first) ? 1 : same(second) ? 2 : 0;
}

TEST_F(SaveFailures, AFullDiskLeavesTheOldFile) {
  for (const char *name : {"m.keras", "m.h5"}) {
    std::string path = save(twoLayers(1), name);
    pid_t child = fork();
    if (child == 0) {
      // Files of this process end at 1 kB, with an error instead of a signal.
      std::signal(SIGXFSZ, SIG_IGN);
      rlimit limit{1024, 1024};
      setrlimit(RLIMIT_FSIZE, &limit);
      Filled second = twoLayers(2);
      auto saved = saveModel(second.model, second.parameters, second.values, path);
      bool right = !saved && std::holds_alternative<MachineError>(saved.error()) &&
                   toString(saved.error()).find("cannot write " + path) != std::string::npos;
      _exit(right ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << name;
    EXPECT_EQ(whichModel(path), 1) << name;
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 2) << "leftovers";
}

TEST_F(SaveFailures, AKilledProcessLeavesAWholeFile) {
  std::mt19937 random(7);
  for (int round = 0; round < 24; ++round) {
    std::string path = folder / (round % 2 ? "m.keras" : "m.h5");
    save(twoLayers(1), std::filesystem::path(path).filename());
    pid_t child = fork();
    if (child == 0) {
      for (float seed = 1;; seed = 3 - seed) {
        Filled filled = twoLayers(seed);
        if (!saveModel(filled.model, filled.parameters, filled.values, path))
          _exit(1);
      }
    }
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 20'000));
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status)) << "the child failed to save";
    EXPECT_NE(whichModel(path), 0) << round;
  }
  // What stands beside the files was about to be renamed: whole, where files may be nameless.
  int nameless = ::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
  if (nameless >= 0) {
    ::close(nameless);
    for (const auto &entry : std::filesystem::directory_iterator(folder))
      EXPECT_NE(whichModel(entry.path()), 0) << entry.path();
  }
}

} // namespace
