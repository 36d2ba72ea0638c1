//===- Memory.h - Memory for arrays ---------------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstddef>
#include <memory>

namespace hornet {

struct FreeMemory {
  void operator()(std::byte *bytes) const;
};
using Memory = std::unique_ptr<std::byte[], FreeMemory>;

/// Uninitialized, aligned to 64 bytes or more; null when there is none left. Large blocks ask for
/// huge pages: filling one then takes fewer page faults, and reading it fewer address lookups.
Memory allocate(size_t bytes);

} // namespace hornet
