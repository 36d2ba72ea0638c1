#include "TrainingFlags.h"

#include "Options.h"

#include <fmt/format.h>

namespace hornet::tool {

using formats::Json;

void TrainingFlags::add(CLI::App &command) {
  addRepeated(command, "--loss", losses,
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
      ->check(fromZeroOn());
  addRepeated(command, "--metrics", metrics,
              "What to show besides the loss: accuracy, auc, …, or a config as JSON; "
              "OUTPUT=METRIC for several outputs")
      ->type_name("METRIC,…");
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
  bool isFunction = json.contains("class_name") && json["class_name"] == "function";
  if (json.contains("config") && !json["config"].is_object() && !isFunction)
    return inputError(
        {.attribute = flag,
         .reason = fmt::format("its config is {}, which is no object", json["config"].dump()),
         .mend = "give {\"class_name\": …, \"config\": {…}}"});
  return json;
}

/// At commas that are not within braces: those are JSON's.
static std::vector<std::string> splitAtCommas(const std::string &text) {
  std::vector<std::string> parts(1);
  int depth = 0;
  for (char c : text) {
    depth += (c == '{' || c == '[') - (c == '}' || c == ']');
    if (c == ',' && depth == 0)
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
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

static tl::unexpected<Error> mixed(const char *flag) {
  return inputError({.attribute = flag,
                     .reason = "some are for an output and some are not",
                     .mend = "name the output for each: OUTPUT=…"});
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
    if (!config.loss.is_null() && config.loss.is_object() == output.empty())
      return mixed("--loss");
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
  for (const std::string &list : metrics)
    for (const std::string &text : splitAtCommas(list)) {
      auto [output, value] = splitOutput(text, model);
      Json metric = HORNET_TRY(objectOf(value, "--metrics"));
      bool isNamed = config.metrics.is_object();
      if (!config.metrics.is_null() && isNamed == output.empty())
        return mixed("--metrics");
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
