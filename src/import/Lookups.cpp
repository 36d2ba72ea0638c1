// Layers that look tokens up.

#include "import/HostLayers.h"

#include <fmt/format.h>

namespace hornet::import {

/// A special token of the layer's kind, or null.
static Json specialToken(LayerImport &layer, std::string_view key, bool textual, Json fallback) {
  const Json &config = layer.layer().config;
  const Json *found = layer.find(key);
  if (!found)
    return config.is_object() && config.contains(key) ? Json() : fallback;
  if (textual ? found->is_string() : found->is_number_integer())
    return *found;
  layer.problem(std::string(key),
                fmt::format("{} must be {}, got {}", key, textual ? "a string" : "an integer",
                            describe(*found)));
  return fallback;
}

/// num_oov_indices.
static int64_t oovCountOf(LayerImport &layer) {
  Config::Integers given = layer.integers("num_oov_indices", Config::Integers{1});
  if (given.size() == 1 && given.front() >= 0)
    return given.front();
  if (!layer.failed())
    layer.problem("num_oov_indices", "num_oov_indices must be an integer that is not negative");
  return 1;
}

/// Whether tokens without an index are hashed, and by which salt.
static void readHash(LayerImport &layer, bool textual, Json &oov) {
  static constexpr std::string_view methods[] = {"floormod", "farmhash"};
  std::string method = layer.word("oov_method", methods);
  oov["hash"] = textual || method == "farmhash";
  oov["salt"] = saltOf(layer);
  if (!textual && method == "floormod" && !oov["salt"].is_null())
    layer.problem("salt", "a salt needs oov_method 'farmhash'");
}

static void checkEncoding(LayerImport &layer) {
  static constexpr std::string_view encodings[] = {"utf-8"};
  (void)layer.word("encoding", encodings);
}

/// The type of vectors: Keras 2 makes floats of them.
static DType vectorType(const LayerImport &layer, std::string_view mode) {
  return mode == "tf_idf" || layer.generation() != keras::Generation::keras3 ? DType::f32
                                                                             : DType::i64;
}

/// The largest magnitude among integers, and one.
static int64_t boundOf(const VocabularyConfig &config) {
  uint64_t most = 0;
  auto take = [&](const Json &token) {
    if (token.is_number_integer()) {
      auto value = token.get<int64_t>();
      most = std::max(most,
                      value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value));
    }
  };
  for (const Json &token : config.tokens)
    take(token);
  take(config.oov), take(config.mask);
  return static_cast<int64_t>(std::min<uint64_t>(most, INT64_MAX - 1)) + 1;
}

static void invert(LayerImport &layer, const VocabularyConfig &config, size_t x, bool textual) {
  if (config.mode != "int")
    layer.problem("output_mode", "output_mode must be 'int' when invert is set");
  if (config.oov.is_null())
    layer.problem("oov_token", "invert needs an oov_token", "give it");
  if (layer.host()[x].dtype == DType::string)
    layer.problem("inbound_nodes", "takes indices, got strings");
  if (layer.failed())
    return;
  Json settings = {{"tokens", config.tokens},
                   {"first", config.first},
                   {"oov", config.oov},
                   {"mask", config.mask}};
  layer.hostResult(hostStep(layer, "invert", x, settings, textual ? DType::string : DType::i64,
                            layer.host()[x].shape, boundOf(config)));
}

/// The layer's only input, when compiled code has computed it, and it holds numbers.
static mlir::Value numbersInGraph(LayerImport &layer) {
  if (layer.failed() || layer.tensors().size() != 1)
    return {};
  mlir::Value value = layer.tensors().front().value;
  return value && isa<mlir::FloatType>(getElementTypeOrSelf(value)) ? value : mlir::Value();
}

