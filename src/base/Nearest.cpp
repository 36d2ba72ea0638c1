#include "base/Nearest.h"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>

namespace hornet {

static char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

/// Levenshtein's distance, one row of its table at a time.
static size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      size_t substituted = diagonal + (lower(a[i]) != lower(b[j]));
      diagonal = row[j + 1];
      row[j + 1] = std::min({substituted, diagonal + 1, row[j] + 1});
    }
  }
  return row.back();
}

std::vector<std::string_view> nearest(std::string_view name,
                                      std::span<const std::string_view> candidates, size_t count) {
  // A name from a hostile file may be megabytes long: nothing is near it.
  constexpr size_t longestName = 200;
  if (name.size() > longestName)
    return {};
  std::vector<std::pair<size_t, size_t>> near; // edits, and the candidate's place
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (candidates[i].size() > longestName)
      continue;
    size_t edits = distance(name, candidates[i]);
    if (edits <= (name.size() + 2) / 3)
      near.emplace_back(edits, i);
  }
  std::ranges::sort(near);
  std::vector<std::string_view> names;
  for (size_t i = 0; i < std::min(count, near.size()); ++i)
    names.push_back(candidates[near[i].second]);
  return names;
}

std::string didYouMean(std::string_view name, std::span<const std::string_view> candidates) {
  std::vector<std::string_view> near = nearest(name, candidates);
  return near.empty() ? "" : fmt::format("did you mean '{}'?", near.front());
}

} // namespace hornet
