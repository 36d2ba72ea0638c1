#include "import/ActivationLayers.h"
#include "import/Recurrent.h"
#include "import/Windows.h"

using namespace mlir;

namespace hornet::import {

/// https://keras.io/api/layers/recurrent_layers/conv_lstm2d/: an LSTM whose products are
/// convolutions. That of the inputs runs over all steps at once, with a window of 1 along time.
std::optional<Cell> readConvolutionalCell(LayerImport &layer, Value sequence,
                                          std::string_view holder) {
  size_t spatial = layer.spatialDimensions();
  int64_t filters = layer.positive("filters");
  bool useBias = layer.flag("use_bias", true);
  Window window = readWindow(layer, "kernel_size", spatial);
  Activation activation = cellActivation(layer), recurrent = gateActivation(layer);
  window.channelsFirst = false; // by now
  if (!layer.hasRank(sequence, static_cast<int64_t>(spatial) + 3,
                     "batch, time, spatial dimensions, channels") ||
      layer.failed())
    return std::nullopt;
  Shape shape(window.size.begin(), window.size.end()), recurrentShape = shape;
  shape.insert(shape.end(), {toShape(sequence).back(), 4 * filters});
  recurrentShape.insert(recurrentShape.end(), {filters, 4 * filters});
  Value kernel = layer.parameter("kernel", shape, true, holder);
  Value recurrentKernel = layer.parameter("recurrent_kernel", recurrentShape, true, holder);

  for (Config::Integers *entries : {&window.size, &window.strides, &window.dilations})
    entries->insert(entries->begin(), 1);
  shape.insert(shape.begin(), 1);
  Value x = window.place(layer, sequence);
  CellDropouts dropouts = readDropouts(layer, /*perGate=*/true);
  x = dropouts.inputs.product(
      layer, x, layer.reshape(kernel, shape), 4, [&](Value input, Value filter) {
        return layer.create<graph::ConvolutionOp>(input, filter, window.strides, window.low,
                                                  window.high, window.dilations, 1);
      });
  if (useBias)
    x = layer.create<graph::AddOp>(x, layer.parameter("bias", {4 * filters}, true, holder));
  if (!x)
    return std::nullopt;

  Cell cell;
  cell.projected = x;
  cell.states = 2;
  Shape projected = toShape(x);
  cell.stateShape.assign(projected.begin() + 2, projected.end());
  cell.stateShape.back() = filters;
  Config::Integers ones(spatial, 1), low, high;
  for (size_t i = 0; i < spatial; ++i) {
    low.push_back((recurrentShape[i] - 1) / 2);
    high.push_back(recurrentShape[i] - 1 - low.back());
  }
  cell.advance = [=, &layer](Value step, ValueRange states) {
    Value product = dropouts.states.product(
        layer, states[0], recurrentKernel, 4, [&](Value input, Value filter) {
          return layer.create<graph::ConvolutionOp>(input, filter, ones, low, high, ones, 1);
        });
    return lstmStep(layer, activation, recurrent, layer.create<graph::AddOp>(step, product),
                    states[1]);
  };
  return cell;
}

} // namespace hornet::import
