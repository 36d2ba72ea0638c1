#include "training/Logs.h"

#include "Message.h"
#include "Temporary.h"

#include <gmock/gmock.h>
#include <limits>

using namespace hornet;
using namespace hornet::training;
using testing::HasSubstr;

namespace {

std::string contentOf(const std::string &path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

EpochLog opened(const std::string &path, EpochLog::Form form, int64_t firstEpoch = 0) {
  auto log = EpochLog::open(path, form, firstEpoch);
  EXPECT_TRUE(log) << toString(log.error());
  return *log;
}

TEST(Logs, CsvHasKerasColumns) {
  TemporaryFolder folder("csv");
  std::string path = folder / "log.csv";
  EpochLog log = opened(path, EpochLog::Form::csv);
  ASSERT_TRUE(
      log.add(0, {{"loss", 0.25}, {"accuracy", 0.5}, {"val_loss", 1}, {"val_accuracy", 0}}));
  EXPECT_EQ(contentOf(path), "epoch,accuracy,loss,val_accuracy,val_loss\n0,0.5,0.25,0,1\n");
  ASSERT_TRUE(log.add(1, {{"loss", std::numeric_limits<double>::quiet_NaN()},
                          {"accuracy", 0.1},
                          {"val_loss", 1e-7},
                          {"val_accuracy", 0}}));
  EXPECT_THAT(contentOf(path), HasSubstr("\n1,0.1,nan,0,1e-07\n"));

  log = opened(path, EpochLog::Form::csv);
  ASSERT_TRUE(log.add(0, {{"loss", 2}, {"a,b", 1}}));
  EXPECT_EQ(contentOf(path), "epoch,\"a,b\",loss,\"val_a,b\",val_loss\n0,1,2,NA,NA\n");
}

TEST(Logs, CsvResumesWithoutWhatWasLost) {
  TemporaryFolder folder("csv-resume");
  std::string path = folder / "log.csv";
  EpochLog log = opened(path, EpochLog::Form::csv);
  for (int64_t epoch = 0; epoch < 4; ++epoch)
    ASSERT_TRUE(log.add(epoch, {{"loss", 4.0 - static_cast<double>(epoch)}, {"val_loss", 0}}));
  std::ofstream(path, std::ios::app) << "4,0.1"; // a line that is not whole
  log = opened(path, EpochLog::Form::csv, 2);
  ASSERT_TRUE(log.add(2, {{"loss", 9}, {"val_loss", 0}}));
  EXPECT_EQ(contentOf(path), "epoch,loss,val_loss\n0,4,0\n1,3,0\n2,9,0\n");

  EXPECT_EQ(refusal(log.add(3, {{"loss", 9}, {"mse", 0}, {"val_loss", 1}})),
            path + ": its columns are epoch,loss,val_loss, but this run has "
                   "epoch,loss,mse,val_loss; name another file for the log");
}

TEST(Logs, JsonLinesResumeToo) {
  TemporaryFolder folder("json-log");
  std::string path = folder / "log.jsonl";
  EpochLog log = opened(path, EpochLog::Form::jsonLines, 3); // there is none to go on with
  for (int64_t epoch = 0; epoch < 3; ++epoch)
    ASSERT_TRUE(log.add(epoch, {{"loss", 0.5}, {"rate", HUGE_VAL}}));
  log = opened(path, EpochLog::Form::jsonLines, 1);
  ASSERT_TRUE(log.add(1, {{"loss", 7}}));
  EXPECT_EQ(contentOf(path),
            "{\"epoch\":0,\"loss\":0.5,\"rate\":null}\n{\"epoch\":1,\"loss\":7.0}\n");
}

TEST(Logs, RefuseToGoOnWithOtherFiles) {
  TemporaryFolder folder("no-log");
  std::string path = folder / "notes.txt";
  std::ofstream(path) << "epoch,loss\nhello\n";
  EXPECT_THAT(refusal(EpochLog::open(path, EpochLog::Form::csv, 1)),
              HasSubstr("notes.txt: this line is not one of a log of training: hello"));
  EXPECT_THAT(refusal(EpochLog::open(path, EpochLog::Form::jsonLines, 1)),
              HasSubstr("this line is not one of a log of training: epoch,loss"));
  std::ofstream(path) << "hello\n";
  EXPECT_THAT(refusal(EpochLog::open(path, EpochLog::Form::csv, 1)), HasSubstr("hello; name"));
  EpochLog log = opened(folder / "missing/log.csv", EpochLog::Form::csv);
  auto written = log.add(0, {});
  ASSERT_FALSE(written);
  EXPECT_TRUE(std::holds_alternative<MachineError>(written.error()));
}

TEST(Logs, MetricsOfSeveralValuesBecomeSeveral) {
  Logs logs;
  addResult(logs, "loss", std::vector{0.5});
  addResult(logs, "f1", std::vector{0.1, 0.2});
  EXPECT_EQ(logs, (Logs{{"loss", 0.5}, {"f1_0", 0.1}, {"f1_1", 0.2}}));
}

} // namespace
