#include "graph/TransposedConvolution.h"
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

/// Keras 2 convolves over the last dimensions of more than there need be: a window of 1 along those
/// between.
static void widen(Window &window, Value x) {
  if (!x || window.channelsFirst)
    return;
  for (size_t rank = toShape(x).size(); window.size.size() + 2 < std::min<size_t>(rank, 5);)
    for (Config::Integers *entries : {&window.size, &window.strides, &window.dilations})
      entries->insert(entries->begin(), 1);
}

/// https://keras.io/api/layers/convolution_layers/convolution2d/
void importConvolution(LayerImport &layer) {
  size_t spatial = layer.spatialDimensions();
  auto [window, filters, useBias, activation] = readFilterLayer(layer);
  int64_t groups = layer.positive("groups", 1);
  if (filters % groups)
    layer.problem("groups",
                  fmt::format("groups ({}) does not divide filters ({})", groups, filters),
                  "make filters a multiple of groups");
  Value x = layer.input();
  if (!layer.ready())
    return;
  Shape shape(window.size.begin(), window.size.end());
  widen(window, x);
  x = window.place(layer, x);
  if (!x)
    return;
  int64_t channels = toShape(x).back();
  if (channels % groups)
    return layer.problem(
        "groups",
        fmt::format("groups ({}) does not divide the input's {} channels", groups, channels),
        "make the number of channels a multiple of groups");
  shape.insert(shape.end(), {channels / groups, filters});
  Value kernel = layer.parameter("kernel", shape);
  shape.insert(shape.begin(), window.size.size() - spatial, 1);
  if (window.size.size() > spatial)
    kernel = layer.reshape(kernel, shape);
  finish(layer, convolve(layer, x, kernel, window, groups), useBias, activation, window);
}

/// https://keras.io/api/layers/convolution_layers/depthwise_convolution2d/
void importDepthwiseConvolution(LayerImport &layer) {
  Window window = readWindow(layer, "kernel_size", layer.spatialDimensions());
  int64_t multiplier = layer.positive("depth_multiplier", 1);
  bool useBias = layer.flag("use_bias", true);
  layer.ignore({"groups", "filters"}); // as Keras 2 does, which writes one of them
  Activation activation = readActivation(layer);
  Value x = window.placeInput(layer);
  if (!x)
    return;
  int64_t channels = toShape(x).back();
  bool keras3 = layer.generation() == keras::Generation::keras3;
  Value filter =
      depthwiseFilter(layer, keras3 ? "kernel" : "depthwise_kernel", window, channels, multiplier);
  finish(layer, convolve(layer, x, filter, window, channels), useBias, activation, window);
}

/// The output_padding under which the layer has the `output_shape` that Keras 1 wrote, batch first.
/// Nothing where it has that without any.
static std::optional<Config::Integers> paddingFor(const Config &config, const Window &window,
                                                  Value x) {
  const Json &wanted = *config.find("output_shape");
  size_t spatial = window.size.size();
  bool needed = false;
  Config::Integers more;
  for (size_t i = 0; i < spatial; ++i) {
    size_t axis = i + (window.channelsFirst ? 2 : 1);
    if (!wanted.is_array() || wanted.size() != spatial + 2 || !wanted[axis].is_number_integer())
      return std::nullopt;
    int64_t input = toShape(x)[i + 1], stride = window.strides[i], span = window.span(i);
    int64_t extent = wanted[axis].get<int64_t>(), least = (input - 1) * stride;
    needed = needed || extent != (window.same ? input * stride : least + std::max(span, stride));
    more.push_back(extent - least - (window.same ? span % 2 : span));
  }
  return needed ? std::optional(more) : std::nullopt;
}

