//===- Target.h - The processor that code is made for ---------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"

#include <cstdint>
#include <string>

namespace hornet::emit {

/// A processor as LLVM names it, and what the schedules need to know of it.
struct Target {
  std::string triple;
  std::string cpu;          ///< "x86-64-v3", "znver3", …
  std::string features;     ///< LLVM's feature string, "+avx2,…"
  int64_t vectorBytes = 16; ///< of one vector register
  int64_t vectorRegisters = 16;
  int64_t cacheBytes = 1 << 20; ///< of the largest cache that is a core's own
  bool convertsHalf = false;    ///< has instructions between float16 and float32 (F16C)
};

/// "native" is the machine that runs this; everything else is a name that LLVM knows (x86-64-v3,
/// x86-64-v4, skylake-avx512, znver4, …), whose caches are not known: they count as 1 MiB. Input
/// error: an unknown name.
Expected<Target> parseTarget(const std::string &name);

} // namespace hornet::emit
