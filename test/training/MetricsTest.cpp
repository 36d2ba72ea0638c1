#include "training/Metrics.h"

#include "Message.h"
#include "formats/Npy.h"

#include <cmath>
#include <gmock/gmock.h>

using namespace hornet;
using namespace hornet::training;
using testing::DoubleNear;
using testing::HasSubstr;
using testing::Pointwise;

namespace {

struct Batch {
  Tensor targets, predictions;
  std::vector<float> weights;
};

Shape withoutBatch(const Tensor &tensor) {
  return {tensor.shape().begin() + 1, tensor.shape().end()};
}

std::unique_ptr<Metric> metricFor(const Json &json, const Batch &batch) {
  auto metric = makeMetric(json, {withoutBatch(batch.targets), withoutBatch(batch.predictions)});
  EXPECT_TRUE(metric) << toString(metric.error());
  return metric ? std::move(*metric) : nullptr;
}

std::vector<double> numbers(const Json &json) {
  return json.is_array() ? json.get<std::vector<double>>() : std::vector{json.get<double>()};
}

/// `expected` has the results after the first batch, after the first two, …
void expectResults(Metric &metric, std::span<const Batch> batches, const Json &expected,
                   bool weighted, double tolerance, const std::string &name) {
  metric.reset();
  for (size_t i = 0; i < expected.size(); ++i) {
    const Batch &batch = batches[i];
    metric.update(batch.targets, batch.predictions,
                  weighted ? std::span<const float>(batch.weights) : std::span<const float>());
    EXPECT_THAT(metric.result(), Pointwise(DoubleNear(tolerance), numbers(expected[i])))
        << name << (weighted ? ", weighted" : "") << ", batch " << i;
  }
}

TEST(Metrics, AreKerasAfterEveryBatch) {
  Json golden = readGolden("metrics/metrics.json");
  auto arrays = formats::readNpzFile("test/golden/training/metrics/metrics.npz");
  ASSERT_TRUE(arrays);
  auto array = [&](const std::string &name) {
    auto found = std::ranges::find(*arrays, name, [](const auto &entry) { return entry.first; });
    EXPECT_NE(found, arrays->end()) << name;
    return found->second;
  };
  EXPECT_EQ(golden["cases"].size(), 39u);
  for (const Json &example : golden["cases"]) {
    std::string name = example["name"], data = example["data"];
    std::vector<Batch> batches;
    for (int i = 0; i < 3; ++i) {
      std::string number = std::to_string(i);
      auto weights = array("sample_weight_8/" + number).as<float>();
      batches.push_back({array(data + "/y_true/" + number),
                         array(data + "/y_pred/" + number),
                         {weights.begin(), weights.end()}});
    }
    auto metric = metricFor(example, batches[0]); // has class_name and config
    ASSERT_TRUE(metric) << name;
    double tolerance = golden["tolerance"]["rtol"];
    double largest = std::abs(numbers(example["result_after_batch"][2])[0]);
    tolerance *= 1 + largest;
    expectResults(*metric, batches, example["result_after_batch"], false, tolerance, name);
    const Json &weighted = example["result_after_batch_with_sample_weight_8"];
    if (!weighted.is_null())
      expectResults(*metric, batches, weighted, true, tolerance, name);
  }
}

void flatten(const Json &json, Shape &shape, size_t depth, std::vector<float> &values) {
  if (!json.is_array())
    return values.push_back(json.get<float>());
  if (depth == shape.size())
    shape.push_back(static_cast<int64_t>(json.size()));
  for (const Json &element : json)
    flatten(element, shape, depth + 1, values);
}

Tensor tensorOf(const Json &json) {
  Shape shape;
  std::vector<float> values;
  flatten(json, shape, 0, values);
  return Tensor::fromFloats(shape, values);
}

TEST(Metrics, AreKerasWithOtherOptionsAndWithWeights) {
  Json golden = readJson("test/training/data/metrics.json");
  EXPECT_EQ(golden["cases"].size(), 40u);
  for (const Json &example : golden["cases"]) {
    std::vector<Batch> batches;
    for (const Json &batch : golden["data"][example["data"].get<std::string>()])
      batches.push_back({tensorOf(batch["targets"]), tensorOf(batch["predictions"]),
                         golden["weights"][batches.size()].get<std::vector<float>>()});
    auto metric = metricFor(example["metric"], batches[0]);
    std::string name = example["metric"].dump();
    ASSERT_TRUE(metric) << name;
    double tolerance = golden["tolerance"];
    expectResults(*metric, batches, example["plain"], false, tolerance, name);
    expectResults(*metric, batches, example["weighted"], true, tolerance, name);
  }
}

std::string resolved(const Json &json, Shape target, Shape output) {
  auto metric = makeMetric(json, {std::move(target), std::move(output)});
  if (!metric)
    return toString(metric.error());
  // Which one it is shows in what it makes of one sample: 2 classes, or 1 output.
  (*metric)->update(Tensor::fromFloats({1, 1}, std::vector{1.f}),
                    Tensor::fromFloats({1, 1}, std::vector{0.7f}));
  return (*metric)->name();
}

TEST(Metrics, AccuracyIsChosenByTheShapes) {
  auto accuracyOf = [](const Json &json, Shape targetShape, std::vector<float> target,
                       std::vector<float> output) {
    auto metric = makeMetric(json, {targetShape, {static_cast<int64_t>(output.size())}});
    EXPECT_TRUE(metric) << toString(metric.error());
    targetShape.insert(targetShape.begin(), 1);
    (*metric)->update(Tensor::fromFloats(targetShape, target),
                      Tensor::fromFloats({1, static_cast<int64_t>(output.size())}, output));
    return std::pair((*metric)->name(), (*metric)->result()[0]);
  };
  using Found = std::pair<std::string, double>;
  EXPECT_EQ(accuracyOf("accuracy", {1}, {1}, {0.7f}), (Found{"accuracy", 1}));
  EXPECT_EQ(accuracyOf("acc", {}, {2}, {0, 1, 4}), (Found{"acc", 1}));
  EXPECT_EQ(accuracyOf("acc", {1}, {2}, {0, 1, 4}), (Found{"acc", 1}));
  EXPECT_EQ(accuracyOf("Accuracy", {3}, {0, 0, 1}, {0, 1, 4}), (Found{"Accuracy", 1}));
  // Keras 2 wrote accuracy as a wrapped function.
  Json wrapped = {{"class_name", "MeanMetricWrapper"},
                  {"config", {{"name", "accuracy"}, {"fn", "categorical_accuracy"}}}};
  EXPECT_EQ(accuracyOf(wrapped, {2}, {0, 1}, {1, 2}), (Found{"accuracy", 1}));
}

TEST(Metrics, HaveTheNamesThatKerasGivesThem) {
  EXPECT_EQ(resolved("mse", {1}, {1}), "mse");
  EXPECT_EQ(resolved("mean_absolute_error", {1}, {1}), "mean_absolute_error");
  EXPECT_EQ(resolved({{"class_name", "MeanAbsoluteError"}}, {1}, {1}), "mean_absolute_error");
  EXPECT_EQ(resolved({{"class_name", "AUC"}, {"config", {{"name", "area"}}}}, {1}, {1}), "area");
}

TEST(Metrics, SayWhichWayTheyImprove) {
  auto direction = [](const char *name) { return (*makeMetric(name, {{1}, {1}}))->direction(); };
  EXPECT_EQ(direction("accuracy"), Direction::up);
  EXPECT_EQ(direction("auc"), Direction::up);
  EXPECT_EQ(direction("mse"), Direction::down);
  EXPECT_EQ(direction("false_positives"), Direction::down);
}

TEST(Metrics, GoOnFromAStateThatWasKept) {
  Tensor targets = Tensor::fromFloats({2, 1}, std::vector{1.f, 0.f});
  Tensor predictions = Tensor::fromFloats({2, 1}, std::vector{0.9f, 0.6f});
  for (const char *name : {"accuracy", "auc", "precision", "mse"}) {
    auto metric = *makeMetric(name, {{1}, {1}}), other = *makeMetric(name, {{1}, {1}});
    metric->update(targets, predictions);
    std::ranges::copy(metric->state(), other->state().begin());
    for (Metric *each : {metric.get(), other.get()})
      each->update(predictions, targets);
    EXPECT_EQ(metric->result(), other->result()) << name;
    other->reset();
    EXPECT_EQ(other->result(), (*makeMetric(name, {{1}, {1}}))->result()) << name;
  }
}

TEST(Metrics, ARunningMeanWeighsItsBatches) {
  RunningMean mean;
  EXPECT_EQ(mean.result(), 0);
  mean.add(1, 3);
  mean.add(5, 1);
  EXPECT_EQ(mean.result(), 2);
}

std::string refusedFor(const Json &json, Shape target, Shape output) {
  return refusal(makeMetric(json, {std::move(target), std::move(output)},
                            {.file = "m.keras", .attribute = "metrics"}));
}
std::string refused(const char *name, Json config, Shape target = {4}, Shape output = {4}) {
  return refusedFor(Json{{"class_name", name}, {"config", std::move(config)}}, std::move(target),
                    std::move(output));
}

TEST(Metrics, RefuseWhatKerasDoesNotKnow) {
  EXPECT_EQ(refusedFor("acuracy", {1}, {1}),
            "m.keras: 'metrics': there is no metric 'acuracy'; did you mean 'accuracy'?");
  EXPECT_THAT(refusedFor("mean_sqared_error", {1}, {1}), HasSubstr("'mean_squared_error'"));
  EXPECT_THAT(refused("AUC", {{"curve", "ROCK"}}), HasSubstr("'ROCK' is none of its values"));
  EXPECT_THAT(refused("AUC", {{"num_thresholds", 1}}), HasSubstr("1 is not between 2 and"));
  EXPECT_THAT(refused("AUC", {{"label_weights", {1, 2}}}), HasSubstr("2 weights for 4 columns"));
  EXPECT_THAT(refused("Precision", {{"thresholds", {0.5, 1.5}}}),
              HasSubstr("1.5 is not between 0 and 1"));
  EXPECT_THAT(refused("Precision", {{"thresholds", Json::array()}}), HasSubstr("there is none"));
  EXPECT_THAT(refused("Recall", {{"class_id", 4}}), HasSubstr("4 columns, and none number 4"));
  EXPECT_THAT(refused("Recall", {{"top_k", 5}}), HasSubstr("5 of 4 columns"));
  EXPECT_THAT(refused("PrecisionAtRecall", Json::object()),
              HasSubstr("'metrics.recall': PrecisionAtRecall: give a number between 0 and 1"));
  EXPECT_THAT(refused("FBetaScore", {{"beta", 0}}), HasSubstr("0 is not greater than 0"));
  EXPECT_THAT(refused("F1Score", {{"threshold", 2}}), HasSubstr("2 is not in (0, 1]"));
  EXPECT_THAT(refused("F1Score", {{"average", "all"}}), HasSubstr("'all' is none of its values"));
  EXPECT_THAT(refused("R2Score", {{"num_regressors", -1}}), HasSubstr("-1 is less than 0"));
  EXPECT_THAT(refused("MeanIoU", {{"num_classes", 0}}), HasSubstr("0 is not between 1 and"));
  EXPECT_THAT(refused("IoU", {{"num_classes", 2}}), HasSubstr("list the classes that count"));
  EXPECT_THAT(refused("IoU", {{"num_classes", 2}, {"target_class_ids", {2}}}),
              HasSubstr("2 is none of 2 classes"));
  EXPECT_THAT(refused("IoU", {{"num_classes", 2}, {"target_class_ids", {0}}, {"axis", 1}}),
              HasSubstr("'metrics.axis': IoU: 1 is not supported"));
  EXPECT_THAT(refused("CategoricalCrossentropy", {{"axis", 1}}), HasSubstr("1 is not supported"));
  EXPECT_THAT(refused("SparseTopKCategoricalAccuracy", {{"from_sorted_ids", true}}, {}),
              HasSubstr("is not supported; give scores"));
  EXPECT_THAT(refused("TopKCategoricalAccuracy", {{"k", 1.5}}), HasSubstr("1.5 is not an integer"));
}

TEST(Metrics, RefuseShapesThatDoNotFit) {
  EXPECT_EQ(refusedFor("categorical_accuracy", {1}, {10}),
            "m.keras: 'metrics': categorical_accuracy: targets of shape (None, 1) do not go with "
            "an output of shape (None, 10); use the metric's sparse form, or one-hot targets");
  EXPECT_THAT(refusedFor("sparse_categorical_accuracy", {10}, {10}),
              HasSubstr("use the metric for one-hot targets, or integer labels"));
  EXPECT_THAT(refusedFor("sparse_categorical_accuracy", {3}, {2, 10}),
              HasSubstr("one integer label for each row"));
  EXPECT_THAT(refusedFor("mse", {3}, {2}), HasSubstr("give targets of the output's shape"));
  EXPECT_THAT(refusedFor("f1_score", {2, 2}, {2, 2}), HasSubstr("(batch, classes)"));
  EXPECT_THAT(refused("MeanIoU", {{"num_classes", 4}}, {}, {4}),
              HasSubstr("there are 1 targets and 4 predictions a sample"));
}

} // namespace
