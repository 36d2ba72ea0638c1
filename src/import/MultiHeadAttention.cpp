// MultiHeadAttention and GroupedQueryAttention: projections around attention of many heads.
//
// Heads stay where the projections put them, between steps and features: the products are written
// in letters, so that nothing is split, merged, repeated or transposed.

#include "import/Attention.h"
#include "import/Importers.h"
#include "import/Masks.h"

#include <cmath>
#include <fmt/format.h>

using namespace mlir;

namespace hornet::import {
namespace {

struct Settings {
  int64_t heads, keyHeads; ///< of queries; of keys and values, fewer where some share one
  int64_t keyDim, valueDim;
  int64_t window = 0; ///< 0: none
  double dropout;
  bool useBias, useGate, causal, givesScores;
  bool robust = true;           ///< Keras 2: whether masked scores are replaced
  std::string_view prefix = ""; ///< of the names of the objects that hold the weights
  Config::Integers axes, outputShape;

  bool isGrouped() const { return prefix == "_"; }
};

struct Operands {
  Tensor query, value, key;
  bool hasKey = false;
};

class MultiHead {
public:
  MultiHead(LayerImport &layer, Settings settings, Operands operands)
      : layer(layer), s(std::move(settings)), in(std::move(operands)),
        builder(layer.location(), layer.builder()) {}

  void run() {
    if (!check())
      return;
    takeLetters();
    // In the order in which Keras creates the weights.
    Value query = project(in.query.value, "query", s.heads, s.keyDim);
    Value key = project(in.key.value, "key", s.keyHeads, s.keyDim);
    Value gate;
    if (s.useGate)
      gate = graph::SigmoidOp::create(
          builder, project(in.query.value, "gate", s.heads, s.valueDim, "_gate_dense"));
    Value value = project(in.value.value, "value", s.keyHeads, s.valueDim);
    if (s.isGrouped())
      query = splitHeads(query);
    graph::Term scaled =
        graph::Term{&builder, query} * (1 / std::sqrt(static_cast<double>(s.keyDim)));
    Value scores = layer.create<graph::EinsumOp>(
        letters.query + "," + letters.key + "->" + letters.scores, scaled.value, key);
    if (!scores || !takeMasks(scores))
      return;
    Value weights = softmax(scores);
    Value result =
        layer.create<graph::EinsumOp>(letters.scores + "," + letters.key + "->" + letters.query,
                                      dropped(layer, weights, s.dropout), value);
    result = mergeHeads(result, letters.batch.size() + letters.positions);
    if (gate)
      result = layer.create<graph::MultiplyOp>(result, gate);
    layer.result(projectBack(result), in.query.mask);
    if (s.givesScores)
      layer.result(mergeHeads(weights, letters.batch.size()));
  }

private:
  /// Of each tensor's dimensions: h the heads, r those that share one of the keys', z features.
  struct Letters {
    std::string query, key, scores;
    std::string batch;    ///< of the scores, before the heads
    size_t positions = 0; ///< that queries are along
  };

  bool problem(std::string reason, std::string mend = "") {
    layer.problem("inbound_nodes", std::move(reason), std::move(mend));
    return false;
  }

  bool check() {
    Shape query = toShape(in.query.value), value = toShape(in.value.value),
          key = toShape(in.key.value);
    std::string shapes = fmt::format("query {}, value {} and key {}", toString(query),
                                     toString(value), toString(key));
    size_t least = 3, most = s.isGrouped() ? 3 : 10;
    if (query.size() < least || query.size() > most || value.size() != query.size() ||
        key.size() != query.size())
      return problem(fmt::format("{} need {} dimensions or more, and as many each", shapes, least));
    if (!std::equal(value.begin() + 1, value.end() - 1, key.begin() + 1))
      return problem(fmt::format("{}: value and key differ in their steps", shapes));
    int64_t rank = static_cast<int64_t>(query.size());
    if (s.axes.empty())
      for (int64_t i = 1; i < rank - 1; ++i)
        s.axes.push_back(i);
    for (int64_t &axis : s.axes) {
      axis += axis < 0 ? rank : 0;
      if (axis < 1 || axis > rank - 2 || llvm::count(s.axes, axis) != 1) {
        layer.problem("attention_axes",
                      fmt::format("attention_axes must be axes of {} between batch and features, "
                                  "none twice",
                                  toString(query)));
        return false;
      }
    }
    for (int64_t i = 1; i < rank - 1; ++i)
      if (!llvm::is_contained(s.axes, i) && query[i] != value[i])
        return problem(fmt::format("{} differ in axis {}, along which nothing attends", shapes, i));
    return true;
  }

