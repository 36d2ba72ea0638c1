#include "cache/TuningLog.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace hornet;
using cache::TuningEntry;
using cache::TuningKey;
using cache::TuningLog;
namespace fs = std::filesystem;

namespace {

class TuningLogTest : public testing::Test {
protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "hornet-tuning-XXXXXX";
    folder = mkdtemp(pattern.data());
    file = folder + "/tuning.log";
  }
  void TearDown() override { fs::remove_all(folder); }

  std::string content() const {
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  TuningLog read() const {
    auto log = TuningLog::read(file);
    EXPECT_TRUE(log) << toString(log.error());
    return log ? *log : TuningLog();
  }

  std::string folder, file;
};

TuningEntry entry(const std::string &op, int64_t rows = 6, int threads = 1,
                  const std::string &processor = "aa") {
  return {{processor, "native", threads, op}, {{"rows", rows}, {"vectors", 4}}, 1.25, 16};
}

/// The first line of every log.
std::string head() { return TuningLog().text(); }

std::string errorOf(const std::string &text) {
  auto log = TuningLog::parse(text, "t.log");
  return log ? "" : toString(log.error());
}

} // namespace

TEST_F(TuningLogTest, isOneSortedLineAnOp) {
  EXPECT_EQ(read().size(), 0u) << "a missing file is empty";
  ASSERT_TRUE(TuningLog::update(file, {}, {entry("b"), entry("a", 7), entry("a", 5, 2)}));
  EXPECT_EQ(content(), head() +
                           "aa | native, threads 1 | a | rows=7 vectors=4 | 1.25 at batch 16\n"
                           "aa | native, threads 1 | b | rows=6 vectors=4 | 1.25 at batch 16\n"
                           "aa | native, threads 2 | a | rows=5 vectors=4 | 1.25 at batch 16\n");
  EXPECT_EQ(read().text(), content());
}

TEST_F(TuningLogTest, givesTheChoicesForOneProcessorTargetAndNumberOfThreads) {
  TuningEntry other = entry("c", 9);
  other.key.target = "x86-64-v3";
  ASSERT_TRUE(TuningLog::update(file, {},
                                {entry("a", 7), entry("b", 5, 2), entry("a", 8, 1, "bb"), other}));
  TuningLog log = read();
  EXPECT_EQ(log.choicesFor("aa", "native", 1), (Tuning{{"a", {{"rows", 7}, {"vectors", 4}}}}));
  EXPECT_EQ(log.choicesFor("aa", "native", 2), (Tuning{{"b", {{"rows", 5}, {"vectors", 4}}}}));
  EXPECT_EQ(log.choicesFor("bb", "native", 1), (Tuning{{"a", {{"rows", 8}, {"vectors", 4}}}}));
  EXPECT_EQ(log.choicesFor("aa", "x86-64-v3", 1), (Tuning{{"c", {{"rows", 9}, {"vectors", 4}}}}));
  EXPECT_TRUE(log.choicesFor("cc", "native", 1).empty());
}

TEST_F(TuningLogTest, isMergedByKey) {
  ASSERT_TRUE(TuningLog::update(file, {}, {entry("a"), entry("b"), entry("c")}));
  ASSERT_TRUE(TuningLog::update(file, {entry("a").key, entry("z").key}, {entry("b", 3)}));
  EXPECT_EQ(read().choicesFor("aa", "native", 1),
            (Tuning{{"b", {{"rows", 3}, {"vectors", 4}}}, {"c", {{"rows", 6}, {"vectors", 4}}}}));
}

TEST_F(TuningLogTest, isLeftAloneWhereThereIsNothingToChange) {
  ASSERT_TRUE(TuningLog::update(file, {entry("a").key}, {}));
  EXPECT_FALSE(fs::exists(file));
  ASSERT_TRUE(TuningLog::update(file, {}, {entry("a")}));
  fs::last_write_time(file, fs::file_time_type{});
  ASSERT_TRUE(TuningLog::update(file, {entry("b").key}, {}));
  EXPECT_EQ(fs::last_write_time(file), fs::file_time_type{});
}

TEST_F(TuningLogTest, losesNothingOfSeveralProcesses) {
  constexpr int processes = 8, updates = 10;
  for (int process = 0; process < processes; ++process)
    if (fork() == 0) {
      bool done = true;
      for (int i = 0; i < updates; ++i)
        done &=
            TuningLog::update(file, {}, {entry(std::to_string(process) + "." + std::to_string(i))})
                .has_value();
      _exit(done ? 0 : 1);
    }
  for (int process = 0; process < processes; ++process) {
    int status = 0;
    wait(&status);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(read().size(), static_cast<size_t>(processes * updates));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), {}), 1) << "no other file is left";
}

TEST_F(TuningLogTest, refusesALineThatIsNoEntry) {
  std::string good = "aa | native, threads 1 | a | rows=7 | 1.25 at batch 16\n";
  EXPECT_EQ(errorOf(head() + "# a comment\n\n" + good), "");
  EXPECT_EQ(errorOf(head() + good + "<<<<<<< ours\n"),
            "t.log:3: 1 fields instead of 5, with '|' between them; remove the line, and tune "
            "again; --no-tuning goes without it");
  EXPECT_EQ(errorOf(head() + "aa | native, threads 1 | a | rows=70 | 1.25 at batch 16\n"),
            "t.log:2: 'rows=70' is out of range; give 1 to 32; --no-tuning goes without it");
  EXPECT_EQ(errorOf(head() + good + good),
            "t.log: there are two lines for 'a'; remove one of them; --no-tuning goes without the "
            "file");
  for (std::string line : {"aa | native | a | rows=7 | 1 at batch 1",
                           "aa | native, threads x | a | rows=7 | 1 at batch 1",
                           "aa | native, threads 0 | a | rows=7 | 1 at batch 1",
                           " | native, threads 1 | a | rows=7 | 1 at batch 1",
                           "aa | native, threads 1 |  | rows=7 | 1 at batch 1",
                           "aa | native, threads 1 | a | rows=7 | 1.25",
                           "aa | native, threads 1 | a | rows=7 | nan at batch 1",
                           "aa | native, threads 1 | a | rows=7 | 1 at batch 0",
                           "aa | native, threads 1 | a | rows=7 | 1 at batch 1 | b"})
    EXPECT_NE(errorOf(head() + line + "\n"), "") << line;
}

TEST_F(TuningLogTest, refusesAnotherFile) {
  EXPECT_EQ(errorOf("\x89PNG\r\n"), "t.log:1: it does not begin as a tuning log of version 1 does; "
                                    "tune again, into another file; --no-tuning goes without it");
  EXPECT_EQ(errorOf(""), "") << "an empty file is a log of nothing";
  std::ofstream(file) << "something else";
  EXPECT_FALSE(TuningLog::update(file, {}, {entry("a")}));
  EXPECT_EQ(content(), "something else");
  EXPECT_FALSE(TuningLog::update(folder + "/missing/tuning.log", {}, {entry("a")}));
}
