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

std::optional<Images> imagesOf(Operation &op) {
  bool channelsFirst = op.channelsFirst();
  Term x = op.number("images");
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
    {"SobelEdges", importSobelEdges, "images"},
};

llvm::ArrayRef<OperationEntry> imageOperations() { return table; }

} // namespace hornet::import
