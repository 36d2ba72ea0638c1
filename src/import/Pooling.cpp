#include "import/Importers.h"
#include "import/Windows.h"

using namespace mlir;

namespace hornet::import {

/// https://keras.io/api/layers/pooling_layers/
template <class Pool> static void importPooling(LayerImport &layer, size_t spatial) {
  Window window = readWindow(layer, "pool_size", spatial, Config::Integers(spatial, 2));
  Value x = layer.input();
  if (!layer.ready())
    return;
  x = window.place(layer, x);
  if (!x)
    return;
  Value y = layer.create<Pool>(x, window.size, window.strides, window.low, window.high);
  layer.result(window.restore(layer, y));
}

void importMaxPooling2D(LayerImport &layer) { importPooling<graph::MaxPoolOp>(layer, 2); }
void importAveragePooling2D(LayerImport &layer) { importPooling<graph::AveragePoolOp>(layer, 2); }

/// The reduction over the spatial dimensions; `mean` divides it by their number of elements.
template <class Reduce> static void importGlobalPooling(LayerImport &layer, bool mean) {
  bool channelsFirst = layer.channelsFirst(), keepDims = layer.flag("keepdims", false);
  Value x = layer.input();
  if (!layer.ready() || !layer.hasRank(x, 4,
                                       channelsFirst ? "batch, channels, height, width"
                                                     : "batch, height, width, channels"))
    return;
  SmallVector<int64_t> dimensions = {1, 2};
  if (channelsFirst)
    dimensions = {2, 3};
  auto type = cast<RankedTensorType>(x.getType());
  Value y = layer.create<Reduce>(x, dimensions);
  if (mean) {
    int64_t count = type.getDimSize(dimensions[0]) * type.getDimSize(dimensions[1]);
    y = layer.create<graph::DivideOp>(y, layer.scalar(static_cast<double>(count)));
  }
  if (keepDims) {
    SmallVector<int64_t> shape(type.getShape());
    for (int64_t dimension : dimensions)
      shape[dimension] = 1;
    y = layer.reshape(y, shape);
  }
  layer.result(y);
}

void importGlobalAveragePooling2D(LayerImport &layer) {
  importGlobalPooling<graph::ReduceSumOp>(layer, /*mean=*/true);
}
void importGlobalMaxPooling2D(LayerImport &layer) {
  importGlobalPooling<graph::ReduceMaxOp>(layer, /*mean=*/false);
}

} // namespace hornet::import
