// IntegerLookup of numbers that compiled code has computed: whole numbers up to 2^24, as float32
// holds them. The place in the sorted vocabulary is found by halves, each of which is a gather.

#include "import/HostLayers.h"

#include <limits>
#include <map>

using namespace mlir;

namespace hornet::import {

using graph::Term;

/// The tokens that a computed number can be, sorted, with their indices.
static std::map<float, float> tableOf(const VocabularyConfig &config) {
  std::map<float, float> table;
  auto add = [&](const Json &token, int64_t index) {
    auto whole = token.get<int64_t>();
    if (auto number = static_cast<float>(whole);
        std::abs(number) <= maxExactFloat && static_cast<int64_t>(number) == whole)
      table[number] = static_cast<float>(index);
  };
  int64_t index = config.first;
  for (const Json &token : config.tokens)
    add(token, index++);
  if (const Json &mask = config.settings["mask"]; !mask.is_null())
    add(mask.at("token"), config.mode == "int" ? mask.at("index").get<int64_t>() : -1);
  return table;
}

static Term gather(Term table, Term index) {
  return {table.builder, graph::GatherOp::create(*table.builder, table.value, index.value,
                                                 int64_t{0}, int64_t{0})};
}

/// The index of what is not in the vocabulary; NaN where the layer has none for that.
static Term unknown(Term x, const Json &oov) {
  auto start = oov.at("start").get<double>(), count = oov.at("count").get<double>();
  if (count == 0)
    return x.scalar(std::numeric_limits<double>::quiet_NaN());
  if (count == 1)
    return x.scalar(start);
  Term whole = graph::apply<graph::FloorOp>(x / count);
  return x - whole * count + start;
}

void lookUpInGraph(LayerImport &layer, const VocabularyConfig &config, Value x) {
  std::optional<Shape> vectors = config.mode == "int"
                                     ? std::optional(toShape(x))
                                     : encodedShape(layer, toShape(x), config.mode, config.depth);
  if (!vectors)
    return;
  ImplicitLocOpBuilder builder(layer.location(), layer.builder());
  Term number = graph::apply<graph::TruncOp>(Term{&builder, x});
  // A power of two of tokens, so that each half has a middle.
  SmallVector<float> tokens, indices;
  for (auto [token, index] : tableOf(config))
    tokens.push_back(token), indices.push_back(index);
  int64_t size = llvm::PowerOf2Ceil(std::max<size_t>(tokens.size(), 1));
  tokens.resize(size, std::numeric_limits<float>::infinity());
  indices.resize(size, 0);
  Term sorted{&builder, layer.vector(tokens)}, places{&builder, layer.vector(indices)};
  Term at = broadcastTo(number.scalar(0), number);
  for (int64_t half = size / 2; half > 0; half /= 2) {
    Term middle = at + double(half);
    at = where(gather(sorted, middle) <= number, middle, at);
  }
  Term index = where(equals(gather(sorted, at), number), gather(places, at),
                     unknown(number, config.settings["oov"]));
  if (config.mode != "tf_idf")
    return layer.result(encode(layer, index, config.depth, config.mode).value);
  Term counts = encode(layer, index, config.depth, "count");
  SmallVector<float> weights;
  for (const Json &weight : config.weights)
    weights.push_back(weight.get<float>());
  layer.result((counts * Term{&builder, layer.vector(weights)}).value);
}

} // namespace hornet::import
