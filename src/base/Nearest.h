//===- Nearest.h - "did you mean …?" ------------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hornet {

/// The `count` candidates nearest to `name`, nearest first: least edit distance (insertions,
/// deletions, substitutions), upper and lower case alike. Those that have little in common with
/// it (more than a third of the name differs, rounded up) are left out.
std::vector<std::string_view>
nearest(std::string_view name, std::span<const std::string_view> candidates, size_t count = 1);

/// "did you mean 'Dense'?", or nothing when no candidate is near: for Problem::mend.
std::string didYouMean(std::string_view name, std::span<const std::string_view> candidates);

} // namespace hornet
