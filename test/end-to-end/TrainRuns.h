//===- TrainRuns.h - hornet train as a process -------------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "formats/File.h"

#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <gtest/gtest.h>
#include <map>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

namespace hornet::test {

namespace fs = std::filesystem;
using Arguments = std::vector<std::string>;

/// `hornet train …`, running.
class Training {
public:
  explicit Training(Arguments arguments) {
    arguments.insert(arguments.begin(), {HORNET_TOOL, "train"});
    start(arguments);
  }
  /// `script` of the shell's, in which "$@" is `hornet train …`.
  Training(const std::string &script, Arguments arguments) {
    arguments.insert(arguments.begin(),
                     {"/bin/sh", "-c", script, HORNET_TOOL, HORNET_TOOL, "train"});
    start(arguments);
  }
  Training(const Training &) = delete;
  ~Training() { close(output); }

  /// Reads until `wanted` has been written, or all has.
  bool waitFor(const std::string &wanted) {
    while (text.find(wanted) == text.npos)
      if (!read())
        return false;
    return true;
  }
  void send(int signal) const {
    if (process > 0)
      kill(process, signal);
  }
  /// The exit code, or minus the signal that ended it.
  int end() {
    while (read()) {
    }
    int status = 0;
    if (process <= 0 || waitpid(process, &status, 0) != process)
      return -1000;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  std::string text; ///< what it has written so far

private:
  void start(Arguments &arguments) {
    std::vector<char *> words;
    for (std::string &argument : arguments)
      words.push_back(argument.data());
    words.push_back(nullptr);
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
      return;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (int to : {STDOUT_FILENO, STDERR_FILENO})
      posix_spawn_file_actions_adddup2(&actions, ends[1], to);
    if (posix_spawn(&process, words.front(), &actions, nullptr, words.data(), environ) != 0)
      process = -1;
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    output = ends[0];
  }
  bool read() {
    char buffer[4096];
    ssize_t count = ::read(output, buffer, sizeof buffer);
    text.append(buffer, std::max<ssize_t>(count, 0));
    return count > 0;
  }
  pid_t process = -1;
  int output = -1;
};

inline const std::string data = "test/end-to-end/data/training/";

/// Dropout, moving statistics, all callbacks, logs; and a checkpoint after each step.
inline Arguments run(const std::string &folder, const std::string &threads, Arguments more = {}) {
  fs::create_directories(folder);
  Arguments all = {data + "model.json",
                   "--data=" + data + "digits.npz",
                   "--loss=sparse_categorical_crossentropy",
                   "--optimizer=adam",
                   "--metrics=accuracy",
                   "--epochs=4",
                   "--batch-size=96",
                   "--seed=5",
                   "--checkpoint-every=0",
                   "--early-stopping=3",
                   "--reduce-on-plateau=1",
                   "--threads=" + threads,
                   "--save=" + folder + "/model.h5",
                   "--save-weights=" + folder + "/model.weights.h5",
                   "--save-best=" + folder + "/best.keras",
                   "--csv-log=" + folder + "/log.csv",
                   "--json-log=" + folder + "/log.json"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

inline const std::vector<std::string> results = {"model.h5", "model.weights.h5", "best.keras",
                                                 "log.csv", "log.json"};

inline std::string contents(const std::string &path) {
  auto bytes = formats::readFile(path);
  return bytes ? std::string(reinterpret_cast<const char *>(bytes->data()), bytes->size()) : "";
}

inline std::string folderOf(const std::string &name) {
  std::string folder = testing::TempDir() + "train-" + name;
  fs::remove_all(folder);
  return folder;
}

/// An unbroken run, once for all tests.
inline const std::string &unbroken(const std::string &threads) {
  static std::map<std::string, std::string> folders;
  std::string &folder = folders[threads];
  if (folder.empty()) {
    folder = folderOf("unbroken" + threads);
    Training training(run(folder, threads));
    EXPECT_EQ(training.end(), 0) << training.text;
  }
  return folder;
}

inline void expectSame(const std::string &folder, const std::string &wanted) {
  for (const std::string &name : results)
    EXPECT_TRUE(contents(folder + "/" + name) == contents(wanted + "/" + name)) << name;
}

inline Arguments resumed(const std::string &folder, const std::string &threads) {
  return run(folder, threads,
             fs::exists(folder + "/model.h5.checkpoint") ? Arguments{"--resume"} : Arguments{});
}

class Train : public testing::Test {
protected:
  static void SetUpTestSuite() {
    setenv("HORNET_CACHE_DIR", (testing::TempDir() + "train-cache").c_str(), 1);
  }
};

} // namespace hornet::test
