//===- RandomStream.h - Numbers for one purpose -------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>

#include "base/Philox.h"

namespace hornet::training {

/// What random numbers are for: streams of different purposes never share a number.
enum class Purpose : uint32_t { initialization = 1, order = 2 };

/// The random numbers that belong to a seed, a purpose, and the index of what they are for (a
/// parameter, an epoch): the same ones on every machine.
class RandomStream {
public:
  RandomStream(uint64_t seed, Purpose purpose, uint32_t index)
      : key{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)}, index(index),
        purpose(purpose) {}

  uint32_t bits();
  /// Uniform in [0, bound), every number equally likely; `bound` is at least 1.
  uint64_t below(uint64_t bound);
  /// Uniform in [0, 1), a multiple of 2^-53.
  double uniform();
  /// Mean 0, standard deviation 1 (Box and Muller).
  double normal();

private:
  Philox::Key key;
  uint32_t index;
  Purpose purpose;
  uint64_t blocks = 0; ///< made so far
  Philox::Counter block = {};
  int left = 0; ///< words of `block` that were not given yet
};

} // namespace hornet::training
