#include "runtime/Manifest.h"

#include "base/Abi.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace hornet::runtime {

using Json = nlohmann::ordered_json;

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

static Json jsonOf(const std::vector<Port> &ports) {
  Json json = Json::array();
  for (const Port &port : ports)
    json.push_back({{"name", port.name}, {"dtype", nameOf(port.dtype)}, {"shape", port.shape}});
  return json;
}

static Json jsonOf(const std::vector<Parameter> &parameters) {
  Json json = Json::array();
  for (const auto &[symbol, layerPath, name, shape, trainable, path] : parameters)
    json.push_back({{"symbol", symbol},
                    {"layer", layerPath},
                    {"name", name},
                    {"shape", shape},
                    {"trainable", trainable},
                    {"path", path}});
  return json;
}

static Json jsonOf(const std::vector<Prepared> &prepared) {
  Json json = Json::array();
  for (const auto &[dtype, shape] : prepared)
    json.push_back({{"dtype", nameOf(dtype)}, {"shape", shape}});
  return json;
}

static Json jsonOf(const EntrySignature &entry) {
  Json weights = Json::array();
  for (const WeightSlot &slot : entry.weights)
    weights.push_back(
        {{slot.source == WeightSlot::Source::prepared ? "prepared" : "parameter", slot.index}});
  return {{"weights", weights},
          {"arena", {{"bytes", entry.arena.bytes}, {"sample", entry.arena.bytesPerSample}}}};
}

static Json jsonOf(const std::vector<State> &states) {
  Json json = Json::array();
  for (const auto &[name, slot, parameter, shape, initial, input, output] : states)
    json.push_back({{"name", name},
                    {"slot", slot},
                    {"parameter", parameter ? Json(*parameter) : Json()},
                    {"shape", shape},
                    {"initial", initial},
                    {"input", input},
                    {"output", output ? Json(*output) : Json()}});
  return json;
}

std::string writeManifest(const Manifest &manifest) {
  Json json = {{"abi", abi::version},
               {"model", manifest.model},
               {"inputs", jsonOf(manifest.inputs)},
               {"outputs", jsonOf(manifest.outputs)},
               {"parameters", jsonOf(manifest.parameters)},
               {"prepared", jsonOf(manifest.prepared)},
               {"predict", jsonOf(manifest.predict)},
               {"prepare", jsonOf(manifest.prepare)},
               {"states", jsonOf(manifest.states)},
               {"sections", manifest.sections}};
  if (manifest.host)
    json["host"] = jsonOf(*manifest.host);
  if (manifest.step)
    json["step"] = {{"parameters", jsonOf(manifest.step->parameters)},
                    {"states", jsonOf(manifest.step->states)}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

//===----------------------------------------------------------------------===//
// Reading: nlohmann::json's exceptions say what is missing
//===----------------------------------------------------------------------===//

static std::vector<Port> portsOf(const Json &json) {
  std::vector<Port> ports;
  for (const Json &port : json)
    ports.push_back(
        {port.at("name"), dtypeOf(port.at("dtype").get<std::string>()).value(), port.at("shape")});
  return ports;
}

static std::vector<Parameter> parametersOf(const Json &json) {
  std::vector<Parameter> parameters;
  for (const Json &parameter : json)
    parameters.push_back({parameter.at("symbol"), parameter.at("layer"), parameter.at("name"),
                          parameter.at("shape"), parameter.at("trainable"), parameter.at("path")});
  return parameters;
}

static std::vector<Prepared> preparedOf(const Json &json) {
  std::vector<Prepared> prepared;
  for (const Json &value : json)
    prepared.push_back({dtypeOf(value.at("dtype").get<std::string>()).value(), value.at("shape")});
  return prepared;
}

static EntrySignature entryOf(const Json &json, const Manifest &manifest) {
  EntrySignature entry;
  for (const Json &slot : json.at("weights")) {
    bool prepared = slot.contains("prepared");
    size_t index = slot.at(prepared ? "prepared" : "parameter");
    if (index >= (prepared ? manifest.prepared.size() : manifest.parameters.size()))
      throw std::out_of_range(fmt::format("there is no weight {}", index));
    using Source = WeightSlot::Source;
    entry.weights.push_back({prepared ? Source::prepared : Source::parameter, index});
  }
  entry.arena = {json.at("arena").at("bytes"), json.at("arena").at("sample")};
  return entry;
}

static std::optional<size_t> indexOf(const Json &json, size_t count) {
  if (json.is_null())
    return std::nullopt;
  size_t index = json;
  if (index >= count)
    throw std::out_of_range(fmt::format("there is no port or parameter {}", index));
  return index;
}

/// `inputs`, `outputs`, `parameters`: how many there are that a state may name.
static std::vector<State> statesOf(const Json &json, size_t inputs, size_t outputs,
                                   size_t parameters) {
  std::vector<State> states;
  for (const Json &state : json)
    states.push_back({.name = state.at("name"),
                      .slot = state.at("slot"),
                      .parameter = indexOf(state.at("parameter"), parameters),
                      .shape = state.at("shape"),
                      .initial = state.at("initial"),
                      .input = indexOf(state.at("input"), inputs).value(),
                      .output = indexOf(state.at("output"), outputs)});
  return states;
}

static StepStates stepOf(const Json &json, const Manifest &manifest) {
  StepStates step{.parameters = parametersOf(json.at("parameters")), .states = {}};
  step.states = statesOf(json.at("states"), manifest.inputs.size(), manifest.outputs.size(),
                         step.parameters.size());
  return step;
}

static host::Plan hostOf(const Json &json, const Manifest &manifest) {
  host::Plan plan = host::planOf(json);
  for (const host::Value &value : plan.values)
    if (value.source == host::Value::Source::input)
      (void)manifest.inputs.at(value.index);
  if (plan.results.size() != manifest.outputs.size())
    throw std::out_of_range("a plan of other outputs");
  if (!manifest.states.empty())
    throw std::out_of_range("a plan with states");
  return plan;
}

Expected<Manifest> parseManifest(std::string_view text) {
  try {
    Json json = Json::parse(text);
    if (int version = json.at("abi"); version != abi::version)
      return inputError(
          {.attribute = "manifest",
           .reason = fmt::format("the artifact has version {} of the interface, this Hornet {}",
                                 version, abi::version),
           .mend = "compile the model again"});
    Manifest manifest{.model = json.at("model"),
                      .inputs = portsOf(json.at("inputs")),
                      .outputs = portsOf(json.at("outputs")),
                      .parameters = parametersOf(json.at("parameters")),
                      .prepared = preparedOf(json.at("prepared"))};
    manifest.predict = entryOf(json.at("predict"), manifest);
    manifest.prepare = entryOf(json.at("prepare"), manifest);
    manifest.sections = json.at("sections");
    const Json &states = json.at("states");
    manifest.states = statesOf(states, manifest.inputs.size() + states.size(),
                               manifest.outputs.size() + states.size(), 0);
    if (json.contains("host"))
      manifest.host = hostOf(json.at("host"), manifest);
    if (json.contains("step"))
      manifest.step = stepOf(json.at("step"), manifest);
    return manifest;
  } catch (const std::exception &error) {
    return inputError({.attribute = "manifest",
                       .reason = fmt::format("the manifest is damaged: {}", error.what()),
                       .mend = "compile the model again"});
  }
}

} // namespace hornet::runtime
