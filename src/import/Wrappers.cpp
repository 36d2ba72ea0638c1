// Layers around layers: Bidirectional and TimeDistributed.

#include "import/Importers.h"
#include "import/Recurrent.h"

#include <fmt/format.h>

using namespace mlir;

namespace hornet::import {

/// The two directions' outputs as one.
static Value merged(LayerImport &layer, const std::string &mode, Value forward, Value backward) {
  if (mode == "concat") {
    int64_t last = toShape(forward).size() - 1;
    return layer.create<graph::ConcatenateOp>(SmallVector<Value>{forward, backward}, last);
  }
  if (mode == "mul")
    return layer.create<graph::MultiplyOp>(forward, backward);
  Value sum = layer.create<graph::AddOp>(forward, backward);
  return mode == "ave" ? layer.create<graph::MultiplyOp>(sum, layer.scalar(0.5)) : sum;
}

/// https://keras.io/api/layers/recurrent_layers/bidirectional/
void importBidirectional(LayerImport &layer) {
  static constexpr std::string_view modes[] = {"concat", "sum", "ave", "mul"};
  const Json &config = layer.layer().config;
  // null is a mode of its own: both outputs.
  bool separate = config.contains("merge_mode") && config["merge_mode"].is_null();
  std::string mode = separate ? "" : layer.word("merge_mode", modes);
  std::optional<RecurrentCall> call = readCall(layer);
  if (!call || layer.failed())
    return;
  const std::vector<keras::Layer> &directions = layer.layer().wrapped;
  if (directions.size() != 2)
    return layer.problem("layer", "the layer that it wraps is missing from the config");
  size_t half = call->initial.size() / 2;
  std::vector<RecurrentResult> results;
  bool sequences = false, returnsState = false;
  for (const auto &[i, direction] : llvm::enumerate(directions)) {
    LayerImport inner(layer, direction, Tensor{call->sequence});
    if (!isRecurrent(direction.className))
      return inner.problem("class_name",
                           fmt::format("Bidirectional goes both ways along time, which "
                                       "a layer of class '{}' does not have",
                                       direction.className));
    RecurrentCall own = *call;
    own.initial = SmallVector<Value>(
        ArrayRef(call->initial).slice(i * half, i ? call->initial.size() - half : half));
    sequences = inner.flag("return_sequences", false);
    returnsState = inner.flag("return_state", false);
    own.zeroOutputForMask = sequences;
    results.push_back(buildRecurrent(inner, own));
    if (!results.back().output)
      return;
  }
  Value forward = results[0].output, backward = results[1].output;
  if (sequences)
    backward =
        graph::ReverseOp::create(layer.builder(), layer.location(), backward, ArrayRef<int64_t>{1});
  Value mask = results[0].mask;
  if (separate) {
    layer.result(forward, mask);
    layer.result(backward, mask);
  } else {
    layer.result(merged(layer, mode, forward, backward), mask);
  }
  if (returnsState)
    for (const RecurrentResult &result : results)
      for (Value state : result.states)
        layer.result(state);
}

/// (batch, time, …) to (batch * time, …), and back.
static Value foldTime(LayerImport &layer, Value x) {
  SmallVector<int64_t> shape(cast<RankedTensorType>(x.getType()).getShape());
  shape.erase(shape.begin() + 1);
  return layer.reshape(x, shape);
}
static Value unfoldTime(LayerImport &layer, Value x, int64_t time) {
  if (!x)
    return {};
  SmallVector<int64_t> shape(cast<RankedTensorType>(x.getType()).getShape());
  shape.insert(shape.begin() + 1, time);
  return layer.reshape(x, shape);
}

/// https://keras.io/api/layers/recurrent_layers/time_distributed/: all steps as one batch.
void importTimeDistributed(LayerImport &layer) {
  Value x = layer.input();
  Value mask = layer.mask();
  if (!layer.ready())
    return;
  Shape shape = toShape(x);
  if (shape.size() < 3)
    return layer.problem(
        "",
        fmt::format("needs an input of 3 or more dimensions (batch, time, …), got {}", shapeOf(x)));
  if (layer.layer().wrapped.empty())
    return layer.problem("layer", "the layer that it wraps is missing from the config");
  const keras::Layer &wrapped = layer.layer().wrapped.front();
  Block &block = *layer.builder().getInsertionBlock();
  size_t kept = layer.keptStates();
  Value folded = foldTime(layer, x);
  SmallVector<Tensor> results;
  if (wrapped.model) {
    results = layer.inlined(*wrapped.model, Tensor{folded});
  } else {
    LayerImport inner(layer, wrapped, Tensor{folded});
    importLayer(inner);
    results.assign(inner.allResults().begin(), inner.allResults().end());
  }
  if (layer.keptStates() != kept)
    return layer.problem("stateful", "it steps through time with a layer that keeps a state itself",
                         "set stateful to false");
  // Keras normalizes by the statistics of each step, one after the other.
  if (folded)
    for (Operation &op :
         llvm::make_range(std::next(folded.getDefiningOp()->getIterator()), block.end()))
      if (auto norm = dyn_cast<graph::BatchNormOp>(op); norm && norm.getMomentum())
        op.setAttr(graph::untrainableAttr,
                   layer.builder().getStringAttr("statistics of each time step by itself"));
  for (Tensor result : results)
    layer.result(unfoldTime(layer, result.value, shape[1]), mask);
}

/// https://keras.io/api/layers/normalization_layers/spectral_normalization/: the kernel is divided
/// by its norm while training alone.
void importSpectralNormalization(LayerImport &layer) {
  layer.positive("power_iterations", 1);
  if (layer.layer().wrapped.empty())
    return layer.problem("layer", "the layer that it wraps is missing from the config");
  LayerImport inner(layer, layer.layer().wrapped.front(), layer.tensors());
  importLayer(inner);
  if (layer.failed())
    return;
  std::optional<Shape> kernel = inner.shapeOfParameter({"kernel", "embeddings"});
  if (!kernel)
    return layer.problem("layer", "it normalizes a kernel or embeddings, which a layer of class '" +
                                      inner.className() + "' does not have");
  layer.parameter("vector_u", {1, kernel->back()}, /*trainable=*/false);
  for (Tensor result : inner.allResults())
    layer.result(result.value, result.mask);
}

} // namespace hornet::import
