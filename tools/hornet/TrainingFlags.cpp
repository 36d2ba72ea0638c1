#include "TrainingFlags.h"

#include <fmt/format.h>

namespace hornet::tool {

using formats::Json;

void TrainingFlags::add(CLI::App &command) {
  command
      .add_option("--loss", losses,
                  "What to make small: categorical_crossentropy, mse, …, or a config as JSON; "
                  "OUTPUT=LOSS for each of several outputs")
      ->type_name("LOSS");
  command
      .add_option("--optimizer", optimizer,
                  "adadelta, adam, sgd, …, or a config as JSON: {\"class_name\": \"SGD\", "
                  "\"config\": {\"momentum\": 0.9}}")
      ->type_name("OPTIMIZER");
  command
      .add_option("--learning-rate", learningRate,
                  "Of the optimizer; by default Keras's, but 1.0 for Adadelta")
      ->type_name("RATE")
      ->check(CLI::NonNegativeNumber.description(""));
  command
      .add_option("--metrics", metrics,
                  "What to show besides the loss: accuracy, auc, …; OUTPUT=METRIC for several "
                  "outputs")
      ->type_name("METRIC")
      ->delimiter(',');
}

/// A name, or JSON where it begins like an object.
static Expected<Json> objectOf(const std::string &text, const char *flag) {
  if (!text.starts_with('{'))
    return Json(text);
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded())
    return inputError({.attribute = flag,
                       .reason = fmt::format("'{}' is not JSON", text),
                       .mend = "quote it for the shell: '{\"class_name\": …, \"config\": {…}}'"});
  return json;
}

/// "OUTPUT=VALUE" where OUTPUT is one of the model's; else the whole is the value.
static std::pair<std::string, std::string> splitOutput(const std::string &text,
                                                       const keras::Model &model) {
  size_t sign = text.find('=');
  std::string name = text.substr(0, sign);
  for (const keras::Port &output : model.outputs)
    if (sign != std::string::npos && output.name == name)
      return {name, text.substr(sign + 1)};
  return {"", text};
}

Expected<keras::TrainingConfig>
TrainingFlags::over(const std::optional<keras::TrainingConfig> &file,
                    const keras::Model &model) const {
  keras::TrainingConfig config = file.value_or(keras::TrainingConfig());
  if (!optimizer.empty()) {
    Json object = HORNET_TRY(objectOf(optimizer, "--optimizer"));
    if (object.is_string())
      object = {{"class_name", object}, {"config", Json::object()}};
    if (!object.contains("config"))
      object["config"] = Json::object();
    config.optimizer = object;
  }
  if (config.optimizer.is_null())
    return inputError({.file = model.file,
                       .attribute = "--optimizer",
                       .reason = "the file does not say how to train it",
                       .mend = "name an optimizer, for example --optimizer adadelta"});
  if (learningRate)
    config.optimizer["config"]["learning_rate"] = *learningRate;
  if (!losses.empty())
    config.loss = Json();
  for (const std::string &text : losses) {
    auto [output, value] = splitOutput(text, model);
    Json loss = HORNET_TRY(objectOf(value, "--loss"));
    if (output.empty() && losses.size() == 1)
      config.loss = loss;
    else if (output.empty())
      config.loss.push_back(loss);
    else
      config.loss[output] = loss;
  }
  if (config.loss.is_null())
    return inputError({.file = model.file,
                       .attribute = "--loss",
                       .reason = "the file does not say what to train for",
                       .mend = "name a loss, for example --loss categorical_crossentropy"});
  if (!metrics.empty())
    config.metrics = config.weightedMetrics = Json();
  for (const std::string &text : metrics) {
    auto [output, value] = splitOutput(text, model);
    Json metric = HORNET_TRY(objectOf(value, "--metrics"));
    if (output.empty())
      config.metrics.push_back(metric);
    else
      config.metrics[output].push_back(metric);
  }
  return config;
}

Expected<keras::TrainingConfig> TrainingFlags::read(const std::string &path,
                                                    const keras::Model &model) const {
  return over(HORNET_TRY(keras::readTraining(path)).config, model);
}

} // namespace hornet::tool
