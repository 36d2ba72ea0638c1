#include "host/Plan.h"

namespace hornet::host {

static constexpr const char *sources[] = {"input", "code", "step"};

Json jsonOf(const Plan &plan) {
  Json values = Json::array(), steps = Json::array();
  for (const auto &[source, index, dtype, shape] : plan.values)
    values.push_back({{sources[static_cast<size_t>(source)], index},
                      {"dtype", nameOf(dtype)},
                      {"shape", shape}});
  for (const auto &[layer, layerClass, function, operands, settings] : plan.steps)
    steps.push_back({{"layer", layer},
                     {"class", layerClass},
                     {"function", function},
                     {"operands", operands},
                     {"settings", settings}});
  return {{"values", values},
          {"steps", steps},
          {"arguments", plan.arguments},
          {"results", plan.results}};
}

static Value valueOf(const Json &json) {
  size_t source = 0;
  while (source + 1 < std::size(sources) && !json.contains(sources[source]))
    ++source;
  return {static_cast<Value::Source>(source), json.at(sources[source]),
          dtypeOf(json.at("dtype").get<std::string>()).value(), json.at("shape")};
}

Plan planOf(const Json &json) {
  Plan plan;
  for (const Json &value : json.at("values"))
    plan.values.push_back(valueOf(value));
  auto list = [&](const Json &numbers) {
    auto indices = numbers.get<std::vector<size_t>>();
    for (size_t index : indices)
      (void)plan.values.at(index);
    return indices;
  };
  for (const Json &step : json.at("steps"))
    plan.steps.push_back({step.at("layer"), step.at("class"), step.at("function"),
                          list(step.at("operands")), step.at("settings")});
  plan.arguments = list(json.at("arguments"));
  plan.results = list(json.at("results"));
  return plan;
}

} // namespace hornet::host
