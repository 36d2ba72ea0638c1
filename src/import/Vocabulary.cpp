// The vocabulary of a lookup layer: its tokens, and the indices and weights that follow from them.

#include "import/HostLayers.h"

#include "llvm/ADT/STLExtras.h"
#include <fmt/format.h>
#include <numeric>
#include <set>

namespace hornet::import {

/// Reports unless `vocabulary` is a list of strings, or of integers.
static bool isVocabulary(LayerImport &layer, const Json *vocabulary, bool textual) {
  constexpr const char *adapt = "give the layer a vocabulary, or adapt it and save the model as "
                                ".keras, which holds what it has learned";
  if (!vocabulary || vocabulary->is_string()) {
    layer.problem("vocabulary",
                  vocabulary ? "the vocabulary is a file outside of the model: it is not read"
                             : "the vocabulary is missing from the config and from the archive",
                  adapt);
    return false;
  }
  if (!vocabulary->is_array() || vocabulary->empty()) {
    layer.problem("vocabulary",
                  vocabulary->is_array() ? "the vocabulary is empty"
                                         : "the vocabulary must be a list",
                  adapt);
    return false;
  }
  for (const Json &token : *vocabulary) {
    bool fits = textual ? token.is_string()
                        : token.is_number_integer() &&
                              (!token.is_number_unsigned() || token.get<uint64_t>() <= INT64_MAX);
    if (fits && textual && token.get<std::string>().find('\0') != std::string::npos)
      fits = false; // NumPy, by which Keras reads the list, cuts zeros off
    if (fits)
      continue;
    layer.problem("vocabulary", fmt::format("{} in the vocabulary is no {}", describe(token),
                                            textual ? "string" : "integer of 64 bits"));
    return false;
  }
  return true;
}

/// Reports a token that is there twice, and special ones among the others.
static void checkTokens(LayerImport &layer, const VocabularyConfig &config, bool invert) {
  std::set<Json> seen;
  for (const Json &token : config.tokens) {
    if (!seen.insert(token).second)
      return layer.problem("vocabulary", fmt::format("the token {} is there twice", token.dump()),
                           "give each token once");
    bool mask = !config.mask.is_null() && token == config.mask;
    if (mask || (invert && token == config.oov))
      return layer.problem("vocabulary",
                           fmt::format("the {} {} is among the tokens",
                                       mask ? "mask_token" : "oov_token", token.dump()),
                           "leave it out of the vocabulary, or let it come first");
  }
}

/// The weights of tf_idf: `given` are those of the vocabulary, special tokens included or not.
static Json weightsOf(LayerImport &layer, size_t vocabulary, bool special, int64_t first,
                      int64_t depth) {
  const Json *given = layer.find("idf_weights");
  auto isNumber = [](const Json &weight) { return weight.is_number(); };
  if (!given || !given->is_array() || !llvm::all_of(*given, isNumber) ||
      given->size() != vocabulary) {
    layer.problem("idf_weights",
                  fmt::format("output_mode 'tf_idf' needs idf_weights, a list of {} numbers, one "
                              "for each token of the vocabulary",
                              vocabulary),
                  "give them, or adapt the layer");
    return Json();
  }
  auto weights = given->get<std::vector<double>>();
  double mean =
      std::accumulate(weights.begin(), weights.end(), 0.0) / static_cast<double>(weights.size());
  if (!special)
    weights.insert(weights.begin(), static_cast<size_t>(first), mean);
  weights.resize(static_cast<size_t>(depth), 0.0);
  return weights;
}

/// Reports where the vocabulary and the sizes that the config gives contradict each other.
static void checkSizes(LayerImport &layer, int64_t size, const std::string &mode, bool pads) {
  bool limited = layer.find("max_tokens") != nullptr;
  int64_t most = limited ? layer.positive("max_tokens") : size;
  if (size > most)
    layer.problem("max_tokens", fmt::format("the vocabulary has {} tokens with the special ones, "
                                            "max_tokens is {}",
                                            size, most));
  if (pads && !limited)
    layer.problem("pad_to_max_tokens", "pad_to_max_tokens needs max_tokens", "give it");
  const Json *frozen = layer.find("vocabulary_size");
  if (frozen && mode != "int" && !pads && *frozen != size)
    layer.problem("vocabulary_size", fmt::format("vocabulary_size is {}, the vocabulary has {}",
                                                 frozen->dump(), size));
}

VocabularyConfig readVocabulary(LayerImport &layer, bool textual, const Json &mask, const Json &oov,
                                int64_t oovCount, bool invert) {
  static constexpr std::string_view modes[] = {"int",    "one_hot", "multi_hot", "count",
                                               "tf_idf", "binary",  "tf-idf"};
  VocabularyConfig config;
  config.mask = mask;
  config.oov = oov;
  config.mode = outputMode(layer, modes);
  bool pads = layer.flag("pad_to_max_tokens", false);
  const Json *vocabulary = layer.find("vocabulary");
  if (!isVocabulary(layer, vocabulary, textual))
    return config;
  bool masked = !mask.is_null();
  int64_t oovStart = masked && config.mode == "int";
  config.first = oovStart + oovCount;
  // Special tokens may come first in the list, all of them.
  bool special = static_cast<int64_t>(vocabulary->size()) >= config.first;
  for (int64_t i = 0; special && i < config.first; ++i)
    special = (*vocabulary)[static_cast<size_t>(i)] == (i < oovStart ? mask : oov);
  config.tokens = Json::array();
  for (size_t i = special ? config.first : 0; i < vocabulary->size(); ++i)
    config.tokens.push_back((*vocabulary)[i]);
  checkTokens(layer, config, invert);
  int64_t size = config.first + static_cast<int64_t>(config.tokens.size());
  checkSizes(layer, size, config.mode, pads);
  config.depth = pads && !layer.failed() ? layer.positive("max_tokens") : size;
  if (config.mode == "tf_idf")
    config.weights = weightsOf(layer, vocabulary->size(), special, config.first, config.depth);
  else if (layer.find("idf_weights"))
    layer.problem("idf_weights", "only output_mode 'tf_idf' has idf_weights", "leave them out");
  int64_t dropped = INT64_MAX;
  config.settings = {
      {"tokens", config.tokens},
      {"first", config.first},
      {"oov", {{"start", oovStart}, {"count", oovCount}, {"hash", false}, {"salt", nullptr}}},
      {"mask", masked ? Json{{"token", mask}, {"index", oovStart ? 0 : dropped}} : Json()}};
  return config;
}

} // namespace hornet::import
