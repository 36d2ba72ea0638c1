//===- Cache.h - Compiled code between runs -----------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"
#include "formats/File.h"

#include <optional>
#include <span>
#include <string>

namespace hornet::cache {

/// A folder of files, each found by a key that stands for its content. Several processes may use it
/// at once: files appear complete or not at all. What was not used for longest goes first when the
/// folder grows beyond its limit.
class Cache {
public:
  /// In $HORNET_CACHE_DIR, else $XDG_CACHE_HOME/hornet, else ~/.cache/hornet; at most
  /// $HORNET_CACHE_MIB mebibytes, else 256. Makes the folder when it is missing. Input error: no
  /// such place, or a size that is none. What is in the cache is executed: a folder that belongs to
  /// another user or that others may write to is refused.
  static Expected<Cache> open();
  /// Where that is, without making or checking it.
  static Expected<std::string> defaultFolder();
  /// The same in a folder and with a limit in bytes.
  static Expected<Cache> open(const std::string &folder, size_t limit);

  /// The bytes that were written under `key`, from now on the last used. Nothing when there are
  /// none; what is damaged is removed.
  std::optional<formats::Bytes> read(const std::string &key) const;
  /// Keeps the bytes, unless they alone are over the limit. Machine error: the disk is full, ….
  Expected<void> write(const std::string &key, std::span<const std::byte> bytes) const;

  struct Usage {
    size_t entries = 0;
    size_t bytes = 0;
  };
  Usage usage() const;
  /// Removes everything, and tells what that was.
  Usage clear() const;

  const std::string &folder() const { return path; }
  size_t limit() const { return most; }

private:
  Cache(std::string folder, size_t limit) : path(std::move(folder)), most(limit) {}
  std::string fileOf(const std::string &key) const;
  void shrink() const;

  std::string path;
  size_t most;
};

} // namespace hornet::cache
