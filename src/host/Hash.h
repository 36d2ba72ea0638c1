//===- Hash.h - The hashes that TensorFlow puts strings into bins with ------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace hornet::host {

/// The two halves of SipHash's key; without one, FarmHash's.
using Salt = std::optional<std::array<uint64_t, 2>>;

/// FarmHash's Fingerprint64, TensorFlow's "fast" hash; with a salt SipHash-2-4 ("strong").
/// Sources: https://github.com/google/farmhash; Aumasson and Bernstein, "SipHash: a fast
/// short-input PRF", 2012.
uint64_t hashOf(std::string_view text, const Salt &salt);

/// Two fingerprints as one: TensorFlow's FingerprintCat64, of which it makes crossed features.
uint64_t concatenated(uint64_t first, uint64_t second);

} // namespace hornet::host
