//===- Link.h - Object files to what the system loads -----------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"

#include <span>
#include <string>

namespace hornet::emit {

/// Links ELF object files with LLVM's linker into a shared object, which names those of `libraries`
/// that it uses ("libm.so.6"; found as this process finds them). Machine error: a
/// library is not installed, no room for temporary files. One call at a time runs, others wait.
Expected<std::string> linkSharedObject(std::span<const std::string> objects,
                                       std::span<const std::string> libraries);

/// LLVM's OpenMP runtime, by the name that this system has it under. Machine error: none.
Expected<std::string> openMPLibrary();

} // namespace hornet::emit
