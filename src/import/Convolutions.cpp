#include "import/ActivationLayers.h"
#include "import/Importers.h"
#include "import/Windows.h"

#include <fmt/format.h>

using namespace mlir;

namespace hornet::import {

static Value convolve(LayerImport &layer, Value x, Value filter, const Window &window,
                      int64_t groups) {
  return layer.create<graph::ConvolutionOp>(x, filter, window.strides, window.low, window.high,
                                            window.dilations, groups);
}

/// A 1x1 convolution without padding.
static Value convolvePointwise(LayerImport &layer, Value x, Value filter, size_t spatial) {
  Config::Integers ones(spatial, 1), zeros(spatial, 0);
  return layer.create<graph::ConvolutionOp>(x, filter, ones, zeros, zeros, ones, 1);
}

/// Bias, activation, and the order of data_format.
static void finish(LayerImport &layer, Value y, bool useBias, const Activation &activation,
                   const Window &window) {
  if (!y)
    return;
  if (useBias)
    y = layer.create<graph::AddOp>(y, layer.parameter("bias", {toShape(y).back()}));
  // Before the transpose, so that the activation stays next to the convolution.
  if (isElementwise(activation))
    layer.result(window.restore(layer, activate(layer, activation, y)));
  else
    layer.result(activate(layer, activation, window.restore(layer, y)));
}

/// The filter of a depthwise convolution: Keras has (spatial…, C, m), a convolution in C groups
/// wants (spatial…, 1, C * m), which is the same in memory.
static Value depthwiseFilter(LayerImport &layer, std::string_view name, const Window &window,
                             int64_t channels, int64_t multiplier) {
  Shape shape(window.size.begin(), window.size.end());
  shape.insert(shape.end(), {channels, multiplier});
  Value filter = layer.parameter(name, shape);
  shape[shape.size() - 2] = 1;
  shape.back() = channels * multiplier;
  return layer.reshape(filter, shape);
}

/// https://keras.io/api/layers/convolution_layers/convolution2d/
static void importConvolution(LayerImport &layer, size_t spatial) {
  Window window = readWindow(layer, "kernel_size", spatial);
  int64_t filters = layer.positive("filters"), groups = layer.positive("groups", 1);
  bool useBias = layer.flag("use_bias", true);
  Activation activation = readActivation(layer);
  if (filters % groups)
    layer.problem("groups",
                  fmt::format("groups ({}) does not divide filters ({})", groups, filters),
                  "make filters a multiple of groups");
  Value x = layer.input();
  if (!layer.ready())
    return;
  x = window.place(layer, x);
  if (!x)
    return;
  int64_t channels = toShape(x).back();
  if (channels % groups)
    return layer.problem(
        "groups",
        fmt::format("groups ({}) does not divide the input's {} channels", groups, channels),
        "make the number of channels a multiple of groups");
  Shape shape(window.size.begin(), window.size.end());
  shape.insert(shape.end(), {channels / groups, filters});
  Value y = convolve(layer, x, layer.parameter("kernel", shape), window, groups);
  finish(layer, y, useBias, activation, window);
}

void importConv2D(LayerImport &layer) { importConvolution(layer, 2); }

/// https://keras.io/api/layers/convolution_layers/depthwise_convolution2d/
void importDepthwiseConv2D(LayerImport &layer) {
  Window window = readWindow(layer, "kernel_size", 2);
  int64_t multiplier = layer.positive("depth_multiplier", 1);
  bool useBias = layer.flag("use_bias", true);
  Activation activation = readActivation(layer);
  Value x = layer.input();
  if (!layer.ready())
    return;
  x = window.place(layer, x);
  if (!x)
    return;
  int64_t channels = toShape(x).back();
  bool keras3 = layer.generation() == keras::Generation::keras3;
  Value filter =
      depthwiseFilter(layer, keras3 ? "kernel" : "depthwise_kernel", window, channels, multiplier);
  finish(layer, convolve(layer, x, filter, window, channels), useBias, activation, window);
}

/// https://keras.io/api/layers/convolution_layers/separable_convolution2d/
void importSeparableConv2D(LayerImport &layer) {
  Window window = readWindow(layer, "kernel_size", 2);
  int64_t filters = layer.positive("filters"), multiplier = layer.positive("depth_multiplier", 1);
  bool useBias = layer.flag("use_bias", true);
  Activation activation = readActivation(layer);
  Value x = layer.input();
  if (!layer.ready())
    return;
  x = window.place(layer, x);
  if (!x)
    return;
  int64_t channels = toShape(x).back();
  Value depthwise = depthwiseFilter(layer, "depthwise_kernel", window, channels, multiplier);
  Value y = convolve(layer, x, depthwise, window, channels);
  Value pointwise = layer.parameter("pointwise_kernel", {1, 1, channels * multiplier, filters});
  finish(layer, convolvePointwise(layer, y, pointwise, 2), useBias, activation, window);
}

} // namespace hornet::import
