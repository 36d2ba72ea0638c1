//===- Abi.h - How an artifact is called ---------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>

extern "C" {

/// The one argument of an artifact's entry points, `hornet_predict` and `hornet_prepare`.
///
/// `buffers` holds the inputs, then the weights (parameters and prepared values), then the outputs,
/// each dense and row-major, then the arena: temporary memory of the size that the artifact states,
/// aligned to 64 bytes. Code compiled for profiling takes one more, for the time stamps of its
/// sections: seconds and nanoseconds (int64_t) before each and after the last. Which buffer is
/// which, the artifact's manifest says. Entry points keep no state: calls with different outputs
/// and arenas may run at the same time.
struct HornetCall {
  int64_t batch;        ///< extent of the leading dimension of inputs and outputs, 1 or more
  void *const *buffers; ///< one address an argument
};

/// The type of an entry point.
typedef void (*HornetEntryPoint)(const struct HornetCall *);
}

namespace hornet::abi {

/// What an artifact exports, and nothing else: two entry points, and the manifest, JSON in a
/// null-terminated string. See runtime/Manifest.h.
inline constexpr char predict[] = "hornet_predict";
inline constexpr char prepare[] = "hornet_prepare";
inline constexpr char manifest[] = "hornet_manifest";
inline constexpr const char *exports[] = {predict, prepare, manifest};

/// Counts the changes of HornetCall and of the manifest. Artifacts of another version are refused.
inline constexpr int version = 5;

} // namespace hornet::abi
