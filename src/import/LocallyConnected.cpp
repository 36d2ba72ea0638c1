// Keras 2's LocallyConnected1D and 2D: convolutions with a filter of its own at each place.

#include "import/ActivationLayers.h"
#include "import/Importers.h"
#include "import/Windows.h"

#include <fmt/format.h>
#include <numeric>

using namespace mlir;

namespace hornet::import {
namespace {

/// Which places of the input each place of the output sees.
struct Places {
  Shape input, output;                       ///< spatial extents
  SmallVector<SmallVector<int64_t>> windows; ///< by place of the output: places of the input, or -1

  int64_t inputs() const { return elementsOf(input); }
  int64_t outputs() const { return elementsOf(output); }
  int64_t window() const { return static_cast<int64_t>(windows.front().size()); }
};

/// The coordinates of number `i`, row by row.
SmallVector<int64_t> coordinates(int64_t i, ArrayRef<int64_t> extents) {
  SmallVector<int64_t> at(extents.size());
  for (size_t d = extents.size(); d-- > 0; i /= extents[d])
    at[d] = i % extents[d];
  return at;
}

Places placesOf(const Window &window, ArrayRef<int64_t> input) {
  Places places{{input.begin(), input.end()}, {}, {}};
  for (size_t d = 0; d < input.size(); ++d)
    places.output.push_back(
        (input[d] + window.low[d] + window.high[d] - window.size[d]) / window.strides[d] + 1);
  for (int64_t out = 0; out < places.outputs(); ++out) {
    SmallVector<int64_t> start = coordinates(out, places.output);
    auto &seen = places.windows.emplace_back();
    for (int64_t k = 0; k < elementsOf(window.size); ++k) {
      SmallVector<int64_t> offset = coordinates(k, window.size);
      int64_t number = 0;
      for (size_t d = 0; d < input.size() && number >= 0; ++d) {
        int64_t at = start[d] * window.strides[d] + offset[d] - window.low[d];
        number = at < 0 || at >= input[d] ? -1 : number * input[d] + at;
      }
      seen.push_back(number);
    }
  }
  return places;
}

/// Unlike a convolution, these layers have the middle of the first window on the first place.
void padSame(Window &window, ArrayRef<int64_t> input) {
  for (size_t d = 0; d < input.size(); ++d) {
    int64_t last = (input[d] - 1) / window.strides[d] * window.strides[d];
    window.low[d] = window.size[d] / 2;
    window.high[d] = std::max<int64_t>(last + window.size[d] - input[d] - window.low[d], 0);
  }
}

struct LocallyConnected {
  LayerImport &layer;
  Window window;
  Places places;
  int64_t channels, filters;

  /// (outputs, window * channels, filters): the filter of each place, from the form that the
  /// layer's `implementation` keeps it in.
  Value kernel(int64_t implementation) {
    int64_t patch = places.window() * channels;
    if (implementation == 2)
      return picked(dense(), [&](int64_t out, int64_t seen, int64_t, int64_t channel, int64_t) {
        return (seen * channels + channel) * places.outputs() + out;
      });
    if (implementation == 3)
      return sparse();
    Value kernel = layer.parameter("kernel", {places.outputs(), patch, filters});
    if (!window.channelsFirst)
      return kernel;
    kernel = layer.reshape(kernel, {places.outputs(), channels, places.window(), filters});
    return layer.reshape(layer.transpose(kernel, {0, 2, 1, 3}), {places.outputs(), patch, filters});
  }

  /// A filter from each place of the input to each of the output, of which those in a window count:
  /// rows of filters, (inputs * channels * outputs, filters).
  Value dense() {
    int64_t rows = places.inputs() * channels * places.outputs();
    Shape shape = places.input;
    shape.insert(window.channelsFirst ? shape.begin() : shape.end(), channels);
    Shape output = places.output;
    output.insert(window.channelsFirst ? output.begin() : output.end(), filters);
    llvm::append_range(shape, output);
    Value kernel = layer.parameter("kernel", shape);
    if (window.channelsFirst) {
      kernel = layer.reshape(kernel, {channels, places.inputs(), filters, places.outputs()});
      kernel = layer.transpose(kernel, {1, 0, 3, 2});
    }
    return layer.reshape(kernel, {rows, filters});
  }

  /// Only what is in a window, sorted by the places in the flattened output, then input.
  Value sparse() {
    SmallVector<int64_t> before = {0}, count; // of places seen, by place of the output
    for (const auto &seen : places.windows) {
      count.push_back(llvm::count_if(seen, [](int64_t place) { return place >= 0; }));
      before.push_back(before.back() + count.back());
    }
    int64_t all = before.back();
    Value kernel = layer.parameter("kernel", {all * channels * filters});
    bool first = window.channelsFirst;
    return picked(layer.reshape(kernel, {all * channels * filters, 1}),
                  [&, first](int64_t out, int64_t, int64_t rank, int64_t channel, int64_t filter) {
                    int64_t start = first ? filter * all + before[out]
                                          : filters * before[out] + filter * count[out];
                    return start * channels +
                           (first ? channel * count[out] + rank : rank * channels + channel);
                  });
  }