  void takeLetters() {
    auto rank = static_cast<int64_t>(toShape(in.query.value).size());
    auto letter = [](int64_t i, bool isKey) { return static_cast<char>((isKey ? 'A' : 'a') + i); };
    std::string heads = s.isGrouped() ? "hr" : "h", queries, keys;
    for (int64_t i = 0; i < rank - 1; ++i) {
      bool attends = llvm::is_contained(s.axes, i);
      letters.query.push_back(letter(i, false));
      letters.key.push_back(letter(i, attends));
      if (!attends)
        letters.batch.push_back(letter(i, false));
    }
    for (int64_t axis : s.axes) {
      queries.push_back(letter(axis, false));
      keys.push_back(letter(axis, true));
    }
    letters.scores = letters.batch + heads + queries + keys;
    letters.query += heads + "z";
    letters.key += "hz";
    letters.positions = s.axes.size();
  }

  static SmallVector<int64_t> shapeOf(Value x) {
    return SmallVector<int64_t>(cast<RankedTensorType>(x.getType()).getShape());
  }

  /// (…, features) times (features, heads, dim), plus (heads, dim).
  Value project(Value x, StringRef name, int64_t heads, int64_t dim, std::string holder = "") {
    if (holder.empty())
      holder = fmt::format("{}{}_dense", s.prefix, name.str());
    SmallVector<int64_t> shape = shapeOf(x);
    int64_t features = shape.back();
    Value kernel = layer.parameter("kernel", {features, heads, dim}, true, holder, name);
    Value y = layer.create<graph::MatmulOp>(x, layer.reshape(kernel, {features, heads * dim}));
    if (s.useBias) {
      Value bias = layer.parameter("bias", {heads, dim}, true, holder, name);
      y = layer.create<graph::AddOp>(y, layer.reshape(bias, {heads * dim}));
    }
    shape.back() = heads;
    shape.push_back(dim);
    return layer.reshape(y, shape);
  }

  /// (…, heads, dim) times (heads, dim, features…), plus (features…).
  Value projectBack(Value x) {
    if (!x)
      return {};
    SmallVector<int64_t> shape = shapeOf(x), features(s.outputShape.begin(), s.outputShape.end());
    if (features.empty())
      features.push_back(shapeOf(in.query.value).back());
    int64_t dim = shape.pop_back_val(), heads = shape.pop_back_val();
    std::string holder = fmt::format("{}output_dense", s.prefix);
    Shape kernelShape = {heads, dim};
    llvm::append_range(kernelShape, features);
    Value kernel = layer.parameter("kernel", kernelShape, true, holder, "attention_output");
    int64_t columns = elementsOf(features);
    SmallVector<int64_t> flat = shape;
    flat.push_back(heads * dim);
    Value y = layer.create<graph::MatmulOp>(layer.reshape(x, flat),
                                            layer.reshape(kernel, {heads * dim, columns}));
    if (s.useBias) {
      Value bias = layer.parameter("bias", Shape(features.begin(), features.end()), true, holder,
                                   "attention_output");
      y = layer.create<graph::AddOp>(y, layer.reshape(bias, {columns}));
    }
    llvm::append_range(shape, features);
    return layer.reshape(y, shape);
  }

  /// (…, heads, dim) → (…, key heads, queries' heads for each, dim).
  Value splitHeads(Value x) {
    if (!x)
      return {};
    SmallVector<int64_t> shape = shapeOf(x);
    shape.end()[-2] = s.keyHeads;
    shape.insert(shape.end() - 1, s.heads / s.keyHeads);
    return layer.reshape(x, shape);
  }

  /// The same back; `at` is the dimension of the key heads.
  Value mergeHeads(Value x, size_t at) {
    if (!x || !s.isGrouped())
      return x;
    SmallVector<int64_t> shape = shapeOf(x);
    shape.erase(shape.begin() + static_cast<ptrdiff_t>(at));
    shape[at] = s.heads;
    return layer.reshape(x, shape);
  }

  //===--------------------------------------------------------------------===//
  // Masks
  //===--------------------------------------------------------------------===//

  /// A mask with dimensions of 1 before the last `positions` (for the batch's rest and the heads),
  /// as Keras aligns it. Reports one that does not fit the scores.
  bool takeMask(Value mask, Value scores) {
    SmallVector<int64_t> shape = shapeOf(mask), full = shapeOf(scores);
    size_t last = 2 * letters.positions;
    bool fits = shape.size() >= last;
    // Grouped heads are two dimensions of the scores, and one of the mask that Keras takes.
    if (fits && s.isGrouped() && shape.size() == full.size() - 1) {
      int64_t heads = shape[1];
      shape[1] = heads == s.heads ? s.keyHeads : heads;
      shape.insert(shape.begin() + 2, heads == s.heads ? s.heads / s.keyHeads : 1);
      fits = heads == 1 || heads == s.heads;
    }
    while (fits && shape.size() < full.size())
      shape.insert(shape.end() - static_cast<ptrdiff_t>(last), 1);
    fits = fits && shape.size() == full.size() &&
           llvm::all_of(llvm::zip_equal(shape, full), [](auto pair) {
             return std::get<0>(pair) == 1 || std::get<0>(pair) == std::get<1>(pair);
           });
    if (!fits)
      return problem(fmt::format("the mask {} does not fit the scores {}", import::shapeOf(mask),
                                 import::shapeOf(scores)),
                     "give it for (batch, queries, keys)");
    // What does not depend on batch and heads stays small.
    size_t leading = 0;
    while (leading + last < shape.size() && shape[leading] == 1)
      ++leading;
    masks.push_back(layer.reshape(mask, ArrayRef(shape).drop_front(leading)));
    return true;
  }

