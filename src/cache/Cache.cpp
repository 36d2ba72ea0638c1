#include "cache/Cache.h"

#include "cache/Digest.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hornet::cache {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view ending = ".artifact";
constexpr size_t defaultMebibytes = 256;

/// Before the content of each file: the digest of key and content, by which a file that is
/// truncated, damaged or renamed is known.
constexpr size_t headerSize = 32;

std::string headerOf(const std::string &key, std::span<const std::byte> bytes) {
  Digest digest;
  digest.add(key);
  digest.add(bytes);
  return digest.hex();
}

/// A file of the cache, or one that a process which died has left.
struct Entry {
  fs::path path;
  fs::file_time_type used;
  size_t bytes;
  bool partial;
};

std::vector<Entry> entriesOf(const std::string &folder) {
  std::vector<Entry> entries;
  std::error_code ignored;
  for (fs::directory_iterator file(folder, ignored), end; file != end; file.increment(ignored)) {
    std::string name = file->path().filename().string();
    bool partial = name.ends_with(".partial");
    if ((!name.ends_with(ending) && !partial) || !file->is_regular_file(ignored))
      continue;
    std::error_code gone;
    auto used = file->last_write_time(gone);
    auto bytes = file->file_size(gone);
    if (!gone) // or else another process has just removed it
      entries.push_back({file->path(), used, bytes, partial});
  }
  return entries;
}

std::string_view environment(const char *name) {
  const char *value = std::getenv(name);
  return value ? value : "";
}

Expected<size_t> limitFromEnvironment() {
  std::string_view text = environment("HORNET_CACHE_MIB");
  size_t mebibytes = defaultMebibytes;
  if (!text.empty()) {
    auto [end, error] = std::from_chars(text.begin(), text.end(), mebibytes);
    if (error != std::errc() || end != text.end() || mebibytes > (SIZE_MAX >> 20))
      return inputError({.attribute = "HORNET_CACHE_MIB",
                         .reason = fmt::format("'{}' is not a number of mebibytes", text),
                         .mend = "give the most that the cache may hold, such as 256"});
  }
  return mebibytes << 20;
}

Expected<void> checkOwner(const std::string &folder) {
  struct stat status;
  if (::lstat(folder.c_str(), &status) != 0 && errno == ENOENT) {
    std::error_code failure;
    fs::create_directories(fs::path(folder).parent_path(), failure);
    (void)::mkdir(folder.c_str(), 0700); // or another process has
  }
  if (::stat(folder.c_str(), &status) != 0)
    return inputError(
        {.file = folder,
         .reason = fmt::format("the cache's folder cannot be made: {}", std::strerror(errno)),
         .mend = "set HORNET_CACHE_DIR to another, or give --no-cache"});
  bool foreign = status.st_uid != ::geteuid();
  if (!S_ISDIR(status.st_mode) || foreign || (status.st_mode & (S_IWGRP | S_IWOTH)))
    return inputError({.file = folder,
                       .reason = !S_ISDIR(status.st_mode) ? "the cache's folder is a file"
                                 : foreign ? "the cache's folder belongs to another user"
                                           : "others may write to the cache's folder",
                       .mend = "what is in it is executed: make it your own alone (chmod 700), set "
                               "HORNET_CACHE_DIR to another, or give --no-cache"});
  return {};
}

} // namespace

Expected<std::string> Cache::defaultFolder() {
  struct Place {
    const char *variable;
    std::string_view below;
  };
  for (auto [variable, below] : {Place{"HORNET_CACHE_DIR", ""}, Place{"XDG_CACHE_HOME", "/hornet"},
                                 Place{"HOME", "/.cache/hornet"}})
    if (std::string_view value = environment(variable); !value.empty())
      return fmt::format("{}{}", value, below);
  return inputError({.attribute = "HORNET_CACHE_DIR",
                     .reason = "there is no place for the cache: neither this variable nor "
                               "XDG_CACHE_HOME nor HOME is set",
                     .mend = "set it, or give --no-cache"});
}

Expected<Cache> Cache::open() {
  size_t limit = HORNET_TRY(limitFromEnvironment());
  return open(HORNET_TRY(defaultFolder()), limit);
}

Expected<Cache> Cache::open(const std::string &folder, size_t limit) {
  std::error_code failure;
  fs::path absolute = fs::absolute(folder, failure).lexically_normal();
  if (!absolute.has_filename()) // "a/b/"
    absolute = absolute.parent_path();
  HORNET_TRY(checkOwner(absolute.string()));
  return Cache(absolute.string(), limit);
}

std::string Cache::fileOf(const std::string &key) const {
  return fmt::format("{}/{}{}", path, key, ending);
}

std::optional<formats::Bytes> Cache::read(const std::string &key) const {
  std::string file = fileOf(key);
  struct stat status;
  if (::lstat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode) ||
      status.st_uid != ::geteuid())
    return std::nullopt;
  Expected<formats::Bytes> bytes = formats::readFile(file);
  if (!bytes)
    return std::nullopt;
  std::span content = std::span(*bytes).subspan(std::min(headerSize, bytes->size()));
  std::string header = headerOf(key, content);
  if (bytes->size() < headerSize || std::memcmp(header.data(), bytes->data(), headerSize) != 0) {
    ::unlink(file.c_str());
    return std::nullopt;
  }
  (void)::utimensat(AT_FDCWD, file.c_str(), nullptr, 0);
  bytes->erase(bytes->begin(), bytes->begin() + headerSize);
  return std::move(*bytes);
}

Expected<void> Cache::write(const std::string &key, std::span<const std::byte> bytes) const {
  if (bytes.size() + headerSize > most)
    return {};
  std::string header = headerOf(key, bytes);
  std::span start = std::as_bytes(std::span(header));
  formats::Bytes content(start.begin(), start.end());
  content.insert(content.end(), bytes.begin(), bytes.end());
  HORNET_TRY(formats::writeFile(fileOf(key), content));
  shrink();
  return {};
}

/// Down to the limit. A partial file is somebody's work for a second, or forever.
void Cache::shrink() const {
  constexpr auto abandoned = std::chrono::hours(1);
  std::vector<Entry> entries = entriesOf(path);
  std::ranges::sort(entries, {}, &Entry::used);
  size_t total = 0;
  for (const Entry &entry : entries)
    total += entry.bytes;
  for (const Entry &entry : entries) {
    if (entry.partial ? entry.used + abandoned > fs::file_time_type::clock::now() : total <= most)
      continue;
    if (::unlink(entry.path.c_str()) == 0)
      total -= entry.bytes;
  }
}

Cache::Usage Cache::usage() const {
  Usage usage;
  for (const Entry &entry : entriesOf(path)) {
    usage.entries += !entry.partial;
    usage.bytes += entry.bytes;
  }
  return usage;
}

Cache::Usage Cache::clear() const {
  Usage removed;
  for (const Entry &entry : entriesOf(path))
    if (::unlink(entry.path.c_str()) == 0) {
      removed.entries += !entry.partial;
      removed.bytes += entry.bytes;
    }
  return removed;
}

} // namespace hornet::cache
