// Normalization by the statistics of a sample, or by given ones: the same while training.

#include "graph/Arithmetic.h"
#include "import/Importers.h"

#include <fmt/format.h>

using namespace mlir;

namespace hornet::import {

using graph::Term;

/// `key`: one axis or several, as dimensions of x, none of them the batch. Empty, and reported,
/// when something is wrong.
static SmallVector<int64_t> axesOf(LayerImport &layer, const Config::Integers &axes, Value x) {
  SmallVector<int64_t> dimensions;
  for (int64_t axis : axes) {
    std::optional<int64_t> dimension =
        layer.axis("axis", axis, static_cast<int64_t>(toShape(x).size()));
    if (!dimension)
      return {};
    if (*dimension == 0 || llvm::is_contained(dimensions, *dimension)) {
      layer.problem("axis",
                    *dimension == 0 ? "axis 0 is the batch"
                                    : fmt::format("axis {} is there twice", axis),
                    "name other axes, each once");
      return {};
    }
    dimensions.push_back(*dimension);
  }
  return dimensions;
}

/// The extents of x along `axes`: the shape of weights. `broadcast` has x's rank, with 1 elsewhere.
static Shape along(Value x, ArrayRef<int64_t> axes, SmallVectorImpl<int64_t> *broadcast = nullptr) {
  Shape shape = toShape(x), result;
  if (broadcast)
    broadcast->assign(shape.size(), 1);
  for (int64_t axis : axes) {
    result.push_back(shape[axis]);
    if (broadcast)
      (*broadcast)[axis] = shape[axis];
  }
  return result;
}

static double elementsAlong(Value x, ArrayRef<int64_t> axes) {
  double count = 1;
  for (int64_t extent : along(x, axes))
    count *= static_cast<double>(extent);
  return count;
}

static Term sum(Term x, ArrayRef<int64_t> axes) {
  return {x.builder, graph::ReduceSumOp::create(*x.builder, x.value, axes)};
}

static Term mean(Term x, ArrayRef<int64_t> axes) {
  return sum(x, axes) / elementsAlong(x.value, axes);
}

/// What `axes` were reduced from, for every element of x: after all that is computed of it, so that
/// no reshape stands between.
static Term forEach(Term x, Term statistic, ArrayRef<int64_t> axes) {
  SmallVector<int64_t> shape(x.type().getShape());
  for (int64_t axis : axes)
    shape[axis] = 1;
  return reshape(statistic, shape);
}

/// (x - mean) / sqrt(variance + epsilon) over `axes`, which increase.
static Term standardize(Term x, ArrayRef<int64_t> axes, double epsilon) {
  Term centered = x - forEach(x, mean(x, axes), axes);
  return centered * forEach(x, rsqrt(mean(centered * centered, axes) + epsilon), axes);
}

static double epsilonOf(LayerImport &layer, double fallback) {
  double epsilon = layer.number("epsilon", fallback);
  if (!(epsilon >= 0))
    layer.problem("epsilon", fmt::format("epsilon must not be negative, got {}", epsilon));
  return epsilon;
}

/// y * gamma + beta, weights along `axes`; those that the layer has.
static Value rescale(LayerImport &layer, Value y, ArrayRef<int64_t> axes, bool scale, bool center) {
  SmallVector<int64_t> broadcast;
  Shape shape = along(y, axes, &broadcast);
  if (scale)
    y = layer.create<graph::MultiplyOp>(y,
                                        layer.reshape(layer.parameter("gamma", shape), broadcast));
  if (center)
    y = layer.create<graph::AddOp>(y, layer.reshape(layer.parameter("beta", shape), broadcast));
  return y;
}

/// https://keras.io/api/layers/normalization_layers/layer_normalization/
void importLayerNormalization(LayerImport &layer) {
  Config::Integers given = layer.integers("axis", Config::Integers{-1});
  double epsilon = epsilonOf(layer, 1e-3);
  bool scale = layer.flag("scale", true), center = layer.flag("center", true);
  if (layer.flag("rms_scaling", false))
    layer.problem("rms_scaling", "layer normalization with rms_scaling is not supported",
                  "use RMSNormalization");
  Value x = layer.input();
  if (!layer.ready())
    return;
  SmallVector<int64_t> axes = axesOf(layer, given, x), ordered = axes;
  if (axes.empty())
    return;
  llvm::sort(ordered);
  ImplicitLocOpBuilder builder(layer.location(), layer.builder());
  Term y = standardize({&builder, x}, ordered, epsilon);
  layer.result(rescale(layer, y.value, axes, scale, center));
}

/// https://keras.io/api/layers/normalization_layers/rms_normalization/
void importRmsNormalization(LayerImport &layer) {
  Config::Integers given = layer.integers("axis", Config::Integers{-1});
  double epsilon = epsilonOf(layer, 1e-6);
  Value x = layer.input();
  if (!layer.ready())
    return;
  SmallVector<int64_t> axes = axesOf(layer, given, x), ordered = axes, broadcast;
  if (axes.empty())
    return;
  llvm::sort(ordered);
  Value scale = layer.parameter("scale", along(x, axes, &broadcast));
  scale = layer.reshape(scale, broadcast);
  if (!scale)
    return;
  ImplicitLocOpBuilder builder(layer.location(), layer.builder());
  Term term{&builder, x};
  Term y = term * forEach(term, rsqrt(mean(term * term, ordered) + epsilon), ordered);
  layer.result((y * Term{&builder, scale}).value);
}

/// https://keras.io/api/layers/normalization_layers/group_normalization/: over all but the batch
/// and the groups that the axis is split into.
void importGroupNormalization(LayerImport &layer) {
  Config::Integers given = layer.integers("axis", Config::Integers{-1});
  Config::Integers groups = layer.integers("groups", Config::Integers{32});
  double epsilon = epsilonOf(layer, 1e-3);
  bool scale = layer.flag("scale", true), center = layer.flag("center", true);
  if (given.size() != 1)
    layer.problem("axis", "axis must be one integer", "give the axis of the channels");
  if (groups.size() != 1 || groups.front() == 0 || groups.front() < -1)
    layer.problem("groups", "groups must be a positive integer, or -1 for a group each channel");
  Value x = layer.input();
  if (!layer.ready())
    return;
  SmallVector<int64_t> axes = axesOf(layer, given, x);
  if (axes.empty())
    return;
  int64_t axis = axes.front(), channels = toShape(x)[axis];
  int64_t count = groups.front() == -1 ? channels : groups.front();
  if (channels % count)
    return layer.problem("groups",
                         fmt::format("groups ({}) does not divide the {} channels of {}", count,
                                     channels, shapeOf(x)),
                         "make the number of channels a multiple of groups");
  SmallVector<int64_t> whole(cast<RankedTensorType>(x.getType()).getShape()), split = whole,
                                                                              reduced;
  split[axis] /= count;
  split.insert(split.begin() + axis, count);
  for (int64_t i = 1; i < static_cast<int64_t>(split.size()); ++i)
    if (i != axis)
      reduced.push_back(i);
  ImplicitLocOpBuilder builder(layer.location(), layer.builder());
  Term y = standardize({&builder, layer.reshape(x, split)}, reduced, epsilon);
  layer.result(rescale(layer, layer.reshape(y.value, whole), axes, scale, center));
}

/// https://keras.io/api/layers/normalization_layers/unit_normalization/
void importUnitNormalization(LayerImport &layer) {
  Config::Integers given = layer.integers("axis", Config::Integers{-1});
  Value x = layer.input();
  if (!layer.ready())
    return;
  SmallVector<int64_t> axes = axesOf(layer, given, x);
  if (axes.empty())
    return;
  llvm::sort(axes);
  ImplicitLocOpBuilder builder(layer.location(), layer.builder());
  Term term{&builder, x};
  Term factor = rsqrt(max(sum(term * term, axes), 1e-12));
  layer.result((term * forEach(term, factor, axes)).value);
}

//===----------------------------------------------------------------------===//
// Given statistics
//===----------------------------------------------------------------------===//

static void flatten(const Json &value, SmallVectorImpl<float> &numbers) {
  if (value.is_array())
    for (const Json &entry : value)
      flatten(entry, numbers);
  else if (value.is_number())
    numbers.push_back(value.get<float>());
}

/// The numbers under `key` with the shape `broadcast`; one stands for all.
static Value statistic(LayerImport &layer, std::string_view key, ArrayRef<int64_t> broadcast) {
  SmallVector<float> numbers;
  flatten(*layer.find(key), numbers);
  int64_t count = elementsOf(broadcast);
  if (numbers.size() == 1)
    return layer.scalar(numbers.front());
  if (static_cast<int64_t>(numbers.size()) == count)
    return layer.reshape(layer.vector(numbers), broadcast);
  layer.problem(std::string(key),
                fmt::format("{} must have {} numbers, has {}", key, count, numbers.size()));
  return {};
}

/// https://keras.io/api/layers/preprocessing_layers/numerical/normalization/: the statistics are in
/// the config, or weights that no training moves.
void importNormalization(LayerImport &layer) {
  constexpr double least = 1e-7; // keras.config.epsilon()
  Config::Integers given = layer.integers("axis", Config::Integers{});
  bool invert = layer.flag("invert", false);
  bool inConfig = layer.find("mean") && layer.find("variance");
  if (!inConfig && (layer.find("mean") || layer.find("variance")))
    layer.problem("mean", "only one of mean and variance is given", "give both");
  Value x = layer.input();
  if (!layer.ready())
    return;
  SmallVector<int64_t> axes = axesOf(layer, given, x), broadcast;
  if (layer.failed())
    return;
  llvm::sort(axes);
  Shape shape = along(x, axes, &broadcast);
  Value mean, variance;
  if (inConfig) {
    mean = statistic(layer, "mean", broadcast);
    variance = statistic(layer, "variance", broadcast);
  } else {
    mean = layer.reshape(layer.parameter("mean", shape, /*trainable=*/false), broadcast);
    variance = layer.reshape(layer.parameter("variance", shape, /*trainable=*/false), broadcast);
    layer.parameter("count", {}, /*trainable=*/false);
  }
  if (!mean || !variance)
    return;
  ImplicitLocOpBuilder builder(layer.location(), layer.builder());
  Term term{&builder, x}, m{&builder, mean};
  Term deviation = max(sqrt(Term{&builder, variance}), least);
  layer.result((invert ? m + term * deviation : (term - m) / deviation).value);
}

} // namespace hornet::import
