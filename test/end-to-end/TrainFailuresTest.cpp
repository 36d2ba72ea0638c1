// Training on a disk that is full, and killed in the middle of a write: what was there before
// stays.

#include "keras/Model.h"
#include "keras/Training.h"
#include "test/end-to-end/TrainRuns.h"

#include <cstdlib>

using namespace hornet;
using namespace hornet::test;

namespace {

/// Two epochs, a checkpoint after each, and then the model.
Arguments shortRun(const std::string &folder, Arguments more = {}, int epochs = 2) {
  fs::create_directories(folder);
  Arguments all = {data + "model.json",
                   "--data=" + data + "digits.npz",
                   "--optimizer=adam",
                   "--loss=sparse_categorical_crossentropy",
                   "--epochs=" + std::to_string(epochs),
                   "--batch-size=250",
                   "--threads=1",
                   "--checkpoint-every=1000",
                   "--validation=none",
                   "--save=" + folder + "/model.h5"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

Arguments withLog(const std::string &folder, Arguments more = {}, int epochs = 2) {
  more.push_back("--csv-log=" + folder + "/log.csv");
  return shortRun(folder, more, epochs);
}

bool hasPartialFile(const std::string &folder) {
  for (const auto &entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".partial")
      return true;
  return false;
}

class TrainFailures : public testing::Test {
protected:
  static void SetUpTestSuite() {
    setenv("HORNET_CACHE_DIR", (testing::TempDir() + "train-cache").c_str(), 1);
    reference = folderOf("short");
    Training training(withLog(reference)); // whose code is in the cache from now on
    ASSERT_EQ(training.end(), 0) << training.text;
  }
  /// An earlier model, which is not that of `reference`.
  static std::string earlier() {
    std::string folder = folderOf("earlier");
    Training training(shortRun(folder, {"--seed=9"}));
    EXPECT_EQ(training.end(), 0) << training.text;
    fs::remove(folder + "/model.h5.checkpoint");
    EXPECT_NE(contents(folder + "/model.h5"), contents(reference + "/model.h5"));
    return folder;
  }
  static std::string reference; ///< the folder of a run that nothing happened to
};
std::string TrainFailures::reference;

//===----------------------------------------------------------------------===//
// Full disks
//===----------------------------------------------------------------------===//

/// The second way, which always runs: the checkpoint is larger than the process's files may be.
TEST_F(TrainFailures, FilesThatMayNotGrowLeaveWhatWasThere) {
  std::string folder = earlier(), old = contents(folder + "/model.h5");
  std::string blocks = std::to_string(fs::file_size(reference + "/model.h5.checkpoint") / 512 - 8);
  Training training("ulimit -f " + blocks + R"(; exec "$@")", withLog(folder));
  EXPECT_EQ(training.end(), 1) << training.text;
  EXPECT_NE(training.text.find("error: cannot write " + folder +
                               "/model.h5.checkpoint: File too "
                               "large; raise the limit of files' sizes (ulimit -f)"),
            std::string::npos)
      << training.text;
  EXPECT_TRUE(contents(folder + "/model.h5") == old);
  EXPECT_TRUE(keras::readModel(folder + "/model.h5"));
  EXPECT_FALSE(fs::exists(folder + "/model.h5.checkpoint"));
  EXPECT_FALSE(hasPartialFile(folder));
}

/// A disk of $DISK_SIZE in $DISK_FOLDER, with what the folder has; what is on it in the end comes
/// back to the folder.
constexpr const char *onSmallDisk = R"(
  beside=$DISK_FOLDER.kept && rm -rf "$beside" && cp -a "$DISK_FOLDER" "$beside" &&
  exec unshare --mount sh -c '
    mount -t tmpfs -o size=$DISK_SIZE none "$DISK_FOLDER" &&
    cp "$0"/* "$DISK_FOLDER" || exit 99
    "$@"; code=$?
    rm -rf "$0"/* && cp -a "$DISK_FOLDER"/. "$0" || exit 98
    exit $code' "$beside" "$@")";

bool mayMount() {
  std::string folder = folderOf("mount");
  fs::create_directories(folder);
  std::string command =
      "unshare --mount mount -t tmpfs -o size=64k none '" + folder + "' 2> /dev/null";
  return std::system(command.c_str()) == 0;
}

/// As a disk counts.
size_t pagesOf(const std::string &path) { return (fs::file_size(path) + 4095) / 4096 * 4096; }

TEST_F(TrainFailures, AFullDiskLeavesWhatWasThere) {
  if (!mayMount())
    GTEST_SKIP() << "this user may not mount a small disk (unshare --mount, mount -t tmpfs)";
  size_t model = pagesOf(reference + "/model.h5");
  size_t checkpoint = pagesOf(reference + "/model.h5.checkpoint");
  size_t some = 8 * 4096;
  ASSERT_GT(model, 2 * some);
  // How much is free beside the old model; what cannot be written then; with how many epochs.
  struct Row {
    size_t free;
    const char *file;
    int epochs;
  };
  for (const Row &row : {Row{0, "log.csv", 2},
                         {some, "model.h5.checkpoint", 2},
                         {checkpoint + some, "model.h5.checkpoint", 2},
                         {checkpoint + some, "model.h5", 1}}) {
    SCOPED_TRACE(std::string(row.file) + ", epochs: " + std::to_string(row.epochs));
    std::string folder = earlier(), old = contents(folder + "/model.h5");
    setenv("DISK_FOLDER", folder.c_str(), 1);
    setenv("DISK_SIZE", std::to_string(model + row.free).c_str(), 1);
    Training training(onSmallDisk, withLog(folder, {}, row.epochs));
    EXPECT_EQ(training.end(), 1) << training.text;
    EXPECT_NE(training.text.find("error: cannot write " + folder + "/" + row.file +
                                 ": No space left on device; make room on the disk"),
              std::string::npos)
        << training.text;
    std::string left = folder + ".kept";
    EXPECT_TRUE(contents(left + "/model.h5") == old);
    EXPECT_TRUE(keras::readModel(left + "/model.h5"));
    EXPECT_FALSE(hasPartialFile(left));
    bool keeps = fs::exists(left + "/model.h5.checkpoint");
    EXPECT_EQ(keeps, row.free > some);
    EXPECT_EQ(training.text.find("go on with --resume") != std::string::npos, keeps)
        << training.text;
    // With room again.
    Training rest(withLog(left, keeps ? Arguments{"--resume"} : Arguments{}));
    EXPECT_EQ(rest.end(), 0) << rest.text;
    for (const char *name : {"model.h5", "log.csv"})
      EXPECT_TRUE(contents(left + "/" + name) == contents(reference + "/" + name)) << name;
  }
}

//===----------------------------------------------------------------------===//
// Kills in the middle of a write
//===----------------------------------------------------------------------===//

/// The files of a run in their order: the checkpoints of both epochs, and the model.
constexpr int files = 3;

TEST_F(TrainFailures, AKillInAWriteLeavesTheFileThatWasThere) {
  // Files that are written have no name yet, or stand whole beside the old one.
  for (const char *call : {"write", "fsync", "linkat", "rename"})
    for (int file = 1; file <= files; ++file) {
      SCOPED_TRACE(std::string(call) + " of file " + std::to_string(file));
      std::string folder = earlier(), old = contents(folder + "/model.h5");
      setenv("KILL_AT", (call + (" " + std::to_string(file))).c_str(), 1);
      Training killed(R"(LD_PRELOAD=)" HORNET_KILL_AT R"( exec "$@")", shortRun(folder));
      EXPECT_EQ(killed.end(), -SIGKILL) << killed.text;
      EXPECT_TRUE(contents(folder + "/model.h5") == old);
      EXPECT_TRUE(keras::readModel(folder + "/model.h5"));
      std::string checkpoint = folder + "/model.h5.checkpoint";
      EXPECT_EQ(fs::exists(checkpoint), file > 1);
      EXPECT_EQ(hasPartialFile(folder), std::string(call) == "rename");
      if (file == files) // the last checkpoint has been written, and is whole
        EXPECT_TRUE(contents(checkpoint) == contents(reference + "/model.h5.checkpoint"));
      Training rest(shortRun(folder, file > 1 ? Arguments{"--resume"} : Arguments{}));
      EXPECT_EQ(rest.end(), 0) << rest.text;
      const char *from =
          file == 2 ? "Going on in epoch 2 after 0 steps of it" : "All 2 epochs are done";
      EXPECT_EQ(rest.text.find(from) != std::string::npos, file > 1) << rest.text;
      EXPECT_TRUE(contents(folder + "/model.h5") == contents(reference + "/model.h5"));
    }
}

} // namespace
