#include "import/Config.h"

#include "base/Nearest.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringRef.h"

#include <cmath>
#include <fmt/format.h>
#include <limits>

namespace hornet::import {

/// JSON has no word for these; the reader hands them on as strings.
static bool isNonFinite(const Json &value) {
  return value == "NaN" || value == "Infinity" || value == "-Infinity";
}

std::string describe(const Json &value) {
  constexpr size_t longest = 60;
  if (isNonFinite(value))
    return value.get<std::string>();
  std::string text = value.is_string() ? value.get<std::string>()
                                       : value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > longest)
    text = text.substr(0, longest) + "…";
  if (value.is_string())
    return fmt::format("the string '{}'", text);
  return text;
}

const Json *Config::find(std::string_view key) const {
  if (!json->is_object())
    return nullptr;
  read.insert(key);
  auto it = json->find(key);
  return it == json->end() || it->is_null() ? nullptr : &*it;
}

std::vector<std::string> Config::unread() const {
  std::vector<std::string> keys;
  if (json->is_object())
    for (const auto &[key, value] : json->items())
      if (!read.contains(key) && !value.is_null() && value != false)
        keys.push_back(key);
  return keys;
}

std::optional<int64_t> Config::integer(std::string_view key, const Json &value,
                                       int64_t least) const {
  std::string_view kind = least > 0    ? "a positive integer"
                          : least == 0 ? "an integer that is not negative"
                                       : "an integer";
  std::string mend = fmt::format("set {} in the code that built the model, and save it again", key);
  auto wrong = [&](std::string reason) {
    problem(std::string(key), std::move(reason), mend);
    return std::nullopt;
  };
  if (value == "Infinity" || value == "-Infinity")
    return wrong(fmt::format("{} does not fit an integer", key));
  if (!value.is_number())
    return wrong(fmt::format("{} must be {}, got {}", key, kind, describe(value)));
  double number = value.get<double>();
  if (number != std::floor(number) || number < static_cast<double>(least))
    return wrong(fmt::format("{} must be {}, got {}", key, kind, describe(value)));
  if (std::abs(number) > static_cast<double>(std::numeric_limits<int64_t>::max()))
    return wrong(fmt::format("{} does not fit an integer: {}", key, describe(value)));
  if (std::abs(number) > static_cast<double>(largestInteger))
    return wrong(
        fmt::format("{} must be at most {}, got {}", key, largestInteger, describe(value)));
  return static_cast<int64_t>(number);
}

Config::Integers Config::list(std::string_view key, const Json &value, int64_t least) const {
  Integers result;
  if (!value.is_array()) {
    if (std::optional<int64_t> one = integer(key, value, least))
      result.push_back(*one);
    return result;
  }
  constexpr size_t longestList = 64;
  if (value.size() > longestList) {
    problem(std::string(key), fmt::format("{} has {} entries", key, value.size()));
    return result;
  }
  for (const Json &entry : value)
    if (std::optional<int64_t> one = integer(key, entry, least))
      result.push_back(*one);
    else
      return {};
  return result;
}

static std::string missing(std::string_view key) { return fmt::format("{} is missing", key); }

int64_t Config::positive(std::string_view key, std::optional<int64_t> fallback) const {
  if (const Json *value = find(key))
    return integer(key, *value, 1).value_or(1);
  if (!fallback)
    problem(std::string(key), missing(key), fmt::format("give {} as a positive integer", key));
  return fallback.value_or(1);
}

Config::Integers Config::positives(std::string_view key, size_t count,
                                   const std::optional<Integers> &fallback) const {
  Integers ones(count, 1);
  const Json *value = find(key);
  if (!value) {
    if (!fallback)
      problem(std::string(key), missing(key), fmt::format("give {} positive integers", count));
    return fallback.value_or(ones);
  }
  Integers result = list(key, *value, 1);
  if (!value->is_array() && result.size() == 1)
    return Integers(count, result.front());
  if (result.size() == count)
    return result;
  if (!result.empty() || (value->is_array() && value->empty()))
    problem(std::string(key),
            fmt::format("{} must have {} entries, got {}", key, count, describe(*value)),
            fmt::format("give {} positive integers, or one for all", count));
  return ones;
}

