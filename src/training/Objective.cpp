#include "training/Objective.h"

#include <algorithm>
#include <fmt/format.h>

namespace hornet::training {

static bool isObject(const Json &json) {
  return json.is_string() || json.is_number() || (json.is_object() && json.contains("class_name"));
}

namespace {
/// One setting, such as "loss", spread over the outputs.
class PerOutput {
public:
  PerOutput(const keras::Model &model, std::string setting)
      : model(model), setting(std::move(setting)) {}

  Expected<std::vector<Json>> of(const Json &json, bool isList) const {
    size_t count = model.outputs.size();
    std::vector<Json> result(count);
    if (json.is_null())
      return result;
    if (json.is_object() && !json.contains("class_name"))
      return byName(json, std::move(result));
    // A list is one entry an output; of metrics, one list is those of the only output.
    bool nested = json.is_array() && std::ranges::none_of(json, isObject) && !json.empty();
    if (isList && !nested) {
      if (count > 1 && json.is_array() && json.size() == count)
        return std::vector<Json>(json.begin(), json.end());
      std::ranges::fill(result, json.is_array() ? json : Json::array({json}));
      return result;
    }
    if (!json.is_array()) {
      std::ranges::fill(result, json);
      return result;
    }
    if (json.size() != count)
      return refuse(fmt::format("{} entries for {} outputs", json.size(), count));
    return std::vector<Json>(json.begin(), json.end());
  }

private:
  Expected<std::vector<Json>> byName(const Json &json, std::vector<Json> result) const {
    for (const auto &[name, value] : json.items()) {
      auto output = std::ranges::find(model.outputs, name, &keras::Port::name);
      if (output == model.outputs.end())
        return refuse(fmt::format("the model has no output '{}'", name));
      result[output - model.outputs.begin()] = value;
    }
    return result;
  }

  tl::unexpected<Error> refuse(std::string reason) const {
    std::vector<std::string_view> names;
    for (const keras::Port &output : model.outputs)
      names.push_back(output.name);
    return inputError({.file = model.file,
                       .attribute = setting,
                       .reason = std::move(reason),
                       .mend = fmt::format("its outputs are: {}", fmt::join(names, ", "))});
  }

  const keras::Model &model;
  std::string setting;
};
} // namespace

static std::vector<std::vector<Json>> asLists(const std::vector<Json> &perOutput) {
  std::vector<std::vector<Json>> lists;
  for (const Json &json : perOutput) {
    if (json.is_array())
      lists.emplace_back(json.begin(), json.end());
    else if (json.is_null())
      lists.emplace_back();
    else
      lists.push_back({json});
    std::erase_if(lists.back(), [](const Json &entry) { return entry.is_null(); });
  }
  return lists;
}

Expected<Objective> Objective::of(const keras::TrainingConfig &config, const keras::Model &model) {
  Objective objective;
  objective.losses = HORNET_TRY(PerOutput(model, "loss").of(config.loss, false));
  std::vector<Json> weights =
      HORNET_TRY(PerOutput(model, "loss_weights").of(config.lossWeights, false));
  for (const Json &weight : weights)
    objective.lossWeights.push_back(weight.is_number() ? weight.get<double>() : 1);
  objective.metrics = asLists(HORNET_TRY(PerOutput(model, "metrics").of(config.metrics, true)));
  objective.weightedMetrics =
      asLists(HORNET_TRY(PerOutput(model, "weighted_metrics").of(config.weightedMetrics, true)));
  if (std::ranges::all_of(objective.losses, [](const Json &loss) { return loss.is_null(); }))
    return inputError({.file = model.file,
                       .attribute = "loss",
                       .reason = "there is no loss to train with",
                       .mend = "name one, for example --loss categorical_crossentropy"});
  return objective;
}

step::StepOptions Objective::step(step::Kind kind, const Json &optimizer) const {
  step::StepOptions step{.kind = kind, .losses = losses};
  step.lossWeights = lossWeights;
  if (kind == step::Kind::evaluate)
    return step;
  step.optimizer = optimizer;
  // The rate is an input: another one needs no other code.
  if (step.optimizer.is_object() && step.optimizer.contains("config"))
    step.optimizer["config"].erase("learning_rate");
  return step;
}

TargetForm Objective::targetForm(size_t output) const {
  Expected<Spec> loss = Spec::read(losses[output], {});
  std::string name = loss ? keras::plainName(loss->name) : "";
  if (name == "sparsecategoricalcrossentropy" || name == "categoricalgeneralizedcrossentropy")
    return TargetForm::sparse;
  if (name.starts_with("categorical") || name == "kldivergence")
    return TargetForm::oneHot;
  if (name == "ctc")
    return TargetForm::alignment;
  return TargetForm::asIs;
}

} // namespace hornet::training
