#include "keras/TrainingConfig.h"
#include "keras/LayerKeys.h"

#include <array>
#include <cctype>
#include <string_view>
#include <utility>

namespace hornet::keras {
namespace {
using formats::Json;

bool isObject(const Json &json) {
  return json.is_object() && json.contains("class_name") && json.contains("config");
}

Json valueOf(const Json &json, std::string_view key) {
  auto found = json.find(key);
  return found == json.end() ? Json() : *found;
}

/// Applies `change` to each object in a list or dict of them, and to what else stands there.
template <class Change> Json mapObjects(const Json &json, Change change) {
  if (isObject(json) || !json.is_structured())
    return change(json);
  Json result = json;
  for (auto &[key, value] : result.items())
    value = mapObjects(value, change);
  return result;
}

/// Keys of an optimizer that say nothing with this value; Keras 2's early optimizers and Keras 3's
/// have no other key that the other lacks.
struct Default {
  std::string_view key, value;
};
constexpr std::array optimizerDefaults =
    std::to_array<Default>({{"weight_decay", "null"},
                            {"clipnorm", "null"},
                            {"global_clipnorm", "null"},
                            {"clipvalue", "null"},
                            {"use_ema", "false"},
                            {"loss_scale_factor", "null"},
                            {"gradient_accumulation_steps", "null"}});

/// The classes of the names that compile() takes.
constexpr std::array optimizerNames =
    std::to_array<std::pair<std::string_view, std::string_view>>({{"adadelta", "Adadelta"},
                                                                  {"adafactor", "Adafactor"},
                                                                  {"adagrad", "Adagrad"},
                                                                  {"adam", "Adam"},
                                                                  {"adamax", "Adamax"},
                                                                  {"adamw", "AdamW"},
                                                                  {"ftrl", "Ftrl"},
                                                                  {"lamb", "Lamb"},
                                                                  {"lion", "Lion"},
                                                                  {"muon", "Muon"},
                                                                  {"nadam", "Nadam"},
                                                                  {"rmsprop", "RMSprop"},
                                                                  {"sgd", "SGD"}});

constexpr const char *legacyKey = "is_legacy_optimizer";

std::string optimizerClass(std::string name) {
  std::string lower = name;
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  for (auto [known, className] : optimizerNames)
    if (lower == known)
      name = className;
  return name;
}

/// With the class's own name, by which alone Keras finds classes in files.
Json spelledAsClass(Json optimizer) {
  if (optimizer.is_string())
    return {{"class_name", optimizerClass(optimizer)}, {"config", Json::object()}};
  if (isObject(optimizer) && optimizer.contains("class_name"))
    optimizer["class_name"] = optimizerClass(optimizer["class_name"]);
  return optimizer;
}

Json readOptimizer(Json optimizer, Generation generation) {
  if (optimizer.is_string())
    return spelledAsClass(optimizer);
  if (!isObject(optimizer))
    return optimizer;
  if (std::string name = optimizer.value("class_name", ""); name.starts_with("Custom>"))
    optimizer["class_name"] = name.substr(7);
  Json &config = optimizer["config"];
  if (!config.is_object())
    return optimizer;
  config.erase("jit_compile");
  bool legacy = generation != Generation::keras3 && valueOf(config, legacyKey) != false;
  config.erase(legacyKey);
  if (legacy)
    config[legacyKey] = true;
  if (valueOf(config, "decay") == 0)
    config.erase("decay");
  if (auto rate = config.find("lr"); rate != config.end()) {
    Json value = *rate;
    config.erase(rate);
    config["learning_rate"] = std::move(value);
  }
  return optimizer;
}

Json readLoss(const Json &loss) {
  if (!isObject(loss))
    return loss;
  Json result = loss;
  if (Json &config = result["config"]; config.is_object()) {
    if (valueOf(config, "reduction") == "auto")
      config["reduction"] = "sum_over_batch_size";
    config.erase("fn");
  }
  return result;
}

/// Keras 2 wraps the functions that metrics were given as, and has decided which accuracy is meant.
Json readMetric(const Json &metric) {
  if (!isObject(metric))
    return metric;
  const Json &config = metric["config"];
  if (metric["class_name"] != "MeanMetricWrapper" || !config.is_object() || !config.contains("fn"))
    return metric;
  return config.value("name", "") == "accuracy" ? Json("accuracy") : config["fn"];
}

Json readMetrics(const Json &metrics) {
  // Keras 2 lists them by output, even when there is one.
  bool oneOutput = metrics.is_array() && metrics.size() == 1 && metrics[0].is_array();
  return mapObjects(oneOutput ? metrics[0] : metrics, readMetric);
}

Json modernTree(const Json &json, std::string_view module) {
  return mapObjects(json, [&](const Json &item) { return modernObject(item, module); });
}

Json writeOptimizer(const TrainingConfig &training, Generation generation) {
  Json optimizer = plainObject(spelledAsClass(training.optimizer));
  if (!isObject(optimizer) || !optimizer["config"].is_object())
    return optimizer;
  Json &config = optimizer["config"];
  if (generation != Generation::keras3 && !isLegacyOptimizer(training)) {
    // As Keras from 2.11 on does, which takes any other spelling for an early optimizer.
    optimizer["class_name"] = "Custom>" + optimizer["class_name"].get<std::string>();
    config["jit_compile"] = false;
    config[legacyKey] = false;
    return optimizer;
  }
  config.erase(legacyKey);
  if (valueOf(config, "use_ema") == false)
    for (const char *key : {"ema_momentum", "ema_overwrite_frequency"})
      config.erase(key);
  for (const Default &row : optimizerDefaults)
    if (auto found = config.find(row.key);
        found != config.end() && *found == Json::parse(row.value))
      config.erase(found);
  return optimizer;
}

} // namespace

bool isLegacyOptimizer(const TrainingConfig &training) {
  return isObject(training.optimizer) && training.optimizer["config"].is_object() &&
         valueOf(training.optimizer["config"], legacyKey) == true;
}

std::optional<TrainingConfig> parseTraining(const Json &json, Generation generation) {
  if (!json.is_object())
    return std::nullopt;
  Json optimizer =
      valueOf(json, json.contains("optimizer_config") ? "optimizer_config" : "optimizer");
  if (optimizer.is_null())
    return std::nullopt;
  return TrainingConfig{.optimizer = readOptimizer(std::move(optimizer), generation),
                        .loss = mapObjects(valueOf(json, "loss"), readLoss),
                        .lossWeights = valueOf(json, "loss_weights"),
                        .metrics = readMetrics(valueOf(json, "metrics")),
                        .weightedMetrics = readMetrics(valueOf(json, "weighted_metrics"))};
}

Json toCompileConfig(const TrainingConfig &training) {
  Json optimizer = modernObject(spelledAsClass(training.optimizer), "keras.optimizers");
  if (isObject(optimizer) && optimizer["config"].is_object()) {
    Json &config = optimizer["config"];
    config.erase(legacyKey);
    if (auto rate = config.find("learning_rate"); rate != config.end())
      *rate = modernObject(*rate, "keras.optimizers.schedules");
  }
  return {{"optimizer", std::move(optimizer)},
          {"loss", modernTree(training.loss, "keras.losses")},
          {"loss_weights", training.lossWeights},
          {"metrics", modernTree(training.metrics, "keras.metrics")},
          {"weighted_metrics", modernTree(training.weightedMetrics, "keras.metrics")}};
}

Json toTrainingConfig(const TrainingConfig &training, Generation generation) {
  auto plain = [](const Json &json) { return mapObjects(json, plainObject); };
  Json loss = mapObjects(training.loss, [](const Json &item) {
    Json result = plainObject(item);
    if (isObject(result) && result["config"].is_object())
      result["config"].erase("dtype"); // Keras 2's losses have none
    return result;
  });
  return {{"loss", std::move(loss)},
          {"metrics", plain(training.metrics)},
          {"weighted_metrics", plain(training.weightedMetrics)},
          {"loss_weights", training.lossWeights},
          {"optimizer_config", writeOptimizer(training, generation)}};
}

} // namespace hornet::keras
