#include "host/Hash.h"

#include <bit>
#include <cstring>
#include <farmhash.h>

namespace hornet::host {

namespace {
/// The four words of SipHash.
struct SipState {
  std::array<uint64_t, 4> v;

  explicit SipState(const std::array<uint64_t, 2> &key)
      : v{key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d, key[0] ^ 0x6c7967656e657261,
          key[1] ^ 0x7465646279746573} {}

  void round() {
    v[0] += v[1], v[2] += v[3];
    v[1] = std::rotl(v[1], 13) ^ v[0], v[3] = std::rotl(v[3], 16) ^ v[2];
    v[0] = std::rotl(v[0], 32);
    v[2] += v[1], v[0] += v[3];
    v[1] = std::rotl(v[1], 17) ^ v[2], v[3] = std::rotl(v[3], 21) ^ v[0];
    v[2] = std::rotl(v[2], 32);
  }
  void absorb(uint64_t word) {
    v[3] ^= word;
    round(), round();
    v[0] ^= word;
  }
  uint64_t finish() {
    v[2] ^= 0xff;
    round(), round(), round(), round();
    return v[0] ^ v[1] ^ v[2] ^ v[3];
  }
};
} // namespace

static uint64_t sipHash(std::string_view text, const std::array<uint64_t, 2> &key) {
  SipState state(key);
  uint64_t last = uint64_t(text.size()) << 56;
  for (; text.size() >= 8; text.remove_prefix(8)) {
    uint64_t word;
    std::memcpy(&word, text.data(), sizeof word);
    state.absorb(word);
  }
  for (size_t i = 0; i < text.size(); ++i)
    last |= uint64_t(static_cast<uint8_t>(text[i])) << (8 * i);
  state.absorb(last);
  return state.finish();
}

uint64_t hashOf(std::string_view text, const Salt &salt) {
  return salt ? sipHash(text, *salt) : util::Fingerprint64(text.data(), text.size());
}

uint64_t concatenated(uint64_t first, uint64_t second) {
  constexpr uint64_t factor = 0xc6a4a7935bd1e995;
  auto mix = [](uint64_t x) { return x ^ (x >> 47); };
  uint64_t result = first ^ factor;
  result ^= mix(second * factor) * factor;
  result *= factor;
  result = mix(result) * factor;
  return mix(result);
}

} // namespace hornet::host
