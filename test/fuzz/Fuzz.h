//===- Fuzz.h - What the fuzz targets share --------------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"
#include "formats/File.h"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <span>
#include <string_view>
#include <unistd.h>

namespace hornet::fuzz {

/// Whatever is in a file, it is the user's mistake or the machine's, never "our bug".
template <class T> void expectNoBug(const Expected<T> &result) {
  if (result || !std::holds_alternative<InternalError>(result.error()))
    return;
  fmt::print(stderr, "an internal error: {}\n", toString(result.error()));
  std::abort();
}

inline std::span<const std::byte> bytesOf(const uint8_t *data, size_t size) {
  return std::as_bytes(std::span(data, size));
}

inline std::string_view textOf(const uint8_t *data, size_t size) {
  return {reinterpret_cast<const char *>(data), size};
}

/// Calls `read` with the path of a file that holds `bytes`, in memory where the system has a place
/// for that.
template <class Read>
void inFile(std::span<const std::byte> bytes, const char *name, const Read &read) {
  static const std::filesystem::path folder = [] {
    std::filesystem::path memory = "/dev/shm";
    auto parent =
        std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path();
    auto made = parent / fmt::format("hornet-fuzz-{}", getpid());
    std::filesystem::create_directories(made);
    return made;
  }();
  std::string path = folder / name;
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char *>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  read(path);
  std::filesystem::remove(path);
}

} // namespace hornet::fuzz
