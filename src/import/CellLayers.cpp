// Cells of recurrent layers that a functional model calls themselves, for one step.

#include "import/Importers.h"
#include "import/Recurrent.h"

#include <fmt/format.h>

using namespace mlir;

namespace hornet::import {
namespace {

/// The step as a sequence of one, and back.
Value withTime(LayerImport &layer, Value x) {
  SmallVector<int64_t> shape(cast<RankedTensorType>(x.getType()).getShape());
  shape.insert(shape.begin() + 1, 1);
  return layer.reshape(x, shape);
}
Value withoutTime(LayerImport &layer, Value x) {
  SmallVector<int64_t> shape(cast<RankedTensorType>(x.getType()).getShape());
  shape.erase(shape.begin() + 1);
  return layer.reshape(x, shape);
}

/// One cell's step: takes its states off the front of `states`, gives the new ones.
SmallVector<Value> step(LayerImport &cellLayer, Value x, ArrayRef<Value> &states) {
  std::optional<Cell> cell = readCell(cellLayer, withTime(cellLayer, x), "");
  if (!cell)
    return {};
  for (size_t i = 0; i < cell->states; ++i) {
    bool fits = i < states.size() &&
                ArrayRef(toShape(states[i])).drop_front() == ArrayRef(cell->stateShape);
    if (fits)
      continue;
    Shape needed(cell->stateShape.begin(), cell->stateShape.end());
    needed.insert(needed.begin(), unknownSize);
    cellLayer.problem("states", fmt::format("needs {} states of shape {}, got {}", cell->states,
                                            toString(needed),
                                            i < states.size() ? shapeOf(states[i]) : "fewer"));
    return {};
  }
  ArrayRef<Value> own = states.take_front(cell->states);
  states = states.drop_front(cell->states);
  SmallVector<Value> after = cell->advance(withoutTime(cellLayer, cell->projected), own);
  return llvm::is_contained(after, Value()) ? SmallVector<Value>() : after;
}
} // namespace

/// https://keras.io/api/layers/recurrent_layers/lstm_cell/: `output, states = cell(x, states)`, of
/// StackedRNNCells one after the other.
void importCell(LayerImport &layer) {
  SmallVector<Value> given = layer.keywordList("states");
  if (!layer.ready())
    return;
  if (layer.inputs().empty())
    return layer.problem("inbound_nodes", "takes an input and states, got nothing");
  given.insert(given.begin(), layer.inputs().begin() + 1, layer.inputs().end());
  ArrayRef<Value> states = given;
  Value output = layer.inputs().front();
  if (!layer.hasRank(output, 2, "batch, channels"))
    return;
  SmallVector<Value> all;
  auto run = [&](LayerImport &cell) {
    SmallVector<Value> after = step(cell, output, states);
    output = after.empty() ? Value() : after.front();
    llvm::append_range(all, after);
  };
  if (layer.className() == "StackedRNNCells") {
    for (const keras::Layer &wrapped : layer.layer().wrapped) {
      LayerImport inner(layer, wrapped, Tensor{output});
      run(inner);
      if (!output)
        return;
    }
  } else {
    run(layer);
  }
  if (!states.empty() && !layer.failed())
    layer.problem("states", fmt::format("{} more states were given than it has", states.size()));
  if (layer.failed() || all.empty())
    return;
  layer.result(output);
  for (Value state : all)
    layer.result(state);
}

} // namespace hornet::import
