//===- Digest.h - 128 bits that stand for everything that was added ----------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace hornet::cache {

/// XXH3-128 (https://xxhash.com) of values in order, each with its length, so that ("ab", "c") and
/// ("a", "bc") differ. Tells apart what is different by accident, not by malice.
class Digest {
public:
  Digest();
  ~Digest();

  void add(std::string_view text);
  void add(std::span<const std::byte> bytes);
  void add(std::integral auto number) { addNumber(static_cast<int64_t>(number)); }

  /// 32 hexadecimal digits.
  std::string hex() const;

private:
  void addNumber(int64_t number);
  struct State;
  std::unique_ptr<State> state;
};

} // namespace hornet::cache
