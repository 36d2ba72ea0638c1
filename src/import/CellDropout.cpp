// Dropout of recurrent layers: one mask for all steps, or one for each gate.

#include "import/Recurrent.h"

#include <algorithm>

using namespace mlir;

namespace hornet::import {
namespace {

double readRate(LayerImport &layer, const char *key) {
  return std::clamp(layer.number(key, 0), 0.0, 1.0);
}

/// Part `i` of `count` of the last dimension.
Value part(LayerImport &layer, Value x, int64_t i, int64_t count) {
  SmallVector<int64_t> limit(cast<RankedTensorType>(x.getType()).getShape());
  SmallVector<int64_t> start(limit.size(), 0), strides(limit.size(), 1);
  int64_t width = limit.back() / count;
  start.back() = i * width;
  limit.back() = start.back() + width;
  return layer.create<graph::SliceOp>(x, start, limit, strides);
}

} // namespace

CellDropouts readDropouts(LayerImport &layer, bool perGate, bool takesAll) {
  double inputs = readRate(layer, "dropout");
  double states = readRate(layer, "recurrent_dropout");
  for (double *rate : {&inputs, &states})
    if (*rate == 1 && !takesAll)
      *rate = 0;
  return {{inputs, perGate, {1}}, {states, perGate, {}}};
}

Value CellDropout::drop(LayerImport &layer, Value x) const {
  if (!x || rate == 0)
    return x;
  return graph::DropoutOp::create(layer.builder(), layer.location(), x.getType(), x,
                                  llvm::APFloat(rate), shared);
}

Value CellDropout::product(LayerImport &layer, Value x, Value kernel, int64_t gates,
                           Product multiply) const {
  if (!x || !kernel || rate == 0 || !perGate || gates == 1)
    return multiply(drop(layer, x), kernel);
  // Without dropout these are one product again (JoinProducts in graph/Canonicalize.cpp).
  SmallVector<Value> products;
  for (int64_t i = 0; i < gates; ++i)
    products.push_back(multiply(drop(layer, x), part(layer, kernel, i, gates)));
  if (llvm::is_contained(products, Value()))
    return {};
  int64_t last = cast<RankedTensorType>(products.front().getType()).getRank() - 1;
  return layer.create<graph::ConcatenateOp>(products, last);
}

} // namespace hornet::import
