#include "training/RandomStream.h"

#include <cmath>
#include <numbers>

namespace hornet::training {

uint32_t RandomStream::bits() {
  if (left == 0) {
    block = Philox::block({static_cast<uint32_t>(blocks), static_cast<uint32_t>(blocks >> 32),
                           index, static_cast<uint32_t>(purpose)},
                          key);
    ++blocks;
    left = static_cast<int>(block.size());
  }
  return block[block.size() - left--];
}

uint64_t RandomStream::below(uint64_t bound) {
  // The lowest numbers are drawn again, so that a multiple of `bound` remains.
  uint64_t few = (0 - bound) % bound;
  uint64_t drawn = 0;
  do {
    drawn = uint64_t{bits()} << 32;
    drawn |= bits();
  } while (drawn < few);
  return drawn % bound;
}

double RandomStream::uniform() {
  uint64_t high = bits() >> 5;
  return static_cast<double>(high << 26 | bits() >> 6) * 0x1p-53;
}

double RandomStream::normal() {
  double radius = std::sqrt(-2 * std::log(1 - uniform()));
  return radius * std::cos(2 * std::numbers::pi * uniform());
}

} // namespace hornet::training
