#include "import/Masks.h"

#include "import/Importers.h"

using namespace mlir;

namespace hornet::import {

Value maskToNumbers(LayerImport &layer, Value mask) {
  return layer.create<graph::SelectOp>(mask, layer.scalar(1), layer.scalar(0));
}

Value numbersToMask(LayerImport &layer, Value x) {
  return layer.create<graph::CompareOp>(graph::Comparison::ne, x, layer.scalar(0));
}

Value insertOnes(LayerImport &layer, Value x, ArrayRef<int64_t> positions) {
  if (!x)
    return {};
  SmallVector<int64_t> shape(cast<RankedTensorType>(x.getType()).getShape());
  for (int64_t position : positions)
    shape.insert(shape.begin() + position, 1);
  return layer.reshape(x, shape);
}

/// The implicit masks of all inputs as numbers; null for inputs without one.
static SmallVector<Value> masksOf(LayerImport &layer) {
  SmallVector<Value> masks;
  for (size_t i = 0; i < layer.inputs().size(); ++i) {
    Value mask = layer.implicitMask(i);
    masks.push_back(mask ? maskToNumbers(layer, mask) : Value());
  }
  return masks;
}

Value mergedMask(LayerImport &layer) {
  bool any = layer.generation() == keras::Generation::keras3;
  SmallVector<Value> masks = masksOf(layer);
  size_t count = masks.size();
  llvm::erase(masks, Value());
  if (masks.empty() || (any && masks.size() < count))
    return {};
  Value merged = masks.front();
  for (Value mask : ArrayRef(masks).drop_front())
    merged = any ? layer.create<graph::MaximumOp>(merged, mask)
                 : layer.create<graph::MinimumOp>(merged, mask);
  return numbersToMask(layer, merged);
}

Value concatenatedMask(LayerImport &layer, int64_t axis) {
  if (axis != 1)
    return mergedMask(layer);
  SmallVector<Value> masks = masksOf(layer);
  if (!llvm::any_of(masks, [](Value mask) { return bool(mask); }))
    return {};
  // All steps of an input without a mask count.
  for (auto [mask, input] : llvm::zip_equal(masks, layer.inputs()))
    if (!mask) {
      SmallVector<int64_t> features;
      for (size_t i = 2; i < toShape(input).size(); ++i)
        features.push_back(static_cast<int64_t>(i));
      Value steps = layer.create<graph::ReduceSumOp>(input, features);
      mask = graph::BroadcastOp::create(layer.builder(), layer.location(), layer.scalar(1), steps);
    }
  return numbersToMask(layer, layer.create<graph::ConcatenateOp>(ValueRange(masks), axis));
}

/// https://keras.io/api/layers/core_layers/masking/: a step of which all features have the value
/// becomes zeros, and is masked.
void importMasking(LayerImport &layer) {
  double value = layer.number("mask_value", 0);
  Value x = layer.input();
  if (!layer.ready())
    return;
  int64_t last = static_cast<int64_t>(toShape(x).size()) - 1;
  Value differs = layer.create<graph::CompareOp>(graph::Comparison::ne, x, layer.scalar(value));
  Value counts = layer.create<graph::ReduceMaxOp>(maskToNumbers(layer, differs), last);
  Value kept = numbersToMask(layer, insertOnes(layer, counts, {last}));
  layer.result(layer.create<graph::SelectOp>(kept, x, layer.scalar(0)),
               numbersToMask(layer, counts));
}

} // namespace hornet::import