  /// Where attention_mask is among the call's arguments.
  size_t maskPosition() { return layer.generation() == keras::Generation::keras3 ? 6 : 3; }

  bool takeMasks(Value scores) {
    Shape query = toShape(in.query.value), value = toShape(in.value.value);
    if (in.query.mask && !takeMask(insertOnes(layer, in.query.mask, {2}), scores))
      return false;
    for (Tensor tensor : {in.value, in.hasKey ? in.key : Tensor()})
      if (tensor.mask && !takeMask(insertOnes(layer, tensor.mask, {1}), scores))
        return false;
    if (s.causal && !takeMask(causalMask(layer, query[1], value[1]), scores))
      return false;
    if (s.window && !takeMask(windowMask(layer, query[1], value[1], s.window), scores))
      return false;
    SmallVector<Tensor> given = layer.argument("attention_mask", maskPosition());
    if (given.empty() || !given.front().value)
      return true;
    Value mask = given.front().value;
    if (!getElementTypeOrSelf(mask).isInteger(1))
      mask = numbersToMask(layer, mask);
    return takeMask(mask, scores);
  }

  Value softmax(Value scores) {
    bool isKeras3 = layer.generation() == keras::Generation::keras3;
    graph::Term x = masked({&builder, scores}, masks,
                           isKeras3 || s.robust ? Masking::replace : Masking::subtract);
    SmallVector<int64_t> shape = shapeOf(scores), flat = shape;
    while (flat.size() > shape.size() - letters.positions + 1)
      flat.end()[-2] *= flat.back(), flat.pop_back();
    x = graph::reshape(x, flat);
    auto last = static_cast<int64_t>(flat.size()) - 1;
    x = graph::reshape({&builder, graph::SoftmaxOp::create(builder, x.value, last)}, shape);
    // Keras's Softmax gives zeros where all of a row is masked, its fused attention equal weights.
    if (isKeras3 &&
        (s.givesScores || s.dropout > 0 || letters.positions + letters.batch.size() != 2))
      for (Value mask : masks)
        x = where(graph::Term{&builder, mask}, x, 0.0);
    return x.value;
  }

  LayerImport &layer;
  Settings s;
  Operands in;
  ImplicitLocOpBuilder builder;
  Letters letters;
  SmallVector<Value> masks; ///< broadcast to the scores
};

} // namespace

static Settings commonSettings(LayerImport &layer) {
  Settings s;
  s.useBias = layer.flag("use_bias", true);
  s.useGate = layer.flag("use_gate", false);
  s.dropout = attentionDropout(layer);
  s.window = layer.find("sliding_window") ? layer.positive("sliding_window") : 0;
  s.causal = layer.callFlag("use_causal_mask");
  s.givesScores = layer.callFlag("return_attention_scores");
  return s;
}

static void importHeads(LayerImport &layer, const Settings &settings) {
  SmallVector<Tensor> query = layer.argument("query", 0), value = layer.argument("value", 1),
                      key = layer.argument("key", 2);
  if (query.size() != 1 || value.size() != 1 || key.size() > 1)
    return layer.problem("inbound_nodes", "takes a query, a value, and perhaps a key");
  Operands in = {query.front(), value.front(), key.empty() ? value.front() : key.front(),
                 !key.empty()};
  if (layer.ready())
    MultiHead(layer, settings, in).run();
}

/// https://keras.io/api/layers/attention_layers/multi_head_attention/
void importMultiHeadAttention(LayerImport &layer) {
  Settings s = commonSettings(layer);
  s.heads = s.keyHeads = layer.positive("num_heads");
  s.keyDim = layer.positive("key_dim");
  s.valueDim = layer.find("value_dim") ? layer.positive("value_dim") : s.keyDim;
  s.robust = layer.flag("softmax_robust_masking", false);
  s.axes = layer.integers("attention_axes", Config::Integers{});
  s.outputShape = layer.integers("output_shape", Config::Integers{});
  for (int64_t extent : s.outputShape)
    if (extent < 1)
      layer.problem("output_shape", "output_shape must be positive integers");
  importHeads(layer, s);
}

/// https://keras.io/api/layers/attention_layers/group_query_attention/
void importGroupedQueryAttention(LayerImport &layer) {
  Settings s = commonSettings(layer);
  s.heads = layer.positive("num_query_heads");
  s.keyHeads = layer.positive("num_key_value_heads");
  s.keyDim = s.valueDim = layer.positive("head_dim");
  s.prefix = "_";
  if (s.heads % s.keyHeads)
    layer.problem("num_query_heads",
                  fmt::format("num_query_heads = {} is no multiple of num_key_value_heads = {}",
                              s.heads, s.keyHeads));
  importHeads(layer, s);
}

} // namespace hornet::import
