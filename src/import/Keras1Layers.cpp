// Layers of Keras 1 that no later Keras has. What has a later name was given that on reading.

#include "graph/Arithmetic.h"
#include "import/ActivationLayers.h"
#include "import/Importers.h"

#include <fmt/format.h>

using namespace mlir;

namespace hornet::import {
using graph::Term;

/// The largest of several dense layers, for each output.
void importMaxoutDense(LayerImport &layer) {
  int64_t units = layer.positive("output_dim"), count = layer.positive("nb_feature", 4);
  bool useBias = layer.flag("use_bias", true);
  Value x = layer.input();
  if (!layer.ready() || !layer.hasRank(x, 2, "batch, channels"))
    return;
  int64_t channels = toShape(x).back();
  if (!layer.fits({count, channels, units}))
    return;
  Value kernel = layer.parameter("kernel", {count, channels, units});
  Value bias = useBias ? layer.parameter("bias", {count, units}) : Value();
  if (layer.failed())
    return;
  ImplicitLocOpBuilder builder(layer.location(), layer.builder());
  Term y = graph::einsum("ab,cbd->acd", {&builder, x}, {&builder, kernel});
  if (bias)
    y = y + Term{&builder, bias};
  layer.result(layer.create<graph::ReduceMaxOp>(y.value, ArrayRef<int64_t>{1}));
}

/// A dense layer, blended with its input by a gate for each channel.
void importHighway(LayerImport &layer) {
  bool useBias = layer.flag("use_bias", true);
  Activation activation = readActivation(layer);
  Value x = layer.input();
  if (!layer.ready() || !layer.hasRank(x, 2, "batch, channels"))
    return;
  int64_t channels = toShape(x).back();
  Value kernel = layer.parameter("W", {channels, channels});
  Value gateKernel = layer.parameter("W_carry", {channels, channels});
  Value bias = useBias ? layer.parameter("b", {channels}) : Value();
  Value gateBias = useBias ? layer.parameter("b_carry", {channels}) : Value();
  if (layer.failed())
    return;
  auto dense = [&](Value by, Value plus) {
    Value y = layer.create<graph::MatmulOp>(x, by);
    return plus ? layer.create<graph::AddOp>(y, plus) : y;
  };
  ImplicitLocOpBuilder builder(layer.location(), layer.builder());
  Term gate = sigmoid(Term{&builder, dense(gateKernel, gateBias)});
  Value changed = activate(layer, activation, dense(kernel, bias));
  if (!changed)
    return;
  layer.result((Term{&builder, changed} * gate + (1.0 - gate) * Term{&builder, x}).value);
}

/// Declares parameters of the shape of a sample; nothing when something was wrong before.
static SmallVector<Term> perElement(LayerImport &layer, ImplicitLocOpBuilder &builder, Value x,
                                    ArrayRef<std::string_view> names) {
  SmallVector<Term> terms;
  Shape shape = toShape(x);
  shape.erase(shape.begin());
  for (std::string_view name : names)
    if (Value value = layer.parameter(name, shape))
      terms.push_back({&builder, value});
  if (terms.size() < names.size() || layer.failed())
    terms.clear();
  return terms;
}

/// alpha * log(1 + exp(beta * x))
void importParametricSoftplus(LayerImport &layer) {
  Value x = layer.input();
  if (!layer.ready())
    return;
  ImplicitLocOpBuilder builder(layer.location(), layer.builder());
  SmallVector<Term> p = perElement(layer, builder, x, {"alphas", "betas"});
  if (!p.empty())
    layer.result((softplus(p[1] * Term{&builder, x}) * p[0]).value);
}

/// Three straight pieces, which meet at `t_left` and `|t_right|` to the right of that.
void importSRelu(LayerImport &layer) {
  Value value = layer.input();
  if (!layer.ready())
    return;
  ImplicitLocOpBuilder builder(layer.location(), layer.builder());
  SmallVector<Term> p =
      perElement(layer, builder, value, {"t_left", "a_left", "t_right", "a_right"});
  if (p.empty())
    return;
  Term x{&builder, value}, left = p[0], width = abs(p[2]), right = left + width;
  Term middle = min(relu(x - left), width) - p[1] * relu(left - x);
  layer.result((left + middle + relu(x - right) * p[3]).value);
}

/// What Keras 1's batch normalization does in mode 1: it normalizes each sample, over its last
/// dimension, and has statistics that it does not use.
void importSampleMode(LayerImport &layer, Value x, Value gamma, Value beta, double epsilon) {
  ImplicitLocOpBuilder builder(layer.location(), layer.builder());
  Term value{&builder, x};
  int64_t last = value.type().getRank() - 1;
  auto count = static_cast<double>(value.type().getDimSize(last));
  auto mean = [&](Term of) { return graph::reduceKeeping<graph::ReduceSumOp>(of, last) / count; };
  Term centered = value - mean(value);
  Term deviation = sqrt(mean(square(centered)) + epsilon);
  layer.result(
      (Term{&builder, gamma} * (centered / (deviation + epsilon)) + Term{&builder, beta}).value);
}

/// A Merge whose mode has no layer of its own later: a cosine, or a Python function.
void importLegacyMerge(LayerImport &layer) {
  static constexpr std::string_view modes[] = {"cos", "sum", "mul", "ave", "max", "concat", "dot"};
  const Json *type = layer.find("mode_type");
  if (type && *type != "raw" && *type != "")
    return layer.problem("mode", "the Merge's mode is a Python function: it is not executed",
                         "rebuild the model with Keras's own layers in place of it");
  if (layer.word("mode", modes) != "cos" || layer.failed())
    return layer.problem("mode", "the Merge has no inputs that it could merge", "");
  ArrayRef<Value> operands = layer.inputs();
  if (operands.size() != 2)
    return layer.problem("inbound_nodes",
                         fmt::format("mode 'cos' takes two inputs, got {}", operands.size()));
  if (!layer.ready())
    return;
  if (!layer.hasRank(operands[0], 2, "batch, channels") ||
      toShape(operands[0]) != toShape(operands[1]))
    return layer.problem("mode", "mode 'cos' is supported for two inputs of one shape (batch, n)",
                         "flatten the inputs first");
  ImplicitLocOpBuilder builder(layer.location(), layer.builder());
  Term x{&builder, operands[0]}, y{&builder, operands[1]};
  auto dot = [](Term a, Term b) { return graph::reduceKeeping<graph::ReduceSumOp>(a * b, 1); };
  Term cosine = dot(x, y) / max(sqrt(dot(x, x) * dot(y, y)), graph::fuzz);
  layer.result(graph::reshape(cosine, {cosine.type().getDimSize(0), 1, 1}).value);
}

} // namespace hornet::import
