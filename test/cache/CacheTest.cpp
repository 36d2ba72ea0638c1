#include "cache/Cache.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace hornet;
using cache::Cache;
namespace fs = std::filesystem;

namespace {

class CacheTest : public testing::Test {
protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "hornet-cache-XXXXXX";
    folder = mkdtemp(pattern.data());
  }
  void TearDown() override { fs::remove_all(folder); }

  Cache open(size_t limit = 1 << 20) {
    auto cache = Cache::open(folder + "/cache", limit);
    EXPECT_TRUE(cache) << toString(cache.error());
    return *cache;
  }
  std::vector<fs::path> files() {
    std::vector<fs::path> found;
    for (const auto &file : fs::directory_iterator(folder + "/cache"))
      found.push_back(file.path());
    return found;
  }
  /// Makes a file look as if it was last used so long ago.
  static void age(const fs::path &file, std::chrono::minutes by) {
    fs::last_write_time(file, fs::last_write_time(file) - by);
  }

  std::string folder;
};

formats::Bytes bytesOf(std::string_view text) {
  auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

} // namespace

TEST_F(CacheTest, givesBackWhatWasWrittenUnderTheSameKey) {
  Cache cache = open();
  EXPECT_EQ(cache.read("one"), std::nullopt);
  ASSERT_TRUE(cache.write("one", bytesOf("first")));
  ASSERT_TRUE(cache.write("two", bytesOf("")));
  EXPECT_EQ(open().read("one"), bytesOf("first"));
  EXPECT_EQ(open().read("two"), bytesOf(""));
  ASSERT_TRUE(cache.write("one", bytesOf("second")));
  EXPECT_EQ(cache.read("one"), bytesOf("second"));
  EXPECT_EQ(cache.usage().entries, 2u);
}

TEST_F(CacheTest, removesWhatIsDamagedTruncatedOrRenamed) {
  Cache cache = open();
  std::string content(1000, 'x');
  auto file = [&] { return files().front(); };
  auto damages = std::vector<std::function<void()>>{
      [&] { fs::resize_file(file(), 500); }, [&] { fs::resize_file(file(), 10); },
      [&] { fs::resize_file(file(), 0); }, [&] { fs::resize_file(file(), 2000); },
      [&] {
        std::fstream stream(file(), std::ios::in | std::ios::out);
        stream.seekp(600);
        stream.put('y');
      }};
  for (const auto &damage : damages) {
    ASSERT_TRUE(cache.write("key", bytesOf(content)));
    damage();
    EXPECT_EQ(cache.read("key"), std::nullopt);
    EXPECT_TRUE(files().empty());
  }
  ASSERT_TRUE(cache.write("key", bytesOf(content)));
  fs::rename(file(), file().parent_path() / "other.artifact");
  EXPECT_EQ(cache.read("other"), std::nullopt);
}

TEST_F(CacheTest, dropsWhatWasNotUsedForLongest) {
  Cache cache = open(10000);
  std::string content(3000, 'x');
  for (const char *key : {"a", "b", "c"})
    ASSERT_TRUE(cache.write(key, bytesOf(content)));
  for (const fs::path &file : files())
    age(file, std::chrono::minutes(file.filename() == "b.artifact" ? 20 : 10));
  age(folder + "/cache/a.artifact", std::chrono::minutes(30));
  ASSERT_TRUE(cache.read("a")); // the oldest, but now the last used
  ASSERT_TRUE(cache.write("d", bytesOf(content)));
  EXPECT_TRUE(cache.read("a"));
  EXPECT_FALSE(cache.read("b"));
  EXPECT_TRUE(cache.read("c"));
  EXPECT_TRUE(cache.read("d"));
  EXPECT_LE(cache.usage().bytes, 10000u);
}

