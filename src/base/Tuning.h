//===- Tuning.h - What measuring has found to be faster ---------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace hornet {

/// What the schedule decides about one op, by name: {"rows", 6}. The names and what they may be
/// stand in Tuning.cpp. Where a number does not fit the op, the next smaller one that does is
/// taken: no choice makes wrong code.
using Choice = std::map<std::string, int64_t, std::less<>>;

/// Choices by op, as the schedule names it:
/// "product ?x8x8x32xf32, 32x64xf32 -> ?x8x8x64xf32". Others are left to the schedule.
using Tuning = std::map<std::string, Choice, std::less<>>;

/// An op of a model about which there is something to choose.
struct Tunable {
  std::string op;                  ///< its name; ops of the same shapes share it
  std::vector<std::string> layers; ///< paths of the layers that it came from
  Choice choice;                   ///< the present one
  std::vector<Choice> candidates;  ///< others near it, the most promising first
};

/// "rows=6 vectors=4", by name.
std::string toString(const Choice &choice);

/// The reverse. Input error: no such name, or a number out of its range.
Expected<Choice> parseChoice(std::string_view text);

/// Input error: as of parseChoice.
Expected<void> checkChoice(const Choice &choice);

} // namespace hornet
