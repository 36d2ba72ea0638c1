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

/// Keras 2's experimental layer: the cosines of random projections, which approximate a kernel.
/// A. Rahimi and B. Recht, "Random features for large-scale kernel machines", 2007.
void importRandomFourierFeatures(LayerImport &layer) {
  int64_t units = layer.positive("output_dim");
  layer.ignore({"scale"}); // the weight kernel_scale has it
  Value x = layer.input();
  if (!layer.ready() || !layer.hasRank(x, 2, "batch, features"))
    return;
  // Keras creates it last, but keeps what can be trained before the rest.
  Value scale = layer.parameter("kernel_scale", {1});
  Value kernel =
      layer.parameter("unscaled_kernel", {toShape(x).back(), units}, /*trainable=*/false);
  Value bias = layer.parameter("bias", {units}, /*trainable=*/false);
  if (layer.trainable())
    layer.refuseTraining("keeps its scale above zero while it is trained",
                         "set its trainable to False");
  Value one = layer.scalar(1);
  kernel = layer.create<graph::MultiplyOp>(layer.create<graph::DivideOp>(one, scale), kernel);
  Value y = layer.create<graph::AddOp>(layer.create<graph::MatmulOp>(x, kernel), bias);
  layer.result(layer.create<graph::CosOp>(y));
}

} // namespace hornet::import
