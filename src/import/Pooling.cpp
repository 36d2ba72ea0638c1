#include "import/Importers.h"
#include "import/Masks.h"
#include "import/Windows.h"

#include <fmt/format.h>

using namespace mlir;

namespace hornet::import {

/// https://keras.io/api/layers/pooling_layers/
template <class Pool> static void importPooling(LayerImport &layer) {
  size_t spatial = layer.spatialDimensions();
  Window window = readWindow(layer, "pool_size", spatial, Config::Integers(spatial, 2));
  Value x = window.placeInput(layer);
  if (!x)
    return;
  Value y = layer.create<Pool>(x, window.size, window.strides, window.low, window.high);
  layer.result(window.restore(layer, y));
}

void importMaxPooling(LayerImport &layer) { importPooling<graph::MaxPoolOp>(layer); }
void importAveragePooling(LayerImport &layer) { importPooling<graph::AveragePoolOp>(layer); }

/// The reduction over the spatial dimensions; `mean` divides it by their number of elements.
template <class Reduce> static void importGlobalPooling(LayerImport &layer, bool mean) {
  size_t spatial = layer.spatialDimensions();
  bool channelsFirst = layer.channelsFirst(), keepDims = layer.flag("keepdims", false);
  Value x = layer.input();
  if (!layer.ready() || !layer.hasSpatial(x, spatial, channelsFirst))
    return;
  SmallVector<int64_t> shape(cast<RankedTensorType>(x.getType()).getShape());
  SmallVector<int64_t> dimensions;
  int64_t count = 1;
  for (size_t i = 0; i < spatial; ++i) {
    int64_t dimension = static_cast<int64_t>(i) + (channelsFirst ? 2 : 1);
    dimensions.push_back(dimension);
    count *= std::exchange(shape[dimension], 1);
  }
  Value y = layer.create<Reduce>(x, dimensions);
  if (mean)
    y = layer.create<graph::DivideOp>(y, layer.scalar(static_cast<double>(count)));
  layer.result(keepDims ? layer.reshape(y, shape) : y);
}

/// The mean over the steps that count. A sample whose steps are all masked gives NaN, as in Keras.
static void importMaskedAveragePooling(LayerImport &layer, Value mask) {
  bool channelsFirst = layer.channelsFirst(), keepDims = layer.flag("keepdims", false);
  Value x = layer.input();
  if (!layer.ready() || !layer.hasSpatial(x, 1, channelsFirst))
    return;
  int64_t steps = channelsFirst ? 2 : 1, channels = channelsFirst ? 1 : 2;
  Value weights = insertOnes(layer, maskToNumbers(layer, mask), {channels});
  Value sum = layer.create<graph::ReduceSumOp>(layer.create<graph::MultiplyOp>(x, weights), steps);
  Value count = layer.create<graph::ReduceSumOp>(weights, steps);
  Value y = layer.create<graph::DivideOp>(sum, count);
  layer.result(keepDims ? insertOnes(layer, y, {steps}) : y);
}

void importGlobalAveragePooling(LayerImport &layer) {
  Value mask = layer.spatialDimensions() == 1 ? layer.mask() : Value();
  if (mask)
    return importMaskedAveragePooling(layer, mask);
  importGlobalPooling<graph::ReduceSumOp>(layer, /*mean=*/true);
}
void importGlobalMaxPooling(LayerImport &layer) {
  importGlobalPooling<graph::ReduceMaxOp>(layer, /*mean=*/false);
}

//===----------------------------------------------------------------------===//
// Adaptive pooling
//===----------------------------------------------------------------------===//

/// Reduces dimension `d` of x to `count` windows, the i-th from floor(i * extent / count) to
/// ceil((i + 1) * extent / count): they overlap where count does not divide the extent.
template <class Reduce>
static Value poolAlong(LayerImport &layer, Value x, int64_t d, int64_t count, bool mean) {
  Shape shape = toShape(x);
  int64_t extent = shape[d];
  SmallVector<int64_t> start(shape.size(), 0), limit(shape.begin(), shape.end());
  SmallVector<int64_t> ones(shape.size(), 1), one(shape.begin(), shape.end());
  limit.front() = -1;
  one.front() = ShapedType::kDynamic;
  one[d] = 1;
  SmallVector<Value> windows;
  for (int64_t i = 0; i < count; ++i) {
    start[d] = i * extent / count;
    limit[d] = llvm::divideCeil((i + 1) * extent, count);
    Value y = layer.create<Reduce>(layer.create<graph::SliceOp>(x, start, limit, ones), d);
    if (mean)
      y = layer.create<graph::DivideOp>(y, layer.scalar(static_cast<double>(limit[d] - start[d])));
    windows.push_back(layer.reshape(y, one));
  }
  return layer.create<graph::ConcatenateOp>(ValueRange(windows), d);
}

/// https://keras.io/api/layers/pooling_layers/: both the mean and the maximum of a box are taken
/// one dimension after the other. Windows of one size that lie side by side are plain pooling.
template <class Pool, class Reduce>
static Value poolAdaptively(LayerImport &layer, Value x, const Config::Integers &count,
                            bool channelsFirst, bool mean) {
  size_t spatial = count.size();
  if (channelsFirst)
    x = layer.channelsToLast(x);
  SmallVector<int64_t> size, none(spatial, 0);
  for (size_t i = 0; i < spatial; ++i) {
    int64_t extent = toShape(x)[i + 1];
    if (extent % count[i] == 0) {
      size.push_back(extent / count[i]);
      continue;
    }
    x = poolAlong<Reduce>(layer, x, static_cast<int64_t>(i) + 1, count[i], mean);
    size.push_back(1);
  }
  Value y = layer.create<Pool>(x, size, size, none, none);
  return channelsFirst ? layer.channelsToSecond(y) : y;
}

Value poolAdaptively(LayerImport &layer, Value x, const Config::Integers &count, bool channelsFirst,
                     bool mean) {
  if (mean)
    return poolAdaptively<graph::AveragePoolOp, graph::ReduceSumOp>(layer, x, count, channelsFirst,
                                                                    mean);
  return poolAdaptively<graph::MaxPoolOp, graph::ReduceMaxOp>(layer, x, count, channelsFirst, mean);
}

static void importAdaptivePooling(LayerImport &layer, bool mean) {
  size_t spatial = layer.spatialDimensions();
  Config::Integers count = layer.positives("output_size", spatial);
  bool channelsFirst = layer.channelsFirst();
  Value x = layer.input();
  if (layer.ready() && layer.hasSpatial(x, spatial, channelsFirst))
    layer.result(poolAdaptively(layer, x, count, channelsFirst, mean));
}

void importAdaptiveAveragePooling(LayerImport &layer) {
  importAdaptivePooling(layer, /*mean=*/true);
}
void importAdaptiveMaxPooling(LayerImport &layer) { importAdaptivePooling(layer, /*mean=*/false); }

} // namespace hornet::import
