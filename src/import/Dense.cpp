#include "import/ActivationLayers.h"
#include "import/Importers.h"

#include <fmt/format.h>

using namespace mlir;

namespace hornet::import {

/// https://keras.io/api/layers/core_layers/dense/: over the last dimension, for any rank.
void importDense(LayerImport &layer) {
  int64_t units = layer.positive("units");
  bool useBias = layer.flag("use_bias", true);
  Activation activation = readActivation(layer);
  Value x = layer.input();
  if (!layer.ready())
    return;
  Shape shape = toShape(x);
  if (shape.size() < 2)
    return layer.problem(
        "", fmt::format("needs an input of 2 or more dimensions, got {}", toString(shape)),
        "flatten or reshape the input first");
  Value y = layer.create<graph::MatmulOp>(x, layer.parameter("kernel", {shape.back(), units}));
  if (useBias)
    y = layer.create<graph::AddOp>(y, layer.parameter("bias", {units}));
  layer.result(activate(layer, activation, y));
}

} // namespace hornet::import