void importIndexLookup(LayerImport &layer) {
  bool textual = layer.className() == "StringLookup", inverts = layer.flag("invert", false);
  Json mask = specialToken(layer, "mask_token", textual, Json());
  Json oov = specialToken(layer, "oov_token", textual, textual ? Json("[UNK]") : Json(-1));
  int64_t oovCount = oovCountOf(layer);
  VocabularyConfig config = readVocabulary(layer, textual, mask, oov, oovCount, inverts);
  if (layer.failed())
    return;
  readHash(layer, textual, config.settings["oov"]);
  checkEncoding(layer);
  if (const Json *dtype = layer.find("vocabulary_dtype");
      dtype && *dtype != (textual ? "string" : "int64"))
    layer.problem("vocabulary_dtype",
                  fmt::format("vocabulary_dtype {} is not supported", describe(*dtype)));
  checkUnread(layer);
  if (mlir::Value computed = numbersInGraph(layer);
      computed && !inverts && !config.settings["oov"]["hash"])
    return lookUpInGraph(layer, config, computed);
  std::optional<size_t> x = hostInput(layer);
  if (!x)
    return;
  if (inverts)
    return invert(layer, config, *x, textual);
  const host::Value &value = layer.host()[*x];
  if ((value.dtype == DType::string) != textual)
    return layer.problem("inbound_nodes",
                         textual ? "takes strings, got numbers" : "takes integers, got strings",
                         textual ? "declare the input with dtype='string'"
                                 : "use StringLookup, or declare the input with dtype='int64'");
  Shape shape = value.shape;
  int64_t size = config.first + static_cast<int64_t>(config.tokens.size());
  if (config.mode == "int")
    return layer.hostResult(
        hostStep(layer, "look_up", *x, config.settings, DType::i64, shape, size));
  std::optional<Shape> vectors = encodedShape(layer, shape, config.mode, config.depth);
  if (!vectors)
    return;
  size_t indices = hostStep(layer, "look_up", *x, config.settings, DType::i64, shape);
  Json settings = {{"mode", config.mode}, {"depth", config.depth}, {"weights", config.weights}};
  layer.hostResult(
      hostStep(layer, "encode", indices, settings, vectorType(layer, config.mode), *vectors));
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

/// standardize or split: a word, or null; `fallback` when there is none.
static Json ruleOf(LayerImport &layer, std::string_view key,
                   llvm::ArrayRef<std::string_view> words) {
  const Json &config = layer.layer().config;
  const Json *found = layer.find(key);
  if (!found)
    return config.is_object() && config.contains(key) ? Json() : Json(words.front());
  if (found->is_string() && llvm::is_contained(words, found->get<std::string>()))
    return *found;
  bool word = found->is_string();
  layer.problem(std::string(key),
                word ? fmt::format("{} is '{}', it must be one of {} or None", key,
                                   found->get<std::string>().substr(0, 80), fmt::join(words, ", "))
                     : fmt::format("{} is a Python function: it is not executed", key),
                word ? "" : "do that to the text before it is given to the model");
  return Json(words.front());
}

/// The lengths of n-grams, or null: an integer stands for all lengths up to it.
static Json ngramsOf(LayerImport &layer) {
  const Json *given = layer.find("ngrams");
  if (!given)
    return Json();
  constexpr int64_t longest = 1000;
  Config::Integers lengths = layer.integers("ngrams");
  bool fits = !lengths.empty() && llvm::all_of(lengths, [&](int64_t length) {
    return length >= 1 && length <= longest;
  });
  if (!fits) {
    layer.problem("ngrams", fmt::format("ngrams must be lengths from 1 to {}", longest));
    return Json();
  }
  Json list = Json::array();
  if (given->is_array())
    for (int64_t length : lengths)
      list.push_back(length);
  else
    for (int64_t length = 1; length <= lengths.front(); ++length)
      list.push_back(length);
  return list;
}

/// How many n-grams a text of as many tokens has.
static int64_t gramsOf(const Json &ngrams, int64_t tokens) {
  int64_t count = ngrams.is_null() ? tokens : 0;
  for (const Json &length : ngrams.is_null() ? Json::array() : ngrams)
    count += std::max<int64_t>(0, tokens - length.get<int64_t>() + 1);
  return count;
}

/// The length that the caller gives to the result; nothing, reported, when none fits.
static std::optional<int64_t> givenLength(LayerImport &layer) {
  std::string name = layer.pathName();
  if (!layer.host().sized.insert(name).second) {
    layer.problem("output_sequence_length",
                  "output_sequence_length is missing: each call's result is as long as its longest "
                  "text",
                  "set output_sequence_length");
    return std::nullopt;
  }
  auto shapes = layer.host().givenShapes;
  auto given = llvm::find_if(shapes, [&](const auto &shape) { return shape.first == name; });
  std::string mend = fmt::format("hornet run and predict take it from the text; else say it by "
                                 "--shape {}=1,N, or set output_sequence_length",
                                 name);
  if (given == shapes.end()) {
    layer.problem("output_sequence_length",
                  "output_sequence_length is missing: the result is as long as the longest text",
                  mend);
    return std::nullopt;
  }
  if (given->second.size() == 2 && given->second.back() > 0)
    return given->second.back();
  layer.problem("--shape",
                fmt::format("the result cannot have the shape {}", toString(given->second)), mend);
  return std::nullopt;
}

/// How many indices each text gives: output_sequence_length, or, where it is not cut into tokens,
/// as many as there are n-grams of the columns; else what the caller says, who looks at the texts.
static std::optional<int64_t> lengthOf(LayerImport &layer, Json &settings, int64_t width) {
  if (layer.find("output_sequence_length"))
    return layer.positive("output_sequence_length");
  if (!settings["split"].is_null()) {
    settings["exact"] = true;
    return givenLength(layer);
  }
  int64_t count = gramsOf(settings["ngrams"], width);
  if (count == 0)
    layer.problem("ngrams", "no text has as many tokens");
  return std::max<int64_t>(count, 1);
}

/// Reports shapes of text that Keras refuses or makes something else of.
static void checkText(LayerImport &layer, const host::Value &x, const Json &split) {
  if (x.dtype != DType::string)
    layer.problem("inbound_nodes", "takes strings, got numbers",
                  "declare the input with dtype='string'");
  const Shape &shape = x.shape;
  if (split.is_null() ? shape.size() != 2
                      : shape.size() > 2 || (shape.size() == 2 && shape.back() != 1))
    layer.problem("inbound_nodes",
                  fmt::format("takes strings of shape {}, got {}",
                              split.is_null() ? "(None, tokens)" : "(None,) or (None, 1)",
                              toString(shape)));
}

static void vectorizeToIndices(LayerImport &layer, const VocabularyConfig &config, size_t x,
                               Json settings) {
  HostPlan &host = layer.host();
  std::optional<int64_t> length = lengthOf(layer, settings, host[x].shape.back());
  checkUnread(layer);
  Shape shape = {unknownSize, length.value_or(unknownSize)};
  settings["length"] = length ? Json(*length) : Json();
  if (length && !layer.fits({*length}))
    return;
  int64_t size = config.first + static_cast<int64_t>(config.tokens.size());
  size_t value = hostStep(layer, "vectorize", x, settings, DType::i64, shape, size);
  if (length)
    layer.hostResult(value);
  else if (!host.isLate(value))
    host.openTexts.emplace_back(layer.pathName(), value);
}

void importTextVectorization(LayerImport &layer) {
  static constexpr std::string_view standards[] = {"lower_and_strip_punctuation", "lower",
                                                   "strip_punctuation"};
  static constexpr std::string_view splits[] = {"whitespace", "character"};
  VocabularyConfig config = readVocabulary(layer, true, "", "[UNK]", 1, false);
  Json standard = ruleOf(layer, "standardize", standards), split = ruleOf(layer, "split", splits);
  Json ngrams = ngramsOf(layer);
  if (layer.flag("ragged", false))
    layer.problem("ragged", "ragged tensors are not supported",
                  "set ragged to False, and output_sequence_length");
  checkEncoding(layer);
  if (config.mode == "one_hot")
    layer.problem("output_mode", "one vector for each token of a text would be a ragged tensor",
                  "use multi_hot, count, tf_idf or int");
  if (config.mode != "int" && layer.find("output_sequence_length"))
    layer.problem("output_sequence_length", "only output_mode 'int' has output_sequence_length",
                  "leave it out");
  std::optional<size_t> x = hostInput(layer);
  if (!x)
    return;
  host::Value value = layer.host()[*x];
  checkText(layer, value, split);
  if (layer.failed())
    return;
  Json settings = config.settings;
  settings["oov"]["hash"] = true;
  settings["lower"] = standard == standards[0] || standard == standards[1];
  settings["strip"] = standard == standards[0] || standard == standards[2];
  settings["split"] = split;
  settings["ngrams"] = ngrams;
  settings["encode"] = Json();
  if (config.mode == "int")
    return vectorizeToIndices(layer, config, *x, std::move(settings));
  checkUnread(layer);
  settings["encode"] = {
      {"mode", config.mode}, {"depth", config.depth}, {"weights", config.weights}};
  if (layer.fits({config.depth}))
    layer.hostResult(hostStep(layer, "vectorize", *x, settings, vectorType(layer, config.mode),
                              {unknownSize, config.depth}));
}

} // namespace hornet::import
