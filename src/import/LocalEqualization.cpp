// Histograms of the tiles of images, by which their pixels are spread over all gray levels.

#include "import/Importers.h"
#include "import/Operation.h"
#include "import/Ranges.h"

#include <cmath>
#include <fmt/format.h>
#include <numeric>

using namespace mlir;

namespace hornet::import {
namespace {

constexpr int64_t levels = 256;

/// A dimension of the images in tiles, the last of which may go beyond.
struct Tiling {
  int64_t extent, tiles;

  int64_t size() const { return (extent + tiles - 1) / tiles; }
  /// The places, behind the end those of a mirror.
  SmallVector<int64_t> places() const {
    SmallVector<int64_t> result;
    for (int64_t i = 0; i < size() * tiles; ++i)
      result.push_back(i < extent ? i : 2 * extent - 1 - i);
    return result;
  }
  /// Where a place lies among the centers of the tiles, as Keras rounds it: counted from one before
  /// the first.
  float among(int64_t place) const {
    auto width = static_cast<float>(size());
    return (static_cast<float>(place) - static_cast<float>(static_cast<double>(size()) / 2)) /
               width +
           1.0f;
  }
};

struct Equalization {
  LayerImport &layer;
  ImplicitLocOpBuilder &builder;
  Tiling rows, columns;
  int64_t channels;
  double clipLimit;

  Term numbers(ArrayRef<float> values) const { return {&builder, layer.vector(values)}; }
  Term count(int64_t n) const {
    SmallVector<float> values(n);
    std::iota(values.begin(), values.end(), 0.0f);
    return numbers(values);
  }
  int64_t pixels() const { return rows.size() * columns.size(); }

  /// (batch, tiles * channels, levels): how many pixels of each tile have each level.
  Term histograms(Term level) const {
    Term whole = taken(taken(level, 1, rows.places()), 2, columns.places());
    int64_t batch = whole.type().getDimSize(0), tables = rows.tiles * columns.tiles * channels;
    Term tiled =
        reshape(whole, {batch, rows.tiles, rows.size(), columns.tiles, columns.size(), channels});
    Term flat = reshape(transposed(tiled, {0, 1, 3, 5, 2, 4}), {batch, tables, pixels()});
    Term zeros = part(flat, 2, 0, 1) * 0 + Term{&builder, layer.splat({levels}, 0)};
    Term ones = broadcastTo(flat.scalar(1), flat);
    Term counts{&builder, graph::ScatterAddOp::create(builder, ones.value, flat.value, zeros.value,
                                                      int64_t{2}, int64_t{2})};
    return graph::apply<graph::StopGradientOp>(counts); // levels are whole numbers
  }

  /// What each level becomes in each tile: the share of pixels that are not brighter, where no
  /// level counts for more than the limit, and what is above it is given to all.
  Term curves(Term histogram) const {
    if (clipLimit > 0) {
      double limit = clipLimit * static_cast<double>(pixels()) / levels;
      Term clipped = min(histogram, static_cast<float>(limit));
      Term excess = graph::reduceKeeping<graph::ReduceSumOp>(histogram - clipped, {2});
      histogram = clipped + excess / levels;
    }
    Term upTo =
        indicator(reshape(count(levels), {1, levels}) >= reshape(count(levels), {levels, 1}));
    Term sums = graph::apply<graph::MatmulOp>(histogram, upTo);
    Term least = part(sums, 2, 0, 1), range = static_cast<double>(pixels()) - least;
    return graph::clip((sums - least) * 255 / where(equals(range, 0), 1, range), 0, 255);
  }

  /// Of a dimension: the numbers of the tiles before (or, `after`, behind) each place, times
  /// `stride`.
  Term tileOf(const Tiling &tiling, bool after, int64_t stride, ArrayRef<int64_t> shape) const {
    SmallVector<float> starts;
    for (int64_t i = 0; i < tiling.extent; ++i) {
      int64_t tile = static_cast<int64_t>(std::floor(tiling.among(i))) + after - 1;
      starts.push_back(static_cast<float>(std::clamp<int64_t>(tile, 0, tiling.tiles - 1) * stride));
    }
    return reshape(numbers(starts), shape);
  }

  /// How near each place is to the tile behind it, from 0 to 1.
  Term nearness(const Tiling &tiling, ArrayRef<int64_t> shape) const {
    SmallVector<float> weights;
    for (int64_t i = 0; i < tiling.extent; ++i)
      weights.push_back(tiling.among(i) - std::floor(tiling.among(i)));
    return reshape(numbers(weights), shape);
  }

  /// Each pixel by the curves of the four tiles around it.
  Term looked(Term curve, Term level) const {
    int64_t tables = rows.tiles * columns.tiles * channels;
    Term table = reshape(curve, {curve.type().getDimSize(0), tables * levels});
    SmallVector<int64_t> down = {rows.extent, 1, 1}, right = {columns.extent, 1};
    Term channel = count(channels) * double(levels);
    auto at = [&](bool below, bool behind) {
      Term start = tileOf(rows, below, columns.tiles * channels * levels, down) +
                   tileOf(columns, behind, channels * levels, right) + channel;
      Term index = level + start;
      return Term{&builder, graph::GatherOp::create(builder, table.value, index.value, int64_t{1},
                                                    int64_t{1})};
    };
    Term x = nearness(columns, right), y = nearness(rows, down);
    auto mixed = [&](bool below) { return at(below, false) * (1 - x) + at(below, true) * x; };
    return mixed(false) * (1 - y) + mixed(true) * y;
  }
};

/// tile_grid_size: rows and columns of tiles.
Config::Integers gridOf(LayerImport &layer) {
  return layer.positives("tile_grid_size", 2, Config::Integers{8, 8});
}

} // namespace

/// https://keras.io/api/layers/preprocessing_layers/image_augmentation/: contrast limited adaptive
/// histogram equalization, which Keras does when predicting, too.
void importLocalEqualization(LayerImport &layer) {
  constexpr std::pair<double, double> bytes(0, 255);
  auto range = valueRange(layer);
  double limit = layer.number("clip_limit", 4);
  Config::Integers grid = gridOf(layer);
  bool channelsFirst = layer.channelsFirst();
  Value x = layer.input();
  if (!range || !layer.ready() || !layer.hasSpatial(x, 2, channelsFirst))
    return;
  if (channelsFirst)
    x = layer.channelsToLast(x);
  ImplicitLocOpBuilder builder(layer.location(), layer.builder());
  ArrayRef<int64_t> shape = cast<RankedTensorType>(x.getType()).getShape();
  Equalization how{layer, builder, {shape[1], grid[0]}, {shape[2], grid[1]}, shape[3], limit};
  constexpr int64_t mostEntries = 1 << 24; // places of a table that float32 can name
  bool fits = grid[0] <= shape[1] && grid[1] <= shape[2] &&
              grid[0] * grid[1] * how.channels <= mostEntries / levels &&
              how.rows.size() * grid[0] <= 2 * shape[1] &&
              how.columns.size() * grid[1] <= 2 * shape[2];
  if (!fits)
    return layer.problem("tile_grid_size", fmt::format("{} x {} tiles do not fit into images of {}",
                                                       grid[0], grid[1], shapeOf(x)));
  Term image = rescale({&builder, x}, *range, bytes);
  Term level = graph::clip(graph::apply<graph::TruncOp>(image), 0, 255);
  Term result = rescale(how.looked(how.curves(how.histograms(level)), level), bytes, *range);
  layer.result(channelsFirst ? layer.channelsToSecond(result.value) : result.value);
}

} // namespace hornet::import
