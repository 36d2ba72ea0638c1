//===- Philox.h - Random numbers by counting ----------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <array>
#include <cstdint>

namespace hornet {

/// Philox4x32-10: 128 random bits of a counter and a key, without any state, so that number n of a
/// stream is had without the numbers before it, by any thread. Source: Salmon, Moraes, Dror, Shaw,
/// "Parallel random numbers: as easy as 1, 2, 3", SC'11; the constants are those of the paper.
struct Philox {
  using Counter = std::array<uint32_t, 4>;
  using Key = std::array<uint32_t, 2>;

  static constexpr uint64_t multipliers[] = {0xD2511F53, 0xCD9E8D57};
  /// What is added to the key in each round: golden ratio, and sqrt(3) - 1.
  static constexpr uint32_t weyl[] = {0x9E3779B9, 0xBB67AE85};
  static constexpr int rounds = 10;

  static constexpr Counter block(Counter counter, Key key) {
    for (int round = 0; round < rounds; ++round) {
      uint64_t first = multipliers[0] * counter[0];
      uint64_t second = multipliers[1] * counter[2];
      counter = {
          static_cast<uint32_t>(second >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(second),
          static_cast<uint32_t>(first >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(first)};
      key = {key[0] + weyl[0], key[1] + weyl[1]};
    }
    return counter;
  }
};

} // namespace hornet