std::optional<graph::ConvolutionShape> transposedShape(const Config &config, const Window &window,
                                                       Value x) {
  size_t spatial = window.size.size();
  std::optional<Config::Integers> more;
  if (config.find("output_padding"))
    more = config.integers("output_padding");
  else if (config.find("output_shape"))
    more = paddingFor(config, window, x);
  if (more && more->size() == 1)
    more->resize(spatial, more->front());
  auto isBelow = [](int64_t padding, int64_t stride) { return padding >= 0 && padding < stride; };
  if (more && !std::ranges::equal(*more, window.strides, isBelow)) {
    config.problem("output_padding",
                   fmt::format("output_padding ({}) must have {} entries, from 0 to below strides "
                               "({})",
                               fmt::join(*more, ", "), spatial, fmt::join(window.strides, ", ")),
                   "make it smaller than strides");
    return std::nullopt;
  }
  graph::ConvolutionShape shape;
  shape.strides.assign(window.strides.begin(), window.strides.end());
  shape.dilations.assign(window.dilations.begin(), window.dilations.end());
  for (size_t i = 0; i < spatial; ++i) {
    int64_t stride = window.strides[i], span = window.span(i);
    int64_t least = (toShape(x)[i + 1] - 1) * stride;
    int64_t behind = more ? (*more)[i] : window.same ? stride - span % 2 : 0;
    int64_t extent = least + behind +
                     (window.same ? span % 2
                      : more      ? span
                                  : std::max(span, stride));
    int64_t padding = window.same ? std::max<int64_t>(least + span - extent, 0) : 0;
    shape.input.push_back(extent);
    shape.low.push_back(padding / 2);
    shape.high.push_back(padding - padding / 2);
  }
  return shape;
}

/// https://keras.io/api/layers/convolution_layers/convolution2d_transpose/
void importTransposedConvolution(LayerImport &layer) {
  size_t spatial = layer.spatialDimensions();
  auto [window, filters, useBias, activation] = readFilterLayer(layer);
  if (window.causal)
    layer.problem("padding", "padding is 'causal', which a transposed convolution does not have",
                  "use 'valid' or 'same'");
  if (layer.positive("groups", 1) != 1)
    layer.problem("groups", "transposed convolutions in groups are not supported", "use one group");
  Value x = layer.input();
  if (!layer.ready() || !layer.hasSpatial(x, spatial, window.channelsFirst))
    return;
  if (window.channelsFirst)
    x = layer.channelsToLast(x);
  std::optional<graph::ConvolutionShape> convolution = transposedShape(layer, window, x);
  if (!convolution)
    return;
  Shape shape(window.size.begin(), window.size.end());
  Shape result(convolution->input.begin(), convolution->input.end());
  shape.insert(shape.end(), {filters, toShape(x).back()});
  result.push_back(filters);
  Value kernel = layer.parameter("kernel", shape);
  if (!kernel || !layer.fits(result))
    return;
  ImplicitLocOpBuilder builder(layer.location(), layer.builder());
  Value y = graph::transposedConvolution({&builder, x}, {&builder, kernel}, *convolution).value;
  finish(layer, y, useBias, activation, window);
}

/// https://keras.io/api/layers/convolution_layers/separable_convolution2d/
void importSeparableConvolution(LayerImport &layer) {
  size_t spatial = layer.spatialDimensions();
  auto [window, filters, useBias, activation] = readFilterLayer(layer);
  int64_t multiplier = layer.positive("depth_multiplier", 1);
  layer.ignore({"groups"});
  Value x = window.placeInput(layer);
  if (!x)
    return;
  int64_t channels = toShape(x).back();
  Value depthwise = depthwiseFilter(layer, "depthwise_kernel", window, channels, multiplier);
  Value y = convolve(layer, x, depthwise, window, channels);
  Shape shape(spatial, 1);
  shape.insert(shape.end(), {channels * multiplier, filters});
  Value pointwise = layer.parameter("pointwise_kernel", shape);
  finish(layer, convolvePointwise(layer, y, pointwise, spatial), useBias, activation, window);
}

} // namespace hornet::import
