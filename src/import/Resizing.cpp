// Images of another size. Interpolation is separable: along each dimension, a sum of products with
// a matrix that is known once the shape is.

#include "import/Importers.h"

#include <cmath>
#include <fmt/format.h>
#include <numbers>
#include <numeric>

using namespace mlir;

namespace hornet::import {

namespace {
/// A weight by the distance to the point that is sampled, in pixels, and where it ends.
struct Filter {
  std::string_view name;
  double (*weight)(double distance);
  double radius;
};

double lanczos(double x, double radius) {
  double t = std::numbers::pi * x;
  return x < 1e-3 ? 1 : radius * std::sin(t) * std::sin(t / radius) / (t * t);
}
} // namespace

/// R. Keys, "Cubic convolution interpolation for digital image processing", 1981, with a = -1/2.
static constexpr Filter filters[] = {
    {"bilinear", [](double x) { return 1 - x; }, 1},
    {"bicubic",
     [](double x) {
       return x < 1 ? (1.5 * x - 2.5) * x * x + 1 : ((-0.5 * x + 2.5) * x - 4) * x + 2;
     },
     2},
    {"lanczos3", [](double x) { return lanczos(x, 3); }, 3},
    {"lanczos5", [](double x) { return lanczos(x, 5); }, 5},
};
static constexpr std::string_view interpolations[] = {"bilinear", "nearest",  "bicubic",
                                                      "lanczos3", "lanczos5", "area"};

/// No interpolation to more pixels takes any that is further away.
static constexpr int64_t furthest = 6;

/// How much of place `in` of the input the place `out` of the result takes, before the weights of a
/// place are divided by their sum. Places are pixels, whose centers lie at 0.5, 1.5, …
static double weightOf(std::string_view interpolation, bool antialias, int64_t in, int64_t out,
                       int64_t from, int64_t to) {
  double scale = static_cast<double>(from) / static_cast<double>(to);
  if (interpolation == "nearest") { // in float32, as TensorFlow rounds
    float place =
        (static_cast<float>(out) + 0.5f) * (static_cast<float>(from) / static_cast<float>(to));
    return in == std::min(static_cast<int64_t>(place), from - 1);
  }
  if (interpolation == "area") {
    double start = static_cast<double>(out) * scale, end = start + scale;
    double overlap = std::min(end, in + 1.0) - std::max(start, static_cast<double>(in));
    return std::max(overlap, 0.0);
  }
  const Filter *filter = llvm::find_if(filters, [&](auto &f) { return f.name == interpolation; });
  double widened = antialias ? std::max(scale, 1.0) : 1;
  double distance = std::abs(in + 0.5 - (out + 0.5) * scale) / widened;
  return distance < filter->radius ? filter->weight(distance) : 0;
}

namespace {
/// How each of `to` places of a dimension is a sum of `from` places.
struct Mixture {
  int64_t from, to;
  SmallVector<float> weights; ///< [from][to]

  Mixture(int64_t from, int64_t to) : from(from), to(to), weights(from * to) {}
  Mixture(int64_t from, int64_t to, std::string_view interpolation, bool antialias)
      : Mixture(from, to) {
    for (int64_t out = 0; out < to; ++out) {
      double sum = 0;
      for (int64_t in = 0; in < from; ++in)
        sum += weightOf(interpolation, antialias, in, out, from, to);
      for (int64_t in = 0; in < from; ++in)
        weights[in * to + out] =
            static_cast<float>(weightOf(interpolation, antialias, in, out, from, to) / sum);
    }
  }