Config::Integers Config::integers(std::string_view key,
                                  const std::optional<Integers> &fallback) const {
  if (const Json *value = find(key))
    return list(key, *value, -largestInteger);
  if (!fallback)
    problem(std::string(key), missing(key), fmt::format("give {} as a list of integers", key));
  return fallback.value_or(Integers());
}

llvm::SmallVector<Config::Border, 3> Config::borders(std::string_view key, size_t count) const {
  llvm::SmallVector<Border, 3> none(count, Border(0, 0));
  const Json *value = find(key);
  if (!value)
    return llvm::SmallVector<Border, 3>(count, Border(1, 1));
  if (!value->is_array()) {
    std::optional<int64_t> one = integer(key, *value, 0);
    return one ? llvm::SmallVector<Border, 3>(count, Border(*one, *one)) : none;
  }
  llvm::SmallVector<Border, 3> result;
  if (count == 1 && value->size() == 2) { // one dimension: a pair may stand alone
    Integers pair = list(key, *value, 0);
    if (pair.size() == 2)
      result.emplace_back(pair.front(), pair.back());
    return pair.size() == 2 ? result : none;
  }
  if (value->size() == count)
    for (const Json &entry : *value) {
      Integers pair = list(key, entry, 0);
      if (pair.size() == (entry.is_array() ? 2 : 1))
        result.emplace_back(pair.front(), pair.back());
      else if (!pair.empty() || (entry.is_array() && entry.empty()))
        break;
      else
        return none;
    }
  if (result.size() == count)
    return result;
  problem(std::string(key),
          fmt::format("{} must be a number, or {} numbers or pairs, got {}", key, count,
                      describe(*value)),
          fmt::format("give {} pairs of integers: before and after", count));
  return none;
}

double Config::number(std::string_view key, std::optional<double> fallback) const {
  const Json *value = find(key);
  if (!value && !fallback)
    problem(std::string(key), missing(key), fmt::format("give {} as a number", key));
  if (!value)
    return fallback.value_or(0);
  if (value->is_number())
    return value->get<double>();
  if (*value == "Infinity" || *value == "-Infinity")
    return (*value == "Infinity" ? 1 : -1) * std::numeric_limits<double>::infinity();
  problem(std::string(key), fmt::format("{} must be a number, got {}", key, describe(*value)),
          fmt::format("give {} as a number", key));
  return fallback.value_or(0);
}

bool Config::flag(std::string_view key, bool fallback) const {
  const Json *value = find(key);
  if (!value)
    return fallback;
  if (value->is_boolean())
    return value->get<bool>();
  if (value->is_number_integer()) // as Python has it
    return *value != 0;
  problem(std::string(key), fmt::format("{} must be true or false, got {}", key, describe(*value)),
          fmt::format("give {} as true or false", key));
  return fallback;
}

std::string Config::word(std::string_view key, std::span<const std::string_view> words) const {
  std::string first(words.front());
  const Json *value = find(key);
  if (!value)
    return first;
  std::string all = fmt::format("'{}'", fmt::join(words, "', '"));
  if (!value->is_string()) {
    problem(std::string(key), fmt::format("{} must be a word, got {}", key, describe(*value)),
            fmt::format("give one of {}", all));
    return first;
  }
  std::string given = llvm::StringRef(value->get_ref<const std::string &>()).lower();
  if (llvm::is_contained(words, given))
    return given;
  std::string suggestion = didYouMean(given, words);
  problem(std::string(key),
          fmt::format("{} is '{}', it must be one of {}", key, given.substr(0, 80), all),
          suggestion.empty() ? fmt::format("give one of {}", all) : suggestion);
  return first;
}

bool Config::channelsFirst() const {
  static constexpr std::string_view orders[] = {"channels_last", "channels_first"};
  return word("data_format", orders) == orders[1];
}

} // namespace hornet::import
