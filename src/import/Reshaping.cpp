#include "import/Importers.h"

#include <fmt/format.h>
#include <numeric>

using namespace mlir;

namespace hornet::import {

/// The only input, whose elements may be of any type.
static Value anyInput(LayerImport &layer) {
  if (layer.inputs().size() == 1)
    return layer.inputs().front();
  layer.problem("inbound_nodes", fmt::format("takes one input, got {}", layer.inputs().size()));
  return {};
}

/// https://keras.io/api/layers/reshaping_layers/flatten/
void importFlatten(LayerImport &layer) {
  bool channelsFirst = layer.channelsFirst();
  Value x = anyInput(layer);
  if (!layer.ready())
    return;
  auto type = cast<RankedTensorType>(x.getType());
  // Keras flattens in channels-last order, so that a model's weights serve both.
  if (channelsFirst && type.getRank() > 2)
    x = layer.channelsToLast(x);
  layer.result(layer.reshape(x, {ShapedType::kDynamic, elementsOf(type.getShape().drop_front())}));
}

/// https://keras.io/api/layers/reshaping_layers/reshape/
void importReshape(LayerImport &layer) {
  Config::Integers target = layer.integers("target_shape");
  for (int64_t extent : target)
    if (extent < 1 && extent != -1)
      layer.problem("target_shape",
                    fmt::format("target_shape must be positive integers or -1, got {}", extent));
  if (llvm::count(target, -1) > 1)
    layer.problem("target_shape", "target_shape has more than one -1",
                  "leave at most one dimension open");
  Value x = anyInput(layer);
  if (!layer.ready())
    return;
  int64_t elements = elementsOf(cast<RankedTensorType>(x.getType()).getShape().drop_front());
  SmallVector<int64_t> shape = {ShapedType::kDynamic};
  int64_t known = 1;
  for (int64_t extent : target)
    if (extent != -1 && llvm::MulOverflow(known, extent, known))
      known = 0;
  bool open = llvm::is_contained(target, -1);
  if (known == 0 || (open ? elements % known != 0 : elements != known))
    return layer.problem("target_shape",
                         fmt::format("the {} values of {} cannot be reshaped to ({})", elements,
                                     shapeOf(x), fmt::join(target, ", ")),
                         "make the products of the dimensions equal");
  for (int64_t extent : target)
    shape.push_back(extent == -1 ? elements / known : extent);
  layer.result(layer.reshape(x, shape));
}

/// https://keras.io/api/layers/reshaping_layers/permute/
void importPermute(LayerImport &layer) {
  Config::Integers dims = layer.integers("dims");
  Config::Integers ordered = dims;
  llvm::sort(ordered);
  for (size_t i = 0; i < ordered.size(); ++i)
    if (ordered[i] != static_cast<int64_t>(i) + 1) {
      layer.problem("dims",
                    fmt::format("dims ({}) is not a permutation of 1 to {}", fmt::join(dims, ", "),
                                dims.size()),
                    "name every dimension but the batch once, counted from 1");
      break;
    }
  Value x = anyInput(layer);
  if (!layer.ready() || !layer.hasRank(x, static_cast<int64_t>(dims.size()) + 1, "as dims says"))
    return;
  dims.insert(dims.begin(), 0);
  layer.result(layer.transpose(x, dims));
}

namespace {
/// Borders of all dimensions, in the order of data_format.
struct Borders {
  SmallVector<int64_t> low, high;
};
} // namespace

static Borders readBorders(LayerImport &layer, std::string_view key) {
  size_t spatial = layer.spatialDimensions(), first = layer.channelsFirst() ? 2 : 1;
  Borders borders{SmallVector<int64_t>(spatial + 2, 0), SmallVector<int64_t>(spatial + 2, 0)};
  for (auto [i, border] : llvm::enumerate(layer.borders(key, spatial)))
    std::tie(borders.low[first + i], borders.high[first + i]) = border;
  return borders;
}

/// https://keras.io/api/layers/reshaping_layers/zero_padding2d/
void importZeroPadding(LayerImport &layer) {
  Borders padding = readBorders(layer, "padding");
  Value x = layer.input();
  if (layer.ready() && layer.hasSpatial(x, layer.spatialDimensions(), layer.channelsFirst()))
    layer.result(layer.create<graph::PadOp>(x, padding.low, padding.high, APFloat(0.0)));
}

/// https://keras.io/api/layers/reshaping_layers/cropping2d/
void importCropping(LayerImport &layer) {
  Borders cropping = readBorders(layer, "cropping");
  Value x = layer.input();
  if (!layer.ready() || !layer.hasSpatial(x, layer.spatialDimensions(), layer.channelsFirst()))
    return;
  SmallVector<int64_t> limit = {-1}, ones(cropping.low.size(), 1);
  for (auto [i, extent] : llvm::enumerate(toShape(x)))
    if (i > 0 && cropping.low[i] + cropping.high[i] >= extent)
      return layer.problem("cropping", fmt::format("cropping leaves nothing of {}", shapeOf(x)),
                           "crop less");
    else if (i > 0)
      limit.push_back(extent - cropping.high[i]);
  layer.result(layer.create<graph::SliceOp>(x, cropping.low, limit, ones));
}

/// https://keras.io/api/layers/reshaping_layers/repeat_vector/
void importRepeatVector(LayerImport &layer) {
  int64_t n = layer.positive("n");
  Value x = layer.input();
  if (!layer.ready() || !layer.hasRank(x, 2, "batch, features"))
    return;
  x = layer.reshape(x, {ShapedType::kDynamic, 1, toShape(x).back()});
  layer.result(layer.create<graph::MultiplyOp>(x, layer.splat({n, 1}, 1)));
}

} // namespace hornet::import