  /// Of places that lie `shift` after that of which the result is a part: [from][to / from].
  SmallVector<float> shifted(int64_t shift) const {
    SmallVector<float> row(to, 0);
    for (int64_t out = 0; out < to; ++out)
      if (int64_t in = out / (to / from) + shift; in >= 0 && in < from)
        row[out] = weights[in * to + out];
    return row;
  }
};
} // namespace

static Value constant(LayerImport &layer, ArrayRef<int64_t> shape, ArrayRef<float> values) {
  auto type = RankedTensorType::get(shape, layer.builder().getF32Type());
  return graph::ConstantOp::create(layer.builder(), layer.location(),
                                   DenseElementsAttr::get(type, values));
}

/// The sum over all places: one product with the matrix of all weights.
static Value mixAll(LayerImport &layer, Value x, int64_t d, const Mixture &mixture) {
  SmallVector<int64_t> swapped = llvm::to_vector(llvm::seq<int64_t>(toShape(x).size()));
  std::swap(swapped[d], swapped.back());
  Value weights = constant(layer, {mixture.from, mixture.to}, mixture.weights);
  return layer.transpose(layer.create<graph::MatmulOp>(layer.transpose(x, swapped), weights),
                         swapped);
}

/// The same where each place becomes a whole number of places that mix it with a few neighbors
/// alone: (…, n, …) → (…, n, 1, …) times weights (n, size, 1…), for each of `shifts`.
static Value mixNeighbors(LayerImport &layer, Value x, int64_t d, const Mixture &mixture,
                          ArrayRef<int64_t> shifts) {
  Shape limit = toShape(x); // -1 for the batch
  auto rank = static_cast<int64_t>(limit.size());
  SmallVector<int64_t> low(rank, 0), high(rank, 0), start(rank, 0), ones(rank, 1);
  low[d] = std::max<int64_t>(0, -shifts.front());
  high[d] = std::max<int64_t>(0, shifts.back());
  SmallVector<int64_t> merged(limit.begin(), limit.end());
  merged.front() = ShapedType::kDynamic;
  SmallVector<int64_t> split = merged, weightShape(rank - d + 1, 1);
  split.insert(split.begin() + d + 1, 1);
  merged[d] = mixture.to;
  weightShape[0] = mixture.from;
  weightShape[1] = mixture.to / mixture.from;
  Value padded = layer.create<graph::PadOp>(x, low, high, APFloat(0.0)), sum;
  for (int64_t shift : shifts) {
    start[d] = low[d] + shift;
    limit[d] = start[d] + mixture.from;
    Value places = layer.reshape(layer.create<graph::SliceOp>(padded, start, limit, ones), split);
    Value weights = constant(layer, weightShape, mixture.shifted(shift));
    Value product = layer.create<graph::MultiplyOp>(places, weights);
    sum = sum ? layer.create<graph::AddOp>(sum, product) : product;
  }
  return layer.reshape(sum, merged);
}

/// x with `to` places along dimension d.
static Value interpolate(LayerImport &layer, Value x, int64_t d, int64_t to,
                         std::string_view interpolation, bool antialias) {
  int64_t from = toShape(x)[d], last = static_cast<int64_t>(toShape(x).size()) - 1;
  if (from == to || !layer.fits({from, to}))
    return x;
  Mixture mixture(from, to, interpolation, antialias);
  SmallVector<int64_t> shifts;
  if (to % from == 0 && d != last) // along the last one, products with a matrix have vectors
    for (int64_t shift = -furthest; shift <= furthest; ++shift)
      if (llvm::any_of(mixture.shifted(shift), [](float weight) { return weight != 0; }))
        shifts.push_back(shift);
  bool isNear = !shifts.empty() && static_cast<int64_t>(shifts.size()) < from;
  return isNear ? mixNeighbors(layer, x, d, mixture, shifts) : mixAll(layer, x, d, mixture);
}

namespace {
/// An image layer: what it makes of the two dimensions from `first` on.
struct Image {
  LayerImport &layer;
  Value x;
  int64_t first;

  int64_t height() const { return toShape(x)[first]; }
  int64_t width() const { return toShape(x)[first + 1]; }

