// Attention layers of one head, which have no projections of their own.

#include "import/Attention.h"

#include "import/Importers.h"
#include "import/Masks.h"

#include <fmt/format.h>
#include <numeric>

using namespace mlir;

namespace hornet::import {

constexpr double farBelow = -1e9;

/// 0, 1, … along dimension `dimension` of two.
static Value places(LayerImport &layer, int64_t extent, int64_t dimension) {
  std::vector<float> numbers(extent);
  std::iota(numbers.begin(), numbers.end(), 0.0f);
  return dimension == 0 ? layer.reshape(layer.vector(numbers), {extent, 1}) : layer.vector(numbers);
}

Value causalMask(LayerImport &layer, int64_t queries, int64_t keys) {
  return layer.create<graph::CompareOp>(graph::Comparison::ge, places(layer, queries, 0),
                                        places(layer, keys, 1));
}

Value windowMask(LayerImport &layer, int64_t queries, int64_t keys, int64_t window) {
  Value between =
      layer.create<graph::SubtractOp>(places(layer, queries, 0), places(layer, keys, 1));
  Value distance = graph::AbsOp::create(layer.builder(), layer.location(), between);
  return layer.create<graph::CompareOp>(graph::Comparison::lt, distance,
                                        layer.scalar(static_cast<double>(window)));
}

double attentionDropout(LayerImport &layer) {
  double rate = layer.number("dropout", 0);
  if (!(rate >= 0 && rate <= 1))
    layer.problem("dropout", fmt::format("dropout must be between 0 and 1, got {}", rate));
  return rate;
}

Value dropped(LayerImport &layer, Value x, double rate) {
  if (rate == 0)
    return x;
  return graph::DropoutOp::create(layer.builder(), layer.location(), x, APFloat(rate));
}

graph::Term masked(graph::Term scores, ArrayRef<Value> masks, Masking how) {
  auto term = [&](Value value) { return graph::Term{scores.builder, value}; };
  if (how == Masking::replace) {
    for (Value mask : masks)
      scores = where(term(mask), scores, farBelow);
    return scores;
  }
  graph::Term difference = scores.scalar(0);
  for (Value mask : masks)
    difference = where(term(mask), difference, farBelow);
  return masks.empty() ? scores : scores + difference;
}

namespace {
struct Call {
  Value query, value, key;
  Value queryMask, valueMask;
};
} // namespace

/// [query, value] or [query, value, key], of (batch, steps, features), and their masks.
static std::optional<Call> callOf(LayerImport &layer) {
  SmallVector<Tensor> inputs = layer.argument("inputs", 0), masks = layer.argument("mask", 1);
  if (inputs.size() != 2 && inputs.size() != 3) {
    layer.problem(
        "inbound_nodes",
        fmt::format("takes a list of query, value and perhaps key, got {} tensors", inputs.size()));
    return std::nullopt;
  }
  if (!layer.ready())
    return std::nullopt;
  Call call{inputs[0].value, inputs[1].value, inputs.back().value, inputs[0].mask, inputs[1].mask};
  if (inputs.size() == 2)
    call.key = call.value;
  if (masks.size() > 1)
    call.queryMask = masks[0].value, call.valueMask = masks[1].value;
  for (Value x : {call.query, call.value, call.key})
    if (!layer.hasRank(x, 3, "batch, steps, features"))
      return std::nullopt;
  Shape query = toShape(call.query), value = toShape(call.value), key = toShape(call.key);
  if (query[2] == key[2] && value[1] == key[1])
    return call;
  layer.problem("inbound_nodes",
                fmt::format("query {}, value {} and key {} do not fit together", toString(query),
                            toString(value), toString(key)),
                "give query and key as many features, and value and key as many steps");
  return std::nullopt;
}

/// The sum over features of f(query + key), for all pairs.
template <class F> static graph::Term sumOfPairs(LayerImport &layer, const Call &call, F f) {
  Value query = insertOnes(layer, call.query, {2}), key = insertOnes(layer, call.key, {1});
  ImplicitLocOpBuilder *builder = f.builder;
  graph::Term pairs = f({builder, layer.create<graph::AddOp>(query, key)});
  return {builder, graph::ReduceSumOp::create(*builder, pairs.value, int64_t{3})};
}

namespace {
struct Tanh {
  ImplicitLocOpBuilder *builder;
  Value scale, factor; ///< of the sum within, and of each tanh; may be null

  graph::Term operator()(graph::Term sum) {
    graph::Term y = tanh(scale ? graph::Term{builder, scale} * sum : sum);
    return factor ? graph::Term{builder, factor} * y : y;
  }
};
} // namespace

/// Scores (batch, queries, keys) by what the class, and score_mode, say.
static graph::Term scoresOf(LayerImport &layer, const Call &call, std::string_view mode,
                            bool useScale, ImplicitLocOpBuilder &builder) {
  if (layer.className() == "AdditiveAttention") {
    Value scale = useScale ? layer.parameter("scale", {toShape(call.query)[2]}) : Value();
    return sumOfPairs(layer, call, Tanh{&builder, {}, scale});
  }
  Value scale = useScale ? layer.parameter("scale", {}) : Value();
  if (mode == "concat") {
    Value weight = layer.parameter("concat_score_weight", {});
    return graph::Term{&builder, weight} * sumOfPairs(layer, call, Tanh{&builder, scale, {}});
  }
  graph::Term scores{&builder, layer.create<graph::EinsumOp>("bqd,bkd->bqk", call.query, call.key)};
  return scale ? scores * graph::Term{&builder, scale} : scores;
}

/// https://keras.io/api/layers/attention_layers/attention/ and
/// https://keras.io/api/layers/attention_layers/additive_attention/
void importAttention(LayerImport &layer) {
  static constexpr std::string_view modes[] = {"dot", "concat"};
  bool isAdditive = layer.className() == "AdditiveAttention";
  bool useScale = layer.flag("use_scale", isAdditive);
  if (isAdditive)
    layer.ignore({"score_mode"}); // it is always the same one
  std::string mode = isAdditive ? "" : layer.word("score_mode", modes);
  // Early Keras 2 has it in the config.
  bool causalConfig = layer.flag("causal", false), causalCall = layer.callFlag("use_causal_mask");
  bool causal = causalConfig || causalCall;
  bool givesScores = layer.callFlag("return_attention_scores");
  double rate = attentionDropout(layer);
  std::optional<Call> call = callOf(layer);
  if (!call || !layer.ready())
    return;
  ImplicitLocOpBuilder builder(layer.location(), layer.builder());
  graph::Term scores = scoresOf(layer, *call, mode, useScale, builder);
  if (!layer.ready())
    return;
  SmallVector<Value> masks;
  if (call->valueMask)
    masks.push_back(insertOnes(layer, call->valueMask, {1}));
  if (causal)
    masks.push_back(causalMask(layer, scores.type().getDimSize(1), scores.type().getDimSize(2)));
  scores = masked(scores, masks, Masking::subtract);
  Value weights = graph::SoftmaxOp::create(builder, scores.value, 2);
  weights = dropped(layer, weights, rate);
  Value result = layer.create<graph::EinsumOp>("bqk,bkd->bqd", weights, call->value);
  if (call->queryMask)
    result = layer.create<graph::SelectOp>(insertOnes(layer, call->queryMask, {2}), result,
                                           layer.scalar(0));
  layer.result(result, call->queryMask);
  if (givesScores)
    layer.result(weights);
}

} // namespace hornet::import
