//===- Temporary.h - A folder for one test --------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

namespace hornet::training {

/// Removed with all that is in it.
class TemporaryFolder {
public:
  explicit TemporaryFolder(const std::string &name)
      : path(std::filesystem::temp_directory_path() /
             ("hornet-" + name + "-" + std::to_string(getpid()))) {
    std::filesystem::remove_all(path);
    std::filesystem::create_directories(path);
  }
  TemporaryFolder(const TemporaryFolder &) = delete;
  TemporaryFolder &operator=(const TemporaryFolder &) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path); }

  std::string operator/(const std::string &name) const { return (path / name).string(); }
  std::string string() const { return path.string(); }

private:
  std::filesystem::path path;
};

} // namespace hornet::training
