#include "import/Importers.h"

#include <fmt/format.h>

using namespace mlir;

namespace hornet::import {

namespace {
/// The weights of a BatchNormalization; constants stand in for those that it does not have.
struct Statistics {
  Value gamma, beta, mean, variance;
};
} // namespace

static Statistics declareStatistics(LayerImport &layer, const Shape &shape, bool scale, bool center,
                                    bool renorm) {
  Statistics weights;
  weights.gamma = scale ? layer.parameter("gamma", shape) : layer.splat(shape, 1);
  weights.beta = center ? layer.parameter("beta", shape) : layer.splat(shape, 0);
  weights.mean = layer.parameter("moving_mean", shape, /*trainable=*/false);
  weights.variance = layer.parameter("moving_variance", shape, /*trainable=*/false);
  // Batch renormalization keeps more, for training alone.
  if (renorm)
    for (const char *name : {"moving_stddev", "renorm_mean", "renorm_stddev"})
      layer.parameter(name, shape, /*trainable=*/false);
  return weights;
}

namespace {
/// What a BatchNormalization does with its weights.
struct Normalization {
  double epsilon;
  std::optional<double> momentum; ///< where it is trained
  bool unbiased = false;
};
} // namespace

static Value normalize(LayerImport &layer, Value x, const Statistics &weights,
                       const Normalization &how) {
  OpBuilder &b = layer.builder();
  return layer.create<graph::BatchNormOp>(
      x, weights.gamma, weights.beta, weights.mean, weights.variance,
      b.getF64FloatAttr(how.epsilon), how.momentum ? b.getF64FloatAttr(*how.momentum) : FloatAttr(),
      how.momentum && how.unbiased ? b.getUnitAttr() : UnitAttr());
}

/// Over one dimension: the primitive wants it last.
static Value normalizeAxis(LayerImport &layer, Value x, int64_t axis, const Statistics &weights,
                           Normalization how) {
  int64_t rank = cast<RankedTensorType>(x.getType()).getRank();
  SmallVector<int64_t> toLast, back;
  for (int64_t i = 0; i < rank; ++i) {
    if (i != axis)
      toLast.push_back(i);
    back.push_back(i < axis ? i : i == axis ? rank - 1 : i - 1);
  }
  toLast.push_back(axis);
  // Keras 2 computed the variance of images by a function of TensorFlow that corrects it.
  how.unbiased = rank == 4 && layer.generation() != keras::Generation::keras3;
  if (axis == rank - 1)
    return normalize(layer, x, weights, how);
  return layer.transpose(normalize(layer, layer.transpose(x, toLast), weights, how), back);
}

/// https://keras.io/api/layers/normalization_layers/batch_normalization/
void importBatchNormalization(LayerImport &layer) {
  Config::Integers axes = layer.integers("axis", Config::Integers{-1});
  double epsilon = layer.number("epsilon", 1e-3);
  bool scale = layer.flag("scale", true), center = layer.flag("center", true);
  bool renorm = layer.flag("renorm", false);
  double momentum = layer.number("momentum", 0.99);
  if (!(epsilon >= 0))
    layer.problem("epsilon", fmt::format("epsilon must not be negative, got {}", epsilon));
  // Of Keras 1: 0 as today, 1 sample by sample, 2 by the statistics of each batch.
  const int64_t mode = layer.integers("mode", Config::Integers{0}).front();
  if (mode != 0 && mode != 1)
    layer.problem("mode",
                  fmt::format("mode {} normalizes each batch by its own statistics, so that "
                              "an answer depends on the other samples of the batch",
                              mode),
                  "train the model with mode 0");
  Value x = layer.input();
  if (!layer.ready())
    return;
  Shape shape = toShape(x), weightShape(shape.size(), 1);
  for (int64_t &axis : axes) {
    std::optional<int64_t> dimension = layer.axis("axis", axis, static_cast<int64_t>(shape.size()));
    if (!dimension)
      return;
    if (*dimension == 0)
      return layer.problem("axis", "axis 0 is the batch", "give the axis of the channels");
    axis = *dimension;
    weightShape[axis] = shape[axis];
  }
  if (axes.empty())
    return layer.problem("axis", "axis is an empty list", "give the axis of the channels");
  if (axes.size() == 1)
    weightShape = {shape[axes.front()]};
  Statistics weights = declareStatistics(layer, weightShape, scale, center, renorm);
  if (layer.failed())
    return;
  if (mode == 1)
    return importSampleMode(layer, x, weights.gamma, weights.beta, epsilon);
  Normalization how{.epsilon = epsilon, .momentum = std::nullopt};
  if (layer.trainable() && !renorm)
    how.momentum = momentum;
  Value y = axes.size() == 1 ? normalizeAxis(layer, x, axes.front(), weights, how)
                             : normalize(layer, x, weights, how);
  if (layer.trainable() && renorm)
    y.getDefiningOp()->setAttr(
        graph::untrainableAttr,
        layer.builder().getStringAttr("batch normalization with renorm cannot be trained yet"));
  layer.result(y);
}

/// A number, or a list of one number a channel; null when x has another number of channels.
static Value perChannel(LayerImport &layer, std::string_view key, double fallback, Value x) {
  const Json *value = layer.find(key);
  if (!value || !value->is_array())
    return layer.scalar(layer.number(key, fallback));
  SmallVector<float> values;
  for (const Json &entry : *value)
    if (entry.is_number())
      values.push_back(entry.get<float>());
  int64_t channels = toShape(x).back();
  if (values.size() == value->size() &&
      (values.size() == 1 || static_cast<int64_t>(values.size()) == channels))
    return layer.vector(values);
  layer.problem(std::string(key),
                fmt::format("{} must be a number, or a list of {} numbers, got {}", key, channels,
                            describe(*value)),
                "give one number, or one for each channel");
  return {};
}

/// ConvNeXt's own layer in keras.applications: a learned factor for each channel.
void importLayerScale(LayerImport &layer) {
  int64_t channels = layer.positive("projection_dim");
  Value x = layer.input();
  if (!layer.ready())
    return;
  if (toShape(x).back() != channels)
    return layer.problem("projection_dim", fmt::format("projection_dim is {}, but the input is {}",
                                                       channels, shapeOf(x)));
  layer.result(layer.create<graph::MultiplyOp>(x, layer.parameter("gamma", {channels})));
}

/// https://keras.io/api/layers/preprocessing_layers/image_preprocessing/rescaling/
void importRescaling(LayerImport &layer) {
  if (!layer.find("scale"))
    layer.problem("scale", "scale is missing", "give scale as a number");
  Value x = layer.input();
  if (!layer.ready())
    return;
  Value y = layer.create<graph::MultiplyOp>(x, perChannel(layer, "scale", 1, x));
  layer.result(layer.create<graph::AddOp>(y, perChannel(layer, "offset", 0, x)));
}

/// https://keras.io/api/layers/regularization_layers/activity_regularization/
void importActivityRegularization(LayerImport &layer) {
  Json regularizer = {{"class_name", "L1L2"},
                      {"config", {{"l1", layer.number("l1", 0)}, {"l2", layer.number("l2", 0)}}}};
  Value x = layer.input();
  if (layer.ready())
    layer.result(
        layer.create<graph::PenalizeOp>(x, layer.builder().getStringAttr(regularizer.dump())));
}

void importIdentity(LayerImport &layer) {
  if (layer.inputs().size() != 1)
    layer.problem("inbound_nodes", fmt::format("takes one input, got {}", layer.inputs().size()));
  if (layer.ready())
    layer.result(layer.inputs().front());
}

} // namespace hornet::import
