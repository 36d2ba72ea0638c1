#include "training/Metrics.h"

#include "training/MetricKinds.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace hornet::training {

using keras::namesOf;
using keras::sameName;

void Metric::update(const Tensor &targets, const Tensor &predictions,
                    std::span<const float> weights) {
  Tensor floats = targets.toFloat32();
  auto count = static_cast<size_t>(predictions.shape().empty() ? 1 : predictions.shape()[0]);
  add({count, floats.as<float>(), predictions.as<float>(), weights});
}

void Metric::reset() { std::ranges::fill(sums, 0); }

size_t argmax(std::span<const float> row) { return std::ranges::max_element(row) - row.begin(); }

static std::string withBatch(Shape shape) {
  shape.insert(shape.begin(), unknownSize);
  return toString(shape);
}

static void refuseShapes(Spec &spec, const OutputShapes &shapes, std::string mend) {
  spec.refuse("",
              fmt::format("targets of shape {} do not go with an output of shape {}",
                          withBatch(shapes.target), withBatch(shapes.output)),
              std::move(mend));
}

bool checkSameShape(Spec &spec, const OutputShapes &shapes) {
  if (product(shapes.target) == product(shapes.output))
    return true;
  bool labels = product(shapes.target) * static_cast<int64_t>(lastOf(shapes.output)) ==
                product(shapes.output);
  refuseShapes(spec, shapes,
               labels ? "use the metric's sparse form, or one-hot targets"
                      : "give targets of the output's shape");
  return false;
}

bool checkLabels(Spec &spec, const OutputShapes &shapes) {
  if (product(shapes.target) * static_cast<int64_t>(lastOf(shapes.output)) ==
      product(shapes.output))
    return true;
  refuseShapes(spec, shapes,
               shapes.target == shapes.output
                   ? "use the metric for one-hot targets, or integer labels"
                   : "give one integer label for each row of the output");
  return false;
}

bool checkOneRow(Spec &spec, const OutputShapes &shapes) {
  if (shapes.output.size() == 1 && product(shapes.target) == shapes.output[0])
    return true;
  refuseShapes(spec, shapes, "it takes targets and outputs of shape (batch, classes)");
  return false;
}

namespace {

struct Alias {
  std::string_view alias, name;
};
/// Short names of Keras 3 and 2 that are no class's name.
constexpr std::array<Alias, 9> aliases{{{"bce", "BinaryCrossentropy"},
                                        {"mse", "MeanSquaredError"},
                                        {"mae", "MeanAbsoluteError"},
                                        {"mape", "MeanAbsolutePercentageError"},
                                        {"msle", "MeanSquaredLogarithmicError"},
                                        {"rmse", "RootMeanSquaredError"},
                                        {"kld", "KLDivergence"},
                                        {"logcosh", "LogCoshError"},
                                        {"log_cosh", "LogCoshError"}}};

std::vector<MetricKind> allKinds() {
  std::vector<MetricKind> all;
  for (auto table : {rowMetrics(), thresholdMetrics(), areaMetrics(), fScoreMetrics(),
                     overlapMetrics(), r2Metrics()})
    all.insert(all.end(), table.begin(), table.end());
  return all;
}

/// Source: keras.src.trainers.compile_utils.get_metric.
std::string_view accuracyFor(const OutputShapes &shapes) {
  if (lastOf(shapes.output) == 1)
    return "BinaryAccuracy";
  bool sparse = shapes.target.size() < shapes.output.size() || lastOf(shapes.target) == 1;
  return sparse ? "SparseCategoricalAccuracy" : "CategoricalAccuracy";
}

std::string_view kindName(Spec &spec, const OutputShapes &shapes) {
  if (sameName(spec.name, "accuracy") || sameName(spec.name, "acc"))
    return accuracyFor(shapes);
  const auto *alias = std::ranges::find_if(
      aliases, [&](const Alias &alias) { return sameName(alias.alias, spec.name); });
  return alias == aliases.end() ? std::string_view(spec.name) : alias->name;
}

} // namespace

Expected<std::unique_ptr<Metric>> makeMetric(const Json &json, const OutputShapes &shapes,
                                             const Problem &where) {
  Spec spec = HORNET_TRY(Spec::read(json, where));
  std::optional<std::string> given = spec.givenName();
  bool isClass = json.is_object();
  if (sameName(spec.name, "MeanMetricWrapper") && spec.has("fn")) {
    spec = HORNET_TRY(Spec::read(spec.at("fn"), where)); // Keras 2's metric of a function
    isClass = false;
  }
  // An Accuracy that was made as an object compares element by element; the name does not.
  std::string_view name = isClass && spec.name == "Accuracy" ? spec.name : kindName(spec, shapes);
  std::vector<MetricKind> kinds = allKinds();
  auto found = std::ranges::find_if(
      kinds, [&](const MetricKind &kind) { return sameName(kind.name, name); });
  std::unique_ptr<Metric> metric;
  if (found == kinds.end()) {
    std::vector<std::string_view> names{"accuracy"};
    for (const MetricKind &kind : kinds)
      names.push_back(kind.defaultName);
    spec.refuseName("metric", names);
  } else {
    metric = found->make(spec, shapes);
  }
  HORNET_TRY(spec.check());
  metric->given = given ? *given : json.is_string() ? spec.name : std::string(found->defaultName);
  metric->improves = found->direction;
  return metric;
}

} // namespace hornet::training
