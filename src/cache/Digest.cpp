#include "cache/Digest.h"

#include <fmt/format.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace hornet::cache {

struct Digest::State {
  XXH3_state_t hash;
};

Digest::Digest() : state(std::make_unique<State>()) { XXH3_128bits_reset(&state->hash); }
Digest::~Digest() = default;

void Digest::addNumber(int64_t number) {
  XXH3_128bits_update(&state->hash, &number, sizeof number);
}

void Digest::add(std::span<const std::byte> bytes) {
  addNumber(static_cast<int64_t>(bytes.size()));
  XXH3_128bits_update(&state->hash, bytes.data(), bytes.size());
}

void Digest::add(std::string_view text) { add(std::as_bytes(std::span(text))); }

std::string Digest::hex() const {
  XXH128_hash_t hash = XXH3_128bits_digest(&state->hash);
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

} // namespace hornet::cache
