//===- Capability.h - What this machine can do, measured ------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstddef>
#include <string_view>

namespace hornet::tool {

/// The widest vectors that this processor computes on: "AVX-512", "AVX2", "SSE2"; "128 bit" on
/// processors of other families.
std::string_view vectorName();

/// Float32 multiply-adds that `threads` threads do together, in 1e9 operations a second; each
/// counts as two. Independent ones that stay in registers, of the widest vectors: the best of some
/// short runs, since whatever disturbs them only slows them down.
double measurePeak(int threads);

/// 1e9 bytes a second that `threads` threads read together, each again and again from its own part
/// of `bytes` bytes: from the cache that holds so many, as a network's repeated calls do, or from
/// memory when none does. The best of some short runs.
double measureBandwidth(size_t bytes, int threads);

} // namespace hornet::tool
