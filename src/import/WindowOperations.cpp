// keras.ops.nn: convolution and pooling, and windows as elements.

#include "import/Operation.h"
#include "import/Windows.h"

#include <fmt/format.h>

using namespace mlir;

namespace hornet::import {
namespace {

/// The spatial dimensions of images that are no layer's input, whose class would say.
std::optional<size_t> spatialOf(Operation &op, Term x) {
  int64_t rank = x.type().getRank();
  if (rank >= 3 && rank <= 5)
    return rank - 2;
  op.problem("inbound_nodes",
             fmt::format("needs images with 1 to 3 spatial dimensions, got {}", shapeOf(x.value)));
  return std::nullopt;
}

template <class Pool> void importPool(Operation &op) {
  Term x = op.number("inputs");
  std::optional<size_t> spatial = op.ready() ? spatialOf(op, x) : std::nullopt;
  if (!spatial)
    return;
  Window window = readWindow(op, "pool_size", *spatial, Config::Integers(*spatial, 2));
  Value placed = op.ready() ? window.place(op.layer, x.value) : Value();
  if (!placed)
    return;
  Value y = op.layer.create<Pool>(placed, window.size, window.strides, window.low, window.high);
  op.result(window.restore(op.layer, y));
}

template <bool mean> void importAdaptivePool(Operation &op) {
  Term x = op.number("inputs");
  std::optional<size_t> spatial = op.ready() ? spatialOf(op, x) : std::nullopt;
  if (!spatial)
    return;
  Config::Integers count = op.positives("output_size", *spatial);
  bool channelsFirst = op.channelsFirst();
  if (op.ready())
    op.result(poolAdaptively(op.layer, x.value, count, channelsFirst, mean));
}

//===----------------------------------------------------------------------===//
// Convolution
//===----------------------------------------------------------------------===//

/// Images, their window, and the filter that is called `key`.
struct Convolution {
  Term x, filter;
  Window window;
};

std::optional<Convolution> convolutionOf(Operation &op, std::string_view key) {
  Term x = op.number("inputs"), filter = op.number(key);
  std::optional<size_t> spatial = op.ready() ? spatialOf(op, x) : std::nullopt;
  if (!spatial)
    return std::nullopt;
  ArrayRef<int64_t> shape = filter.type().getShape();
  if (shape.size() != *spatial + 2 || !filter.type().hasStaticShape()) {
    op.problem(std::string(key),
               fmt::format("{} is no filter for {}", shapeOf(filter.value), shapeOf(x.value)));
    return std::nullopt;
  }
  Window window =
      windowOf(op, key, Config::Integers(shape.begin(), shape.begin() + *spatial), true);
  return op.ready() ? std::optional(Convolution{x, filter, window}) : std::nullopt;
}

Value convolve(Operation &op, Value x, Value filter, const Window &window, int64_t groups) {
  return op.layer.create<graph::ConvolutionOp>(x, filter, window.strides, window.low, window.high,
                                               window.dilations, groups);
}

/// Reports a filter for another number of channels.
bool takes(Operation &op, Value x, int64_t channels, std::string_view key, bool inGroups = false) {
  int64_t given = toShape(x).back();
  if (given == channels || (inGroups && given % channels == 0))
    return true;
  op.problem(std::string(key),
             fmt::format("the filter takes {} channels, the images have {}", channels, given));
  return false;
}

void importConv(Operation &op) {
  std::optional<Convolution> call = convolutionOf(op, "kernel");
  Value x = call ? call->window.place(op.layer, call->x.value) : Value();
  if (!x)
    return;
  ArrayRef<int64_t> filter = call->filter.type().getShape();
  int64_t taken = filter[filter.size() - 2];
  if (!takes(op, x, taken, "kernel", true))
    return;
  int64_t groups = toShape(x).back() / taken;
  if (filter.back() % groups)
    return op.problem(
        "kernel", fmt::format("{} filters do not divide into {} groups", filter.back(), groups));
  op.result(
      call->window.restore(op.layer, convolve(op, x, call->filter.value, call->window, groups)));
}

/// The images through a filter a channel; null when that does not fit.
Value convolveDepthwise(Operation &op, Convolution &call, std::string_view key) {
  Value x = call.window.place(op.layer, call.x.value);
  SmallVector<int64_t> shape(call.filter.type().getShape());
  int64_t channels = shape[shape.size() - 2];
  if (!x || !takes(op, x, channels, key))
    return {};
  shape.back() *= channels;
  shape[shape.size() - 2] = 1;
  return convolve(op, x, reshape(call.filter, shape).value, call.window, channels);
}

void importDepthwiseConv(Operation &op) {
  std::optional<Convolution> call = convolutionOf(op, "kernel");
  Value y = call ? convolveDepthwise(op, *call, "kernel") : Value();
  if (y)
    op.result(call->window.restore(op.layer, y));
}

void importSeparableConv(Operation &op) {
  std::optional<Convolution> call = convolutionOf(op, "depthwise_kernel");
  Term pointwise = op.number("pointwise_kernel");
  Value y = call && op.ready() ? convolveDepthwise(op, *call, "depthwise_kernel") : Value();
  if (!y)
    return;
  ArrayRef<int64_t> shape = pointwise.type().getShape();
  size_t spatial = call->window.size.size();
  if (shape.size() != spatial + 2 ||
      llvm::any_of(shape.drop_back(2), [](int64_t extent) { return extent != 1; }))
    return op.problem("pointwise_kernel",
                      fmt::format("{} is no filter of one place", shapeOf(pointwise.value)));
  if (!takes(op, y, shape[spatial], "pointwise_kernel"))
    return;
  Config::Integers ones(spatial, 1), zeros(spatial, 0);
  y = op.layer.create<graph::ConvolutionOp>(y, pointwise.value, ones, zeros, zeros, ones, 1);
  op.result(call->window.restore(op.layer, y));
}

void importConvTranspose(Operation &op) {
  std::optional<Convolution> call = convolutionOf(op, "kernel");
  if (!call)
    return;
  const Window &window = call->window;
  if (window.causal)
    return op.problem("padding",
                      "padding is 'causal', which a transposed convolution does not have",
                      "use 'valid' or 'same'");
  Value x = window.channelsFirst ? op.layer.channelsToLast(call->x.value) : call->x.value;
  ArrayRef<int64_t> filter = call->filter.type().getShape();
  if (!takes(op, x, filter.back(), "kernel"))
    return;
  std::optional<graph::ConvolutionShape> shape = transposedShape(op, window, x);
  if (!shape)
    return;
  SmallVector<int64_t> result(shape->input);
  result.push_back(filter[filter.size() - 2]);
  if (!op.layer.fits(result))
    return;
  Term y = graph::transposedConvolution({&op.builder, x}, call->filter, *shape);
  op.result(window.restore(op.layer, y.value));
}

//===----------------------------------------------------------------------===//
// Patches
//===----------------------------------------------------------------------===//

/// For each place in the window (in row-major order) what stands there, window by window: a slice
/// of x, whose `first` dimension is the first spatial one.
SmallVector<Term> placesOf(Term x, const Window &window, int64_t first) {
  SmallVector<Term> places;
  size_t spatial = window.size.size();
  SmallVector<int64_t> place(spatial, 0);
  for (;;) {
    SmallVector<int64_t> starts(x.type().getRank(), 0), limits, strides(x.type().getRank(), 1);
    for (int64_t extent : x.type().getShape())
      limits.push_back(ShapedType::isDynamic(extent) ? -1 : extent);
    for (size_t i = 0; i < spatial; ++i) {
      int64_t d = first + static_cast<int64_t>(i), extent = x.type().getDimSize(d);
      int64_t windows = (extent - window.span(i)) / window.strides[i];
      starts[d] = place[i] * window.dilations[i];
      limits[d] = starts[d] + windows * window.strides[i] + 1;
      strides[d] = window.strides[i];
    }
    places.push_back(
        {x.builder, x.builder->createOrFold<graph::SliceOp>(x.value, starts, limits, strides)});
    size_t d = spatial;
    while (d > 0 && ++place[d - 1] == window.size[d - 1])
      place[--d] = 0;
    if (d == 0)
      return places;
  }
}

Term padded(Term x, const Window &window, int64_t first) {
  SmallVector<int64_t> low(x.type().getRank(), 0), high = low;
  llvm::copy(window.low, low.begin() + first);
  llvm::copy(window.high, high.begin() + first);
  return {x.builder, x.builder->createOrFold<graph::PadOp>(x.value, low, high, APFloat(0.0))};
}

bool fewPlaces(Operation &op, const Window &window) {
  int64_t places = 1;
  for (int64_t size : window.size)
    places = std::min<int64_t>(places * std::min<int64_t>(size, 4096), 1 << 20);
  if (places <= 4096)
    return true;
  op.problem(std::string(window.sizeKey), "the window has more than 4096 places");
  return false;
}

void importExtractPatches(Operation &op) {
  Term x = op.number("images");
  std::optional<size_t> spatial = op.ready() ? spatialOf(op, x) : std::nullopt;
  if (!spatial)
    return;
  Window window = windowOf(op, "size", op.positives("size", *spatial), false);
  Value placed = op.ready() && fewPlaces(op, window) ? window.place(op.layer, x.value) : Value();
  if (!placed)
    return;
  SmallVector<Term> places = placesOf(padded({&op.builder, placed}, window, 1), window, 1);
  Term patches = joined(places, static_cast<int64_t>(*spatial) + 1);
  op.result(window.restore(op.layer, patches.value));
}

/// A window that PyTorch's unfold and fold have: its attributes are pairs, or one number.
Window plainWindow(Operation &op, size_t spatial) {
  Window window;
  window.sizeKey = "kernel_size";
  Config::Integers ones(spatial, 1);
  window.size = op.positives("kernel_size", spatial);
  window.strides = op.positives("stride", spatial, ones);
  window.dilations = op.positives("dilation", spatial, ones);
  Config::Integers padding = op.integers("padding", Config::Integers{0});
  if (padding.size() != 1 && padding.size() != spatial)
    op.problem("padding", fmt::format("padding must be one number, or {}", spatial));
  padding.resize(spatial, padding.empty() ? 0 : padding.front());
  window.low = window.high = padding;
  if (llvm::any_of(padding, [](int64_t p) { return p < 0; }))
    op.problem("padding", "padding must not be negative");
  return window;
}

void importUnfold(Operation &op) {
  Term x = op.number("x");
  if (!op.ready() || !op.layer.hasRank(x.value, 4, "batch, channels, height, width"))
    return;
  Window window = plainWindow(op, 2);
  if (!op.ready() || !fewPlaces(op, window))
    return;
  x = padded(x, window, 2);
  for (size_t i = 0; i < 2; ++i)
    if (window.span(i) > x.type().getDimSize(static_cast<int64_t>(i) + 2))
      return op.problem("kernel_size", "the window does not fit into the image");
  SmallVector<Term> places = placesOf(x, window, 2);
  ArrayRef<int64_t> shape = places.front().type().getShape();
  int64_t windows = shape[2] * shape[3], channels = shape[1];
  auto count = static_cast<int64_t>(places.size());
  for (Term &place : places)
    place = reshape(place, {ShapedType::kDynamic, channels, 1, windows});
  op.result(reshape(joined(places, 2), {ShapedType::kDynamic, channels * count, windows}));
}

/// (…, n, …) with zeros between the elements, each `by` after the one before.
Term spread(Term x, int64_t d, int64_t by) {
  int64_t n = x.type().getDimSize(d);
  if (by == 1)
    return x;
  Term y = expanded(x, d + 1);
  SmallVector<int64_t> low(y.type().getRank(), 0), high = low, shape(x.type().getShape());
  high[d + 1] = by - 1;
  shape[d] = n * by;
  Term padded{x.builder, graph::PadOp::create(*x.builder, y.value, low, high, APFloat(0.0))};
  return part(reshape(padded, shape), d, 0, (n - 1) * by + 1);
}

/// What stands at each place of windows (dimension `place`) added up where it came from: dimension
/// `d`, of windows, becomes one of `extent` elements.
Term foldedBack(Term x, int64_t place, int64_t d, const Window &window, size_t i, int64_t extent) {
  std::optional<Term> sum;
  for (int64_t k = 0; k < window.size[i]; ++k) {
    Term y = spread(squeezed(part(x, place, k, k + 1), {place}), d - 1, window.strides[i]);
    SmallVector<int64_t> low(y.type().getRank(), 0), high = low;
    low[d - 1] = k * window.dilations[i];
    high[d - 1] = extent - low[d - 1] - y.type().getDimSize(d - 1);
    Term placed{x.builder, graph::PadOp::create(*x.builder, y.value, low, high, APFloat(0.0))};
    sum = sum ? *sum + placed : placed;
  }
  return *sum;
}

/// The inverse of Unfold: (batch, channels * places, windows) to images.
void importFold(Operation &op) {
  Config::Integers size = op.positives("output_size", 2);
  Window window = plainWindow(op, 2);
  Term x = op.number("x");
  if (!op.ready() || !op.layer.hasRank(x.value, 3, "batch, channels * places, windows") ||
      !fewPlaces(op, window))
    return;
  int64_t places = window.size[0] * window.size[1], rows = x.type().getDimSize(1);
  SmallVector<int64_t> extents, counts;
  for (size_t i = 0; i < 2; ++i) {
    extents.push_back(size[i] + 2 * window.low[i]);
    counts.push_back((extents[i] - window.span(i)) / window.strides[i] + 1);
  }
  bool fits = extents[0] >= window.span(0) && extents[1] >= window.span(1) &&
              counts[0] * counts[1] == x.type().getDimSize(2) && rows % places == 0;
  if (!fits)
    return op.problem("output_size",
                      fmt::format("{} are no windows of {} x {} in images of {} x {}",
                                  shapeOf(x.value), window.size[0], window.size[1], size[0],
                                  size[1]));
  if (!op.layer.fits({rows / places, extents[0], extents[1]}))
    return;
  x = reshape(x, {x.type().getDimSize(0), rows / places, window.size[0], window.size[1], counts[0],
                  counts[1]});
  x = foldedBack(x, 3, 5, window, 1, extents[1]);
  x = foldedBack(x, 2, 3, window, 0, extents[0]);
  for (size_t i = 0; i < 2; ++i)
    x = part(x, static_cast<int64_t>(i) + 2, window.low[i], window.low[i] + size[i]);
  op.result(x);
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

/// Blocks of pixels as channels, or back. Images have the channels last.
template <bool toSpace> void importBlocks(Operation &op) {
  int64_t block = op.positive("block_size");
  bool channelsFirst = op.channelsFirst();
  Term x = op.number("x");
  if (!op.ready() || !op.layer.hasSpatial(x.value, 2, channelsFirst))
    return;
  if (channelsFirst)
    x.value = op.layer.channelsToLast(x.value);
  ArrayRef<int64_t> shape = x.type().getShape();
  int64_t n = shape[0], height = shape[1], width = shape[2], channels = shape[3];
  bool divides =
      toSpace ? channels % (block * block) == 0 : height % block == 0 && width % block == 0;
  if (!divides)
    return op.problem("block_size", fmt::format("blocks of {} x {} do not divide {}", block, block,
                                                shapeOf(x.value)));
  Axes order = {0, 1, 3, 2, 4, 5};
  Term y = toSpace ? reshape(x, {n, height, width, block, block, channels / (block * block)})
                   : reshape(x, {n, height / block, block, width / block, block, channels});
  y = transposed(y, order);
  y = toSpace ? reshape(y, {n, height * block, width * block, channels / (block * block)})
              : reshape(y, {n, height / block, width / block, channels * block * block});
  op.result(channelsFirst ? op.layer.channelsToSecond(y.value) : y.value);
}

} // namespace

static constexpr OperationEntry table[] = {
    {"AdaptiveAveragePool", importAdaptivePool<true>, "inputs"},
    {"AdaptiveMaxPool", importAdaptivePool<false>, "inputs"},
    {"AveragePool", importPool<graph::AveragePoolOp>, "inputs"},
    {"Conv", importConv, "inputs kernel"},
    {"ConvTranspose", importConvTranspose, "inputs kernel"},
    {"DepthToSpace", importBlocks<true>},
    {"DepthwiseConv", importDepthwiseConv, "inputs kernel"},
    {"ExtractPatches", importExtractPatches, "images"},
    {"Fold", importFold},
    {"MaxPool", importPool<graph::MaxPoolOp>, "inputs"},
    {"SeparableConv", importSeparableConv, "inputs depthwise_kernel pointwise_kernel"},
    {"SpaceToDepth", importBlocks<false>},
    {"Unfold", importUnfold},
};

llvm::ArrayRef<OperationEntry> windowOperations() { return table; }

} // namespace hornet::import
