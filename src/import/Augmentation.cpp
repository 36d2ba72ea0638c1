// Layers that change images while training, and what some of them do when predicting, too.

#include "import/Importers.h"
#include "import/Ranges.h"

#include <fmt/format.h>

using namespace mlir;

namespace hornet::import {

/// https://keras.io/api/layers/preprocessing_layers/image_augmentation/: images as they are.
void importAugmentation(LayerImport &layer) {
  Value x = layer.input();
  if (layer.ready())
    layer.result(x);
}

std::optional<std::pair<double, double>> valueRange(LayerImport &layer) {
  const Json *range = layer.find("value_range");
  if (!range)
    return std::pair(0.0, 255.0);
  if (range->is_array() && range->size() == 2 && (*range)[0].is_number() &&
      (*range)[1].is_number() && (*range)[0] != (*range)[1])
    return std::minmax({(*range)[0].get<double>(), (*range)[1].get<double>()});
  layer.problem("value_range",
                fmt::format("must be two different numbers, got {}", describe(*range)),
                "give [0, 255] or [0, 1]");
  return std::nullopt;
}

graph::Term rescale(graph::Term x, std::pair<double, double> from, std::pair<double, double> to) {
  if (from == to)
    return x;
  auto [low, high] = from;
  return (x - low) / (high - low) * (to.second - to.first) + to.first;
}

/// https://keras.io/api/layers/preprocessing_layers/image_augmentation/auto_contrast/: the darkest
/// pixel of a channel becomes black, the brightest white; a channel of one color stays as it is.
void importAutoContrast(LayerImport &layer) {
  constexpr std::pair<double, double> bytes(0, 255);
  auto range = valueRange(layer);
  layer.ignore({"data_format"}); // as Keras does
  Value x = layer.input();
  if (!range || !layer.ready() || !layer.hasRank(x, 4, "batch, height, width, channels"))
    return;
  ImplicitLocOpBuilder builder(layer.location(), layer.builder());
  graph::Term given{&builder, x}, image = rescale(given, *range, bytes);
  graph::Term low = -graph::reduceKeeping<graph::ReduceMaxOp>(-image, {1, 2});
  graph::Term high = graph::reduceKeeping<graph::ReduceMaxOp>(image, {1, 2});
  graph::Term scale = 255.0 / (high - low);
  graph::Term result = rescale(graph::clip(image * scale - low * scale, 0, 255), bytes, *range);
  layer.result(where(equals(result, result), result, given).value);
}

/// https://keras.io/api/layers/preprocessing_layers/preprocessing_utils/pipeline/: one layer after
/// the other.
void importPipeline(LayerImport &layer) {
  Tensor x{layer.input(), layer.implicitMask()};
  for (const keras::Layer &wrapped : layer.layer().wrapped) {
    if (!layer.ready())
      return;
    if (wrapped.model) {
      SmallVector<Tensor> results = layer.inlined(*wrapped.model, x);
      if (results.size() != 1)
        return layer.problem("layers",
                             fmt::format("'{}' gives {} tensors, the next layer takes one",
                                         wrapped.name, results.size()));
      x = results.front();
      continue;
    }
    LayerImport inner(layer, wrapped, x);
    importLayer(inner);
    if (inner.allResults().size() != 1)
      return;
    x = inner.allResults().front();
  }
  if (x.value)
    layer.result(x.value, x.mask);
}

} // namespace hornet::import
