//===- Artifact.h - Compiled code and what is needed to call it ----------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Abi.h"
#include "runtime/Manifest.h"

#include <memory>
#include <span>

namespace hornet::runtime {

/// Code with its manifest. `code` keeps the code alive.
struct Artifact {
  Manifest manifest;
  HornetEntryPoint predict = nullptr;
  HornetEntryPoint prepare = nullptr;
  /// Of the OpenMP runtime, where the code has threads and the user has not set KMP_BLOCKTIME: for
  /// how many milliseconds the calling thread's helpers spin after a call.
  void (*setSpinning)(int milliseconds) = nullptr;
  std::shared_ptr<void> code;
};

/// Loads a shared object that Hornet made, which executes code: only from where the user's own
/// programs come from. Input error: not a shared object, not an artifact, or one of another
/// version. Machine error: a library that it needs (LLVM's OpenMP runtime) is not installed.
Expected<Artifact> loadArtifact(const std::string &path);

/// The same from memory.
Expected<Artifact> loadArtifact(std::span<const std::byte> bytes);

} // namespace hornet::runtime
