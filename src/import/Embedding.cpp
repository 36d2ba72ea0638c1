// Rows of a table of weights.

#include "graph/Arithmetic.h"
#include "import/Importers.h"

#include <fmt/format.h>

using namespace mlir;

namespace hornet::import {

/// Keras 2's length of the sequences, a number or one for each dimension: refused where the input
/// has another, as Keras does.
static void checkLength(LayerImport &layer, Value indices) {
  Config::Integers lengths;
  if (const Json *given = layer.find("input_length"))
    lengths = given->is_array() && llvm::any_of(*given, [](auto &n) { return n.is_null(); })
                  ? Config::Integers()
                  : layer.integers("input_length");
  Shape shape = toShape(indices);
  bool fits =
      lengths.size() + 1 == shape.size() && llvm::equal(lengths, ArrayRef(shape).drop_front());
  if (!lengths.empty() && !fits)
    layer.problem("input_length",
                  fmt::format("input_length is {}, the input {}",
                              layer.find("input_length")->dump(), toString(shape)),
                  "give an input of that length");
}

/// The rows that the whole parts of `indices` name.
static void lookUp(LayerImport &layer, Value table, Value indices) {
  bool masks = layer.flag("mask_zero", false);
  checkLength(layer, indices);
  if (!layer.ready())
    return;
  Value mask = masks
                   ? layer.create<graph::CompareOp>(graph::Comparison::ne, indices, layer.scalar(0))
                   : Value();
  layer.result(layer.create<graph::GatherOp>(table, indices, 0, 0), mask);
}

/// https://keras.io/api/layers/core_layers/embedding/
void importEmbedding(LayerImport &layer) {
  int64_t rows = layer.positive("input_dim"), columns = layer.positive("output_dim");
  Value indices = layer.input();
  if (layer.ready())
    lookUp(layer, layer.parameter("embeddings", {rows, columns}), indices);
}

/// reverse=True, by name or as the second argument.
static bool isReverse(LayerImport &layer) {
  (void)layer.keyword("reverse");
  const Json &args = layer.call().args;
  return (args.is_array() && args.size() > 1 && args[1] == true) ||
         layer.call().kwargs.value("reverse", Json()) == true;
}

/// How well x goes with each row of the table, between -cap and cap.
static Value logits(LayerImport &layer, Value x, Value kernel) {
  const Json *cap = layer.find("logit_soft_cap");
  double most = cap ? layer.number("logit_soft_cap") : 0;
  Value y = layer.create<graph::MatmulOp>(x, kernel);
  if (!cap || !y)
    return y;
  ImplicitLocOpBuilder builder(layer.location(), layer.builder());
  return (tanh(graph::Term{&builder, y} / most) * most).value;
}

/// https://keras.io/api/layers/core_layers/reversible_embedding/: an Embedding that may also be
/// called the other way round.
void importReversibleEmbedding(LayerImport &layer) {
  int64_t rows = layer.positive("input_dim"), columns = layer.positive("output_dim");
  bool tied = layer.flag("tie_weights", true), reverse = isReverse(layer);
  if (const Json *dtype = layer.find("reverse_dtype"); dtype && *dtype != "float32")
    layer.problem("reverse_dtype",
                  fmt::format("the dtype {} of the way back is not supported", describe(*dtype)),
                  "set reverse_dtype to float32");
  Value x = layer.input();
  if (!layer.ready())
    return;
  Value table = layer.parameter("embeddings", {rows, columns});
  Value back = tied ? Value() : layer.parameter("reverse_embeddings", {columns, rows});
  if (!reverse)
    return lookUp(layer, table, x);
  Shape shape = toShape(x);
  if (shape.size() < 2 || shape.back() != columns)
    return layer.problem("inbound_nodes",
                         fmt::format("needs an input of {} numbers on the way back, got {}",
                                     columns, toString(shape)));
  layer.result(logits(layer, x, tied ? layer.transpose(table, {1, 0}) : back));
}

} // namespace hornet::import
