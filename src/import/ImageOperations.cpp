// keras.ops.image: images of (batch, height, width, channels), or with the channels before.

#include "import/Importers.h"
#include "import/Operation.h"

#include <cmath>
#include <fmt/format.h>

using namespace mlir;

namespace hornet::import {
namespace {

/// Images of a call, with the channels last.
struct Images {
  Term x;
  bool channelsFirst;

  int64_t channels() const { return x.type().getShape().back(); }
  void give(Operation &op, Term y) const {
    op.result(channelsFirst ? op.layer.channelsToSecond(y.value) : y.value);
  }
};

std::optional<Images> imagesOf(Operation &op, std::string_view key = "images") {
  bool channelsFirst = op.channelsFirst();
  Term x = op.number(key);
  if (!op.ready() || !op.layer.hasSpatial(x.value, 2, channelsFirst))
    return std::nullopt;
  if (channelsFirst)
    x.value = op.layer.channelsToLast(x.value);
  return Images{x, channelsFirst};
}

std::optional<Images> imagesOf(Operation &op, int64_t channels) {
  std::optional<Images> images = imagesOf(op);
  if (!images || images->channels() == channels)
    return images;
  op.problem("inbound_nodes", fmt::format("needs images of {} channels, got {}", channels,
                                          shapeOf(images->x.value)));
  return std::nullopt;
}

void importResize(Operation &op) {
  Config::Integers size = op.positives("size", 2);
  Term x = op.number("images");
  if (!op.ready())
    return;
  if (Value resized = resizeImages(op.layer, op, x.value, size[0], size[1]))
    op.result(resized);
}

/// The numbers of a constant of `count` elements; empty, and reported, for anything else.
SmallVector<float> numbersOf(Operation &op, std::string_view key, size_t count) {
  Term given = op.number(key);
  auto constant = op.ready() ? given.value.getDefiningOp<graph::ConstantOp>() : graph::ConstantOp();
  SmallVector<float> numbers;
  if (constant)
    for (const APFloat &number : constant.getValue().getValues<APFloat>())
      numbers.push_back(number.convertToFloat());
  if (op.ready() && numbers.size() != count) {
    op.problem(std::string(key), fmt::format("needs {} numbers that are known before", count),
               "give a constant");
    numbers.clear();
  }
  return numbers;
}

constexpr std::pair<std::string_view, std::string_view> samplings[] = {
    {"linear", "bilinear"},   {"bilinear", "bilinear"}, {"trilinear", "bilinear"},
    {"triangle", "bilinear"}, {"cubic", "bicubic"},     {"bicubic", "bicubic"},
    {"tricubic", "bicubic"},  {"lanczos3", "lanczos3"}, {"lanczos5", "lanczos5"},
};

void importScaleAndTranslate(Operation &op) {
  Config::Integers dimensions = op.integers("spatial_dims", Config::Integers{});
  bool antialias = !op.find("antialias") || op.flag("antialias", true);
  SmallVector<std::string_view> words(llvm::make_first_range(samplings));
  std::string method = op.word("method", words);
  SmallVector<float> scale = numbersOf(op, "scale", dimensions.size());
  SmallVector<float> translation = numbersOf(op, "translation", dimensions.size());
  Term x = op.number("images");
  const Json *sizes = op.find("output_shape");
  int64_t rank = op.ready() ? x.type().getRank() : 0;
  if (op.ready() && (!sizes || !sizes->is_array() || static_cast<int64_t>(sizes->size()) != rank))
    op.problem("output_shape", fmt::format("must be a list of {} sizes", rank));
  if (!op.ready())
    return;
  const auto *sampling = llvm::find_if(samplings, [&](auto &s) { return s.first == method; });
  for (auto [given, by, move] : llvm::zip_equal(dimensions, scale, translation)) {
    int64_t d = given < 0 ? given + rank : given;
    bool fits = d > 0 && d < rank && (*sizes)[d].is_number_integer() && (*sizes)[d] > 0 &&
                (*sizes)[d] <= largestInteger && by != 0;
    if (!fits)
      return op.problem("spatial_dims", fmt::format("dimension {} of {} cannot be scaled by {}",
                                                    given, shapeOf(x.value), by));
    auto to = (*sizes)[d].get<int64_t>();
    SmallVector<int64_t> shape(x.type().getShape());
    shape[d] = to;
    if (!op.layer.fits(shape) || !op.layer.fits({x.type().getDimSize(d), to}))
      return;
    x.value = scaledAndMoved(op.layer, x.value, d, to, by, move, sampling->second, antialias);
  }
  op.result(x);
}

//===----------------------------------------------------------------------===//
// Colors
//===----------------------------------------------------------------------===//

Term channel(Term x, int64_t i) { return part(x, 3, i, i + 1); }

void importGrayscale(Operation &op) {
  std::optional<Images> images = imagesOf(op);
  if (!images)
    return;
  if (images->channels() == 1)
    return images->give(op, images->x);
  if (images->channels() != 3)
    return op.problem("inbound_nodes",
                      fmt::format("needs 1 or 3 channels, got {}", shapeOf(images->x.value)));
  Term weights = op.constant({3, 1}, {0.2989F, 0.587F, 0.114F});
  images->give(op, graph::apply<graph::MatmulOp>(images->x, weights));
}

/// As TensorFlow computes it.
void importRgbToHsv(Operation &op) {
  std::optional<Images> images = imagesOf(op, 3);
  if (!images)
    return;
  Term r = channel(images->x, 0), g = channel(images->x, 1), b = channel(images->x, 2);
  Term value = max(max(r, g), b), range = value - min(min(r, g), b);
  Term saturation = where(value > 0, range / where(value > 0, value, 1), 0);
  Term sixth = (1.0 / 6) / where(range > 0, range, 1);
  Term hue = where(equals(r, value), sixth * (g - b),
                   where(equals(g, value), sixth * (b - r) + 2.0 / 6, sixth * (r - g) + 4.0 / 6));
  hue = where(range > 0, hue, 0);
  hue = where(hue < 0, hue + 1, hue);
  images->give(op, joined({hue, saturation, value}, 3));
}

void importHsvToRgb(Operation &op) {
  std::optional<Images> images = imagesOf(op, 3);
  if (!images)
    return;
  Term hue = channel(images->x, 0) * 6, s = channel(images->x, 1), v = channel(images->x, 2);
  auto color = [&](Term ramp) { return ((1 - s) + s * clip(ramp, 0, 1)) * v; };
  images->give(
      op, joined({color(abs(hue - 3) - 1), color(2 - abs(hue - 2)), color(2 - abs(hue - 4))}, 3));
}

//===----------------------------------------------------------------------===//
// Borders
//===----------------------------------------------------------------------===//

/// What is added (or, `cropped`, taken away) before and after `extent`; nothing, and reported, when
/// the attributes do not say, or say something impossible.
std::optional<Config::Border> borderOf(Operation &op, const char *beforeKey, const char *afterKey,
                                       const char *targetKey, int64_t extent, bool cropped) {
  auto given = [&](const char *key) -> std::optional<int64_t> {
    return op.find(key) ? std::optional(op.oneInteger(key, 0)) : std::nullopt;
  };
  auto before = given(beforeKey), after = given(afterKey), target = given(targetKey);
  if (!op.ready())
    return std::nullopt;
  int64_t change = target ? (cropped ? extent - *target : *target - extent) : 0;
  if (target && !before && after)
    before = change - *after;
  if (target && before && !after)
    after = change - *before;
  bool fits = before && after && *before >= 0 && *after >= 0 &&
              (!target || *before + *after == change) && (!cropped || *before + *after < extent);
  if (fits)
    return Config::Border{*before, *after};
  op.problem(targetKey, fmt::format("two of {}, {} and {} must be given, and fit to {}", beforeKey,
                                    afterKey, targetKey, extent));
  return std::nullopt;
}

template <bool cropped> void importBorder(Operation &op) {
  std::optional<Images> images = imagesOf(op);
  if (!images)
    return;
  Term x = images->x;
  const char *suffix = cropped ? "cropping" : "padding";
  auto key = [&](const char *side) { return fmt::format("{}_{}", side, suffix); };
  auto rows = borderOf(op, key("top").c_str(), key("bottom").c_str(), "target_height",
                       x.type().getDimSize(1), cropped);
  auto columns = rows ? borderOf(op, key("left").c_str(), key("right").c_str(), "target_width",
                                 x.type().getDimSize(2), cropped)
                      : std::nullopt;
  if (!columns)
    return;
  if (cropped) {
    x = part(x, 1, rows->first, x.type().getDimSize(1) - rows->second);
    return images->give(op, part(x, 2, columns->first, x.type().getDimSize(2) - columns->second));
  }
  SmallVector<int64_t> low = {0, rows->first, columns->first, 0};
  SmallVector<int64_t> high = {0, rows->second, columns->second, 0};
  Value y = op.layer.create<graph::PadOp>(x.value, low, high, APFloat(0.0));
  if (y)
    images->give(op, {&op.builder, y});
}

//===----------------------------------------------------------------------===//
// Filters
//===----------------------------------------------------------------------===//

/// Each channel through the filter (height, width), without padding.
Term filtered(Operation &op, Term x, int64_t height, int64_t width, ArrayRef<float> numbers) {
  int64_t channels = x.type().getShape().back();
  SmallVector<float> all;
  for (float number : numbers)
    all.append(channels, number);
  Term filter = op.constant({height, width, 1, channels}, all);
  Config::Integers ones = {1, 1}, zeros = {0, 0};
  return {&op.builder, op.layer.create<graph::ConvolutionOp>(x.value, filter.value, ones, zeros,
                                                             zeros, ones, channels)};
}

std::vector<double> gaussian(int64_t size, double sigma) {
  std::vector<double> weights;
  double sum = 0;
  for (int64_t i = 0; i < size; ++i) {
    double x = (double(i) - double(size - 1) / 2) / sigma;
    weights.push_back(std::exp(-0.5 * x * x));
    sum += weights.back();
  }
  for (double &weight : weights)
    weight /= sum;
  return weights;
}

std::optional<std::pair<double, double>> pairOf(Operation &op, const char *key) {
  const Json *json = op.find(key);
  if (json && json->is_array() && json->size() == 2 && (*json)[0].is_number() &&
      (*json)[1].is_number())
    return std::pair((*json)[0].get<double>(), (*json)[1].get<double>());
  op.problem(key, fmt::format("{} must be two numbers", key));
  return std::nullopt;
}

void importGaussianBlur(Operation &op) {
  Config::Integers size = op.positives("kernel_size", 2, Config::Integers{3, 3});
  auto sigma = pairOf(op, "sigma");
  std::optional<Images> images = imagesOf(op);
  if (!images || !sigma || !op.layer.fits({size[0], size[1], images->channels()}))
    return;
  std::vector<double> first = gaussian(size[0], sigma->first);
  std::vector<double> second = gaussian(size[1], sigma->second);
  // TensorFlow's outer product has the second one's rows, and is then read as (size[0], size[1]).
  SmallVector<float> numbers;
  for (double y : second)
    for (double x : first)
      numbers.push_back(static_cast<float>(x * y));
  SmallVector<int64_t> low = {0, (size[0] - 1) / 2, (size[1] - 1) / 2, 0};
  SmallVector<int64_t> high = {0, size[0] / 2, size[1] / 2, 0};
  Term padded{&op.builder,
              graph::PadOp::create(op.builder, images->x.value, low, high, APFloat(0.0))};
  images->give(op, filtered(op, padded, size[0], size[1], numbers));
}

/// Z. Wang et al., "Image quality assessment: from error visibility to structural similarity",
/// 2004.
void importSsim(Operation &op) {
  int64_t size = op.find("filter_size") ? op.positive("filter_size") : 11;
  double sigma = op.Config::number("filter_sigma", 1.5), most = op.Config::number("max_val", 1);
  double first = op.Config::number("k1", 0.01) * most,
         second = op.Config::number("k2", 0.03) * most;
  std::optional<Images> left = imagesOf(op, "image1"), right = imagesOf(op, "image2");
  if (!left || !right)
    return;
  Term x = left->x, y = right->x;
  if (x.type() != y.type())
    return op.problem("inbound_nodes",
                      fmt::format("compares {} with {}", shapeOf(x.value), shapeOf(y.value)));
  if (size > std::min(x.type().getDimSize(1), x.type().getDimSize(2)))
    return op.problem("filter_size",
                      fmt::format("a filter of {} does not fit into {}", size, shapeOf(x.value)));
  if (sigma <= 0)
    return op.problem("filter_sigma", "filter_sigma must be positive");
  std::vector<double> bell = gaussian(size, sigma);
  SmallVector<float> weights(bell.begin(), bell.end());
  auto mean = [&](Term t) {
    return filtered(op, filtered(op, t, size, 1, weights), 1, size, weights);
  };
  Term meanX = mean(x), meanY = mean(y), squares = square(meanX) + square(meanY);
  Term product = meanX * meanY, spread = mean(square(x)) + mean(square(y)) - squares;
  Term together = mean(x * y) - product;
  Term similarity = (2.0 * product + first * first) * (2.0 * together + second * second) /
                    ((squares + first * first) * (spread + second * second));
  op.result(squeezed(meanKeeping(similarity, {1, 2, 3}), {1, 2, 3}));
}

/// (batch, height, width, channels, 2): the change downwards, and that to the right.
void importSobelEdges(Operation &op) {
  std::optional<Images> images = imagesOf(op);
  if (!images)
    return;
  Term x = images->x;
  for (int64_t d : {1, 2}) {
    int64_t n = x.type().getDimSize(d);
    if (n < 2)
      return op.problem("inbound_nodes", "needs two rows and columns at least");
    SmallVector<int64_t> mirrored = {1};
    for (int64_t i = 0; i < n; ++i)
      mirrored.push_back(i);
    mirrored.push_back(n - 2);
    x = taken(x, d, mirrored);
  }
  Term down = filtered(op, x, 3, 3, {-1, -2, -1, 0, 0, 0, 1, 2, 1});
  Term right = filtered(op, x, 3, 3, {-1, 0, 1, -2, 0, 2, -1, 0, 1});
  Term edges = joined({expanded(down, 4), expanded(right, 4)}, 4);
  op.result(images->channelsFirst ? transposed(edges, {0, 3, 1, 2, 4}) : edges);
}

} // namespace

static constexpr OperationEntry table[] = {
    {"CropImages", importBorder<true>, "images"},
    {"GaussianBlur", importGaussianBlur, "images"},
    {"HSVToRGB", importHsvToRgb, "images"},
    {"PadImages", importBorder<false>, "images"},
    {"RGBToGrayscale", importGrayscale, "images"},
    {"RGBToHSV", importRgbToHsv, "images"},
    {"Resize", importResize, "images"},
    {"SSIM", importSsim, "image1 image2"},
    {"ScaleAndTranslate", importScaleAndTranslate, "images output_shape scale translation"},
    {"SobelEdges", importSobelEdges, "images"},
};

llvm::ArrayRef<OperationEntry> imageOperations() { return table; }

} // namespace hornet::import
