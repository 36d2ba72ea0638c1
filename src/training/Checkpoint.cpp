#include "training/Checkpoint.h"

#include "formats/Npy.h"

#include <algorithm>
#include <bit>
#include <fmt/format.h>
#include <stdexcept>

namespace hornet::training {

namespace {
constexpr int version = 1;
constexpr std::string_view metaName = "meta", runningName = "running", statePrefix = "state/",
                           bestPrefix = "best/";
} // namespace

/// Numbers to the last bit, and what JSON has no words for: the bits as text.
static Json jsonOf(double value) { return fmt::format("{:016x}", std::bit_cast<uint64_t>(value)); }
static double numberOf(const Json &json) {
  return std::bit_cast<double>(
      static_cast<uint64_t>(std::stoull(json.get<std::string>(), nullptr, 16)));
}

static Json jsonOf(std::optional<double> value) { return value ? jsonOf(*value) : Json(); }
static std::optional<double> optionalOf(const Json &json) {
  return json.is_null() ? std::nullopt : std::optional(numberOf(json));
}

static Json jsonOf(const std::vector<Logs> &history) {
  Json epochs = Json::array();
  for (const Logs &logs : history) {
    Json epoch = Json::array();
    for (const auto &[name, value] : logs)
      epoch.push_back({name, jsonOf(value)});
    epochs.push_back(std::move(epoch));
  }
  return epochs;
}

static std::vector<Logs> historyOf(const Json &json) {
  std::vector<Logs> history;
  for (const Json &epoch : json) {
    Logs &logs = history.emplace_back();
    for (const Json &entry : epoch)
      logs.emplace_back(entry.at(0).get<std::string>(), numberOf(entry.at(1)));
  }
  return history;
}

static Json metaOf(const Checkpoint &c) {
  return {{"version", version},
          {"conditions", c.conditions},
          {"iteration", c.trainer.iteration},
          {"learning_rate", jsonOf(double(c.trainer.learningRate))},
          {"first_rate", jsonOf(double(c.firstRate))},
          {"epoch", c.epoch},
          {"step", c.step},
          {"history", jsonOf(c.history)},
          {"stopping",
           {{"wait", c.stopping.wait},
            {"best", jsonOf(c.stopping.best)},
            {"stopped", c.stoppedEarly},
            {"best_epoch", c.stopping.bestEpoch ? Json(*c.stopping.bestEpoch) : Json()}}},
          {"plateau",
           {{"wait", c.plateau.wait},
            {"cooling", c.plateau.cooling},
            {"best", jsonOf(c.plateau.best)}}},
          {"best_value", jsonOf(c.bestValue)}};
}

static void readMeta(const Json &meta, Checkpoint &c) {
  c.conditions = meta.at("conditions");
  c.trainer.iteration = meta.at("iteration");
  c.trainer.learningRate = static_cast<float>(numberOf(meta.at("learning_rate")));
  c.firstRate = static_cast<float>(numberOf(meta.at("first_rate")));
  c.epoch = meta.at("epoch");
  c.step = meta.at("step");
  if (std::min({c.trainer.iteration, c.epoch, c.step}) < 0)
    throw std::out_of_range("a count is negative");
  c.history = historyOf(meta.at("history"));
  const Json &stopping = meta.at("stopping");
  c.stopping.wait = stopping.at("wait");
  c.stopping.best = optionalOf(stopping.at("best"));
  c.stoppedEarly = stopping.at("stopped");
  if (!stopping.at("best_epoch").is_null())
    c.stopping.bestEpoch = stopping.at("best_epoch").get<int64_t>();
  const Json &plateau = meta.at("plateau");
  c.plateau.wait = plateau.at("wait");
  c.plateau.cooling = plateau.at("cooling");
  c.plateau.best = optionalOf(plateau.at("best"));
  c.bestValue = optionalOf(meta.at("best_value"));
}

Expected<void> writeCheckpoint(const std::string &path, const Checkpoint &checkpoint) {
  std::string text = metaOf(checkpoint).dump();
  Tensor meta(DType::u8, {static_cast<int64_t>(text.size())});
  std::ranges::copy(text, reinterpret_cast<char *>(meta.data()));
  const std::vector<double> &sums = checkpoint.trainer.running;
  Tensor running(DType::f64, {static_cast<int64_t>(sums.size())});
  std::ranges::copy(sums, running.as<double>().begin());
  formats::NamedTensors arrays = {{std::string(metaName), meta},
                                  {std::string(runningName), running}};
  auto add = [&](std::string_view prefix, const std::vector<Tensor> &values) {
    for (size_t i = 0; i < values.size(); ++i)
      arrays.emplace_back(fmt::format("{}{}", prefix, i), values[i]);
  };
  add(statePrefix, checkpoint.trainer.values);
  add(bestPrefix, checkpoint.best);
  return formats::writeNpzFile(path, arrays);
}

Expected<Checkpoint> readCheckpoint(const std::string &path) {
  formats::NamedTensors arrays = HORNET_TRY(formats::readNpzFile(path));
  Checkpoint checkpoint;
  std::string text;
  for (auto &[name, tensor] : arrays) {
    if (name == metaName)
      text.assign(reinterpret_cast<const char *>(tensor.data()), tensor.bytes());
    else if (name == runningName && tensor.dtype() == DType::f64)
      checkpoint.trainer.running.assign(tensor.as<double>().begin(), tensor.as<double>().end());
    else if (name.starts_with(statePrefix))
      checkpoint.trainer.values.push_back(std::move(tensor));
    else if (name.starts_with(bestPrefix))
      checkpoint.best.push_back(std::move(tensor));
  }
  Problem damaged{.file = path, .reason = "it is not a checkpoint of hornet train", .mend = ""};
  Json meta = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!meta.is_object())
    return inputError(damaged);
  try {
    if (int found = meta.at("version"); found != version)
      return inputError(
          {.file = path,
           .reason = fmt::format("the checkpoint has version {}, this Hornet {}", found, version),
           .mend = "begin the training anew, without --resume"});
    readMeta(meta, checkpoint);
  } catch (const std::exception &error) {
    damaged.reason += fmt::format(", or damaged: {}", error.what());
    return inputError(damaged);
  }
  return checkpoint;
}

} // namespace hornet::training
