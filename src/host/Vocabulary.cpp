#include "host/Vocabulary.h"

namespace hornet::host {

Salt saltOf(const Json &json) {
  if (json.is_null())
    return std::nullopt;
  return std::array{static_cast<uint64_t>(json.at(0).get<int64_t>()),
                    static_cast<uint64_t>(json.at(1).get<int64_t>())};
}

Vocabulary::Vocabulary(const Json &settings)
    : oovStart(settings.at("oov").at("start")), oovCount(settings.at("oov").at("count")),
      hashed(settings.at("oov").at("hash")), salt(saltOf(settings.at("oov").at("salt"))) {
  auto add = [&](const Json &token, int64_t index) {
    if (token.is_string())
      strings[token.get<std::string>()] = index;
    else
      integers[token.get<int64_t>()] = index;
  };
  int64_t index = settings.at("first");
  for (const Json &token : settings.at("tokens"))
    add(token, index++);
  if (const Json &mask = settings.at("mask"); !mask.is_null())
    add(mask.at("token"), mask.at("index"));
}

std::optional<int64_t> Vocabulary::indexOf(const std::string &token) const {
  if (auto found = strings.find(token); found != strings.end())
    return found->second;
  if (oovCount <= 1)
    return oovCount == 1 ? std::optional(oovStart) : std::nullopt;
  return oovStart + static_cast<int64_t>(hashOf(token, salt) % static_cast<uint64_t>(oovCount));
}

std::optional<int64_t> Vocabulary::indexOf(int64_t token) const {
  if (auto found = integers.find(token); found != integers.end())
    return found->second;
  if (hashed && oovCount > 1)
    return oovStart + static_cast<int64_t>(hashOf(std::to_string(token), salt) %
                                           static_cast<uint64_t>(oovCount));
  if (oovCount <= 1)
    return oovCount == 1 ? std::optional(oovStart) : std::nullopt;
  int64_t remainder = token % oovCount;
  return oovStart + remainder + (remainder < 0 ? oovCount : 0);
}

} // namespace hornet::host
