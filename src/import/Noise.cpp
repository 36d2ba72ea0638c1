// Layers that act while training alone: dropout, and noise of other kinds.

#include "import/Importers.h"

#include <fmt/format.h>

using namespace mlir;

namespace hornet::import {

/// The dimensions for which `noise_shape` says 1; null, or the input's extent, leaves one as it is.
static SmallVector<int64_t> onesOf(LayerImport &layer, const Json &noise, Value x) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(x.getType()).getShape();
  SmallVector<int64_t> shared;
  bool fits = noise.is_array() && noise.size() == shape.size();
  for (size_t i = 0; fits && i < shape.size(); ++i)
    if (noise[i] == 1)
      shared.push_back(static_cast<int64_t>(i));
    else
      fits = noise[i].is_null() || (noise[i].is_number_integer() && noise[i] == shape[i]);
  if (!fits)
    layer.problem("noise_shape",
                  fmt::format("{} does not fit the input {}", noise.dump(), shapeOf(x)),
                  "give 1, null, or the input's extent for each of its dimensions");
  return shared;
}

/// The dimensions whose elements a dropout layer treats as one: those between batch and channels of
/// SpatialDropout1D to 3D, those of `noise_shape`.
static SmallVector<int64_t> sharedDimensions(LayerImport &layer, Value x) {
  SmallVector<int64_t> shared;
  int64_t rank = cast<RankedTensorType>(x.getType()).getRank();
  if (layer.className().starts_with("Spatial")) {
    layer.ignore({"noise_shape"}); // which has no say here
    bool channelsFirst = layer.className() != "SpatialDropout1D" && layer.channelsFirst();
    for (int64_t i = 1; i < rank - 1; ++i)
      shared.push_back(channelsFirst ? i + 1 : i);
  } else if (const Json *shape = layer.find("noise_shape"); shape && !shape->is_null()) {
    return onesOf(layer, *shape, x);
  }
  return shared;
}

static double rateOf(LayerImport &layer) {
  double rate = layer.number("rate");
  if (!(rate >= 0 && rate <= 1))
    layer.problem("rate", fmt::format("rate must be between 0 and 1, got {}", rate));
  return rate;
}

/// https://keras.io/api/layers/regularization_layers/dropout/
void importDropout(LayerImport &layer) {
  double rate = rateOf(layer);
  Value x = layer.input();
  if (layer.ready())
    layer.result(layer.create<graph::DropoutOp>(x, APFloat(rate), sharedDimensions(layer, x)));
}

static void addNoise(LayerImport &layer, graph::Noise kind, double amount) {
  Value x = layer.input();
  if (layer.ready())
    layer.result(
        layer.create<graph::NoiseOp>(kind, x, APFloat(amount), sharedDimensions(layer, x)));
}

/// https://keras.io/api/layers/regularization_layers/gaussian_noise/
void importGaussianNoise(LayerImport &layer) {
  double deviation = layer.number("stddev");
  if (!(deviation >= 0))
    layer.problem("stddev", fmt::format("stddev must not be negative, got {}", deviation));
  addNoise(layer, graph::Noise::gaussian, deviation);
}

/// https://keras.io/api/layers/regularization_layers/gaussian_dropout/
void importGaussianDropout(LayerImport &layer) {
  addNoise(layer, graph::Noise::gaussian_dropout, rateOf(layer));
}

/// https://keras.io/api/layers/regularization_layers/alpha_dropout/
void importAlphaDropout(LayerImport &layer) {
  addNoise(layer, graph::Noise::alpha_dropout, rateOf(layer));
}

} // namespace hornet::import