  Image resized(int64_t toHeight, int64_t toWidth, std::string_view interpolation,
                bool antialias) const {
    Value y = interpolate(layer, x, first, toHeight, interpolation, antialias);
    return {layer, interpolate(layer, y, first + 1, toWidth, interpolation, antialias), first};
  }
  /// The part of this size in the middle.
  Image cropped(int64_t toHeight, int64_t toWidth) const {
    Shape limit = toShape(x); // -1 for the batch
    SmallVector<int64_t> start(4, 0), ones(4, 1);
    for (auto [d, to] : {std::pair(first, toHeight), {first + 1, toWidth}}) {
      start[d] = (limit[d] - to) / 2;
      limit[d] = start[d] + to;
    }
    return {layer, layer.create<graph::SliceOp>(x, start, limit, ones), first};
  }
  /// In the middle of an image of this size, or of one less: Keras pads both sides alike.
  Image padded(int64_t toHeight, int64_t toWidth, double value) const {
    SmallVector<int64_t> low(4, 0), high(4, 0);
    for (auto [d, to] : {std::pair(first, toHeight), {first + 1, toWidth}}) {
      low[d] = high[d] = (to - toShape(x)[d]) / 2;
    }
    return {layer, layer.create<graph::PadOp>(x, low, high, APFloat(value)), first};
  }
  /// The largest part in the middle that has the proportions of the target.
  Image croppedTo(int64_t toHeight, int64_t toWidth) const {
    return cropped(std::clamp<int64_t>(width() * toHeight / toWidth, 1, height()),
                   std::clamp<int64_t>(height() * toWidth / toHeight, 1, width()));
  }
  Image paddedTo(int64_t toHeight, int64_t toWidth, double value) const {
    return padded(std::max(width() * toHeight / toWidth, height()),
                  std::max(height() * toWidth / toHeight, width()), value);
  }
};
} // namespace

Value resizeImages(LayerImport &layer, const Config &config, Value x, int64_t height,
                   int64_t width) {
  static constexpr std::string_view fillModes[] = {"constant"};
  std::string interpolation = config.word("interpolation", interpolations);
  bool crop = config.flag("crop_to_aspect_ratio", false);
  bool pad = config.flag("pad_to_aspect_ratio", false);
  bool antialias = config.flag("antialias", false);
  double fill = config.number("fill_value", 0);
  config.word("fill_mode", fillModes);
  if (crop && pad)
    config.problem("pad_to_aspect_ratio", "crop_to_aspect_ratio is set, too", "set one of them");
  bool channelsFirst = config.channelsFirst();
  if (!layer.ready() || !layer.hasSpatial(x, 2, channelsFirst))
    return {};
  Image image{layer, x, channelsFirst ? 2 : 1};
  if (crop)
    image.x = image.croppedTo(height, width).x;
  if (pad)
    image.x = image.paddedTo(height, width, fill).x;
  return image.resized(height, width, interpolation, antialias).x;
}

Value scaledAndMoved(LayerImport &layer, Value x, int64_t d, int64_t to, float scale,
                     float translation, std::string_view interpolation, bool antialias) {
  int64_t from = toShape(x)[d];
  const Filter *filter = llvm::find_if(filters, [&](auto &f) { return f.name == interpolation; });
  Mixture mixture(from, to);
  float inverse = 1 / scale, widened = antialias ? std::max(inverse, 1.0f) : 1; // as TensorFlow
  for (int64_t out = 0; out < to; ++out) {
    float sample = (static_cast<float>(out) + 0.5f) * inverse - translation * inverse - 0.5f;
    if (!(sample >= -0.5f && sample <= static_cast<float>(from) - 0.5f))
      continue;
    SmallVector<double> weights(from, 0);
    for (int64_t in = 0; in < from; ++in)
      if (double distance = std::abs(sample - static_cast<float>(in)) / widened;
          distance < filter->radius)
        weights[in] = filter->weight(distance);
    double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    constexpr double none = 1000.0 * std::numeric_limits<float>::epsilon();
    for (int64_t in = 0; in < from && std::abs(sum) > none; ++in)
      mixture.weights[in * to + out] = static_cast<float>(weights[in] / sum);
  }
  return mixAll(layer, x, d, mixture);
}

/// https://keras.io/api/layers/preprocessing_layers/image_preprocessing/resizing/
void importResizing(LayerImport &layer) {
  int64_t height = layer.positive("height"), width = layer.positive("width");
  Value x = layer.input();
  if (Value resized = resizeImages(layer, layer, x, height, width))
    layer.result(resized);
}

/// https://keras.io/api/layers/preprocessing_layers/image_preprocessing/center_crop/: of an image
/// that is too small, the largest part of the wanted proportions, made larger.
void importCenterCrop(LayerImport &layer) {
  int64_t height = layer.positive("height"), width = layer.positive("width");
  bool channelsFirst = layer.channelsFirst();
  Value x = layer.input();
  if (!layer.ready() || !layer.hasSpatial(x, 2, channelsFirst))
    return;
  Image image{layer, x, channelsFirst ? 2 : 1};
  if (image.height() >= height && image.width() >= width)
    return layer.result(image.cropped(height, width).x);
  layer.result(image.croppedTo(height, width).resized(height, width, "bilinear", false).x);
}

/// https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_crop/: Keras 2 gives
/// the largest part of the wanted proportions in that size, Keras 3 the image as it is.
void importRandomCrop(LayerImport &layer) {
  int64_t height = layer.positive("height"), width = layer.positive("width");
  bool channelsFirst = layer.channelsFirst();
  Value x = layer.input();
  if (!layer.ready() || !layer.hasSpatial(x, 2, channelsFirst))
    return;
  if (layer.generation() == keras::Generation::keras3)
    return layer.result(x);
  Image image{layer, x, channelsFirst ? 2 : 1};
  layer.result(image.croppedTo(height, width).resized(height, width, "bilinear", false).x);
}

/// https://keras.io/api/layers/reshaping_layers/up_sampling2d/
void importUpSampling(LayerImport &layer) {
  static constexpr std::string_view words[] = {"nearest",  "bilinear", "bicubic",
                                               "lanczos3", "lanczos5", "area"};
  size_t spatial = layer.spatialDimensions(), first = layer.channelsFirst() ? 2 : 1;
  Config::Integers size = layer.positives("size", spatial, Config::Integers(spatial, 2));
  std::string interpolation =
      layer.word("interpolation", llvm::ArrayRef(words).take_front(spatial == 2 ? 6 : 1));
  Value x = layer.input();
  if (!layer.ready() || !layer.hasSpatial(x, spatial, first == 2))
    return;
  Shape shape = toShape(x);
  if (interpolation != "nearest" && interpolation != "area")
    return layer.result(
        Image{layer, x, static_cast<int64_t>(first)}
            .resized(shape[first] * size[0], shape[first + 1] * size[1], interpolation, false)
            .x);
  // (…, n, …) → (…, n, 1, …) → (…, n, size, …) → (…, n * size, …)
  SmallVector<int64_t> split, merged, ones;
  for (size_t i = 0; i < shape.size(); ++i) {
    bool repeated = i >= first && i < first + spatial;
    int64_t extent = i == 0 ? ShapedType::kDynamic : shape[i];
    split.push_back(extent);
    ones.push_back(1);
    merged.push_back(repeated ? extent * size[i - first] : extent);
    if (repeated) {
      split.push_back(1);
      ones.push_back(size[i - first]);
    }
  }
  if (!layer.fits(ArrayRef(merged).drop_front()))
    return;
  x = layer.create<graph::MultiplyOp>(layer.reshape(x, split), layer.splat(ones, 1));
  layer.result(layer.reshape(x, merged));
}

} // namespace hornet::import