TEST_F(CacheTest, keepsNothingThatIsOverTheLimitAlone) {
  Cache cache = open(1000);
  ASSERT_TRUE(cache.write("small", bytesOf(std::string(500, 'x'))));
  ASSERT_TRUE(cache.write("large", bytesOf(std::string(1000, 'x'))));
  EXPECT_FALSE(cache.read("large"));
  EXPECT_TRUE(cache.read("small"));
}

TEST_F(CacheTest, removesWhatADeadProcessLeftButNotWhatAnotherWrites) {
  Cache cache = open();
  std::ofstream(folder + "/cache/x.1-0.partial") << "left";
  std::ofstream(folder + "/cache/x.2-0.partial") << "at work";
  std::ofstream(folder + "/cache/README") << "not ours";
  age(folder + "/cache/x.1-0.partial", std::chrono::minutes(90));
  ASSERT_TRUE(cache.write("key", bytesOf("x")));
  EXPECT_FALSE(fs::exists(folder + "/cache/x.1-0.partial"));
  EXPECT_TRUE(fs::exists(folder + "/cache/x.2-0.partial"));
  EXPECT_EQ(cache.clear().entries, 1u);
  EXPECT_EQ(files(), std::vector<fs::path>{folder + "/cache/README"});
}

TEST_F(CacheTest, isSafeUnderSeveralProcesses) {
  // Small enough for each to remove what the others write; whatever is read is whole.
  std::vector<pid_t> children;
  for (int child = 0; child < 4; ++child) {
    pid_t pid = fork();
    if (pid == 0) {
      bool good = true;
      auto cache = Cache::open(folder + "/cache", 20000);
      for (int round = 0; round < 200 && (good = cache.has_value()); ++round) {
        std::string key = std::to_string(round % 7);
        formats::Bytes content = bytesOf(std::string(4000, static_cast<char>('a' + round % 7)));
        if (auto found = cache->read(key))
          good = *found == content;
        good = good && cache->write(key, content);
        if (!good)
          break;
      }
      _exit(good ? 0 : 1);
    }
    children.push_back(pid);
  }
  for (pid_t pid : children) {
    int status = -1;
    waitpid(pid, &status, 0);
    EXPECT_EQ(status, 0);
  }
  EXPECT_LE(open().usage().bytes, 20000u);
  for (const fs::path &file : files())
    EXPECT_EQ(file.extension(), ".artifact");
}

TEST_F(CacheTest, refusesAFolderThatOthersMayWriteTo) {
  fs::create_directory(folder + "/cache");
  fs::permissions(folder + "/cache", fs::perms::others_write, fs::perm_options::add);
  auto cache = Cache::open(folder + "/cache", 1000);
  ASSERT_FALSE(cache);
  EXPECT_NE(toString(cache.error()).find("others may write"), std::string::npos);
  fs::permissions(folder + "/cache", fs::perms::others_write, fs::perm_options::remove);
  fs::permissions(folder + "/cache", fs::perms::group_write, fs::perm_options::add);
  EXPECT_FALSE(Cache::open(folder + "/cache", 1000));
}

TEST_F(CacheTest, refusesAnotherUsersFolder) {
  if (geteuid() != 0)
    GTEST_SKIP() << "only root can give a folder away";
  fs::create_directory(folder + "/cache");
  ASSERT_EQ(chown((folder + "/cache").c_str(), 12345, 12345), 0);
  auto cache = Cache::open(folder + "/cache", 1000);
  ASSERT_FALSE(cache);
  EXPECT_NE(toString(cache.error()).find("belongs to another user"), std::string::npos);
}

TEST_F(CacheTest, readsNoLinksAndNoFilesOfOthers) {
  Cache cache = open();
  ASSERT_TRUE(cache.write("key", bytesOf("x")));
  fs::rename(folder + "/cache/key.artifact", folder + "/elsewhere");
  fs::create_symlink(folder + "/elsewhere", folder + "/cache/key.artifact");
  EXPECT_FALSE(cache.read("key"));
}