  /// Rows of `table` by place of the output, place in the window, channel and, where rows have one
  /// element, filter. `row` tells which, by the number of the place that is seen, and its rank
  /// among those that are not in the padding, for which there is a row of zeros.
  Value picked(Value table, llvm::function_ref<int64_t(int64_t out, int64_t seen, int64_t rank,
                                                       int64_t channel, int64_t filter)>
                                row) {
    constexpr int64_t exact = int64_t(1) << 24; // whole numbers in float32
    if (!table)
      return {};
    int64_t rows = toShape(table)[0], width = toShape(table)[1], own = filters / width;
    if (rows >= exact) {
      layer.problem("implementation",
                    fmt::format("its kernel has {} rows, more than {}", rows, exact),
                    "build the layer with implementation=1");
      return {};
    }
    SmallVector<float> numbers;
    for (auto [out, seen] : llvm::enumerate(places.windows)) {
      int64_t rank = 0;
      for (int64_t place : seen) {
        for (int64_t channel = 0; channel < channels; ++channel)
          for (int64_t filter = 0; filter < own; ++filter)
            numbers.push_back(static_cast<float>(
                place < 0 ? rows : row(static_cast<int64_t>(out), place, rank, channel, filter)));
        rank += place >= 0;
      }
    }
    Value padded = layer.create<graph::PadOp>(table, ArrayRef<int64_t>{0, 0},
                                              ArrayRef<int64_t>{1, 0}, APFloat(0.0));
    Value rowsOf = layer.create<graph::GatherOp>(padded, layer.vector(numbers), 0, 0);
    return layer.reshape(rowsOf, {places.outputs(), places.window() * channels, filters});
  }

  /// (batch, outputs, window * channels): what each place of the output sees.
  Value patches(Value x) {
    SmallVector<int64_t> low = {0}, high = {0};
    llvm::append_range(low, window.low);
    llvm::append_range(high, window.high);
    low.push_back(0);
    high.push_back(0);
    x = layer.create<graph::PadOp>(x, low, high, APFloat(0.0));
    SmallVector<Value> parts;
    for (int64_t k = 0; k < places.window(); ++k) {
      SmallVector<int64_t> start = {0}, limit = {-1}, strides = {1};
      for (auto [d, offset] : llvm::enumerate(coordinates(k, window.size))) {
        start.push_back(offset);
        strides.push_back(window.strides[d]);
        limit.push_back(offset + (places.output[d] - 1) * window.strides[d] + 1);
      }
      start.push_back(0);
      limit.push_back(channels);
      strides.push_back(1);
      parts.push_back(layer.reshape(layer.create<graph::SliceOp>(x, start, limit, strides),
                                    {ShapedType::kDynamic, places.outputs(), channels}));
    }
    return layer.create<graph::ConcatenateOp>(parts, 2);
  }

  /// Keras reads the bias in the order of the output's memory, whatever data_format is.
  Value withBias(Value y) {
    Shape shape = places.output;
    shape.push_back(filters);
    Value bias = layer.parameter("bias", shape);
    if (window.channelsFirst)
      std::rotate(shape.begin(), shape.end() - 1, shape.end());
    return layer.create<graph::AddOp>(y, layer.reshape(bias, shape));
  }
};
} // namespace

/// https://www.tensorflow.org/versions/r2.15/api_docs/python/tf/keras/layers/LocallyConnected2D
void importLocallyConnected(LayerImport &layer) {
  size_t spatial = layer.spatialDimensions();
  auto [window, filters, useBias, activation] = readFilterLayer(layer);
  int64_t implementation = layer.positive("implementation", 1);
  if (implementation > 3)
    layer.problem("implementation", fmt::format("implementation is {}", implementation),
                  "give 1, 2 or 3");
  if (window.causal || (window.same && implementation == 1))
    layer.problem("padding",
                  window.causal ? "padding is 'causal'" : "implementation 1 has no padding 'same'",
                  "give 'valid'");
  Value x = window.placeInput(layer);
  if (!x)
    return;
  Shape shape = toShape(x);
  if (window.same)
    padSame(window, ArrayRef(shape).slice(1, spatial));
  LocallyConnected local{layer, window, placesOf(window, ArrayRef(shape).slice(1, spatial)),
                         shape.back(), filters};
  Value y =
      layer.create<graph::EinsumOp>("bok,okf->bof", local.patches(x), local.kernel(implementation));
  SmallVector<int64_t> output = {ShapedType::kDynamic};
  llvm::append_range(output, local.places.output);
  output.push_back(filters);
  y = window.restore(layer, layer.reshape(y, output));
  if (useBias)
    y = local.withBias(y);
  layer.result(activate(layer, activation, y));
}

} // namespace hornet::import
