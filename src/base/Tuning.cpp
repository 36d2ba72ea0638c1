#include "base/Tuning.h"

#include "base/Nearest.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace hornet {

namespace {
struct Name {
  std::string_view name;
  int64_t least, most, step = 1;
};

constexpr std::array names{
    Name{"rows", 1, 32},               // of accumulators in a register tile
    Name{"vectors", 1, 16},            // of columns in a register tile
    Name{"sharesRows", 0, 1},          // blocks of rows are shared by threads
    Name{"sharesColumns", 0, 1},       // blocks of columns are, and are the outermost loop
    Name{"reductionBlock", 64, 65536}, // products in one sum, at most
    Name{"tile", 0, 4, 2},             // of minimal filtering; 0: none
    Name{"tiles", 1, 1024},            // of minimal filtering in one block, at most
    Name{"filters", 1, 65536},         // that a block is multiplied by at a time, at most
};
} // namespace

static tl::unexpected<Error> unknownName(std::string_view name) {
  std::array<std::string_view, names.size()> all;
  std::ranges::transform(names, all.begin(), &Name::name);
  std::string near = didYouMean(name, all);
  return inputError(
      {.reason = fmt::format("'{}' is nothing that tuning can choose", name),
       .mend = near.empty() ? fmt::format("the names are {}", fmt::join(all, ", ")) : near});
}

static Expected<void> check(std::string_view name, int64_t value) {
  const auto *row = std::ranges::find(names, name, &Name::name);
  if (row == names.end())
    return unknownName(name);
  if (value < row->least || value > row->most || value % row->step != 0)
    return inputError({.reason = fmt::format("'{}={}' is out of range", name, value),
                       .mend = fmt::format("give {} to {}{}", row->least, row->most,
                                           row->step == 1 ? "" : ", even")});
  return {};
}

std::string toString(const Choice &choice) {
  std::string text;
  for (const auto &[name, value] : choice)
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", name, value);
  return text;
}

Expected<void> checkChoice(const Choice &choice) {
  for (const auto &[name, value] : choice)
    HORNET_TRY(check(name, value));
  return {};
}

Expected<Choice> parseChoice(std::string_view text) {
  Choice choice;
  while (!text.empty()) {
    std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    size_t equals = std::min(word.find('='), word.size());
    std::string_view name = word.substr(0, equals), number = word.substr(equals);
    int64_t value = 0;
    auto [end, error] = std::from_chars(number.begin() + !number.empty(), number.end(), value);
    if (number.empty() || error != std::errc() || end != number.end())
      return inputError({.reason = fmt::format("'{}' is not a name and a number", word),
                         .mend = "write choices as rows=6 vectors=4"});
    HORNET_TRY(check(name, value));
    if (!choice.emplace(name, value).second)
      return inputError(
          {.reason = fmt::format("'{}' is given twice", name), .mend = "give it once"});
  }
  return choice;
}

} // namespace hornet
