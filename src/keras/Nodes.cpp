#include "keras/Config.h"

#include <fmt/format.h>
#include <limits>

namespace hornet::keras {
namespace {

/// A call or tensor number; -1, which no call has, when `json` is none.
int toIndex(const Json &json) {
  if (!json.is_number_integer() || json < 0 || json > std::numeric_limits<int>::max())
    return -1;
  return json.get<int>();
}

/// ["name", call, tensor], with a fourth element, kwargs, in Keras 2's nodes.
bool isTriple(const Json &json) {
  return json.is_array() && (json.size() == 3 || json.size() == 4) && json[0].is_string() &&
         json[1].is_number() && (json[2].is_number() || json[0] == "_CONSTANT_VALUE");
}

TensorRef toRef(const Json &triple) {
  return {triple[0].get<std::string>(), toIndex(triple[1]), toIndex(triple[2])};
}

/// Turns one node of either generation into a Call.
class NodeReader {
public:
  NodeReader(const std::set<std::string> &siblings, const Layer &layer, Report &report)
      : siblings(siblings), layer(layer), report(report) {}

  Call read(const Json &node) {
    if (node.is_object())
      readKeras3(node);
    else if (isTriple(node)) // an operation of Keras 2 on one tensor
      call.args.push_back(fromData(node));
    else if (node.is_array())
      readKeras2(node);
    else
      wrong(fmt::format("a node is {}, a list or an object was expected", describe(node)));
    return std::move(call);
  }

private:
  void readKeras3(const Json &node) {
    auto args = node.find("args"), kwargs = node.find("kwargs");
    if (args == node.end() || !args->is_array())
      return wrong("a node has no list 'args'");
    call.args = fromKeras3(*args);
    if (kwargs != node.end() && kwargs->is_object())
      call.kwargs = fromKeras3(*kwargs);
  }

  void readKeras2(const Json &node) {
    Json data = fromData(node);
    // Keras 2 writes one tensor as a list of one, and layers take it without the list.
    call.args.push_back(data.size() == 1 ? std::move(data[0]) : std::move(data));
  }

  Json tensor(TensorRef ref) {
    call.inputs.push_back(std::move(ref));
    return Json::object({{std::string(tensorKey), call.inputs.size() - 1}});
  }

  template <class Convert> Json map(const Json &json, Convert convert) {
    Json result = json.is_array() ? Json::array() : Json::object();
    for (const auto &[key, value] : json.items())
      if (json.is_array())
        result.push_back(convert(value));
      else
        result[key] = convert(value);
    return result;
  }

  Json fromKeras3(const Json &json) {
    if (json.is_object()) {
      if (json.contains(tensorKey))
        return wrong(fmt::format("a node has the key '{}'", tensorKey)), nullptr;
      if (json.value("class_name", Json()) == "__keras_tensor__")
        return fromHistory(json);
    }
    if (!json.is_structured())
      return json;
    return map(json, [this](const Json &value) { return fromKeras3(value); });
  }

  Json fromHistory(const Json &json) {
    auto config = json.find("config");
    if (config != json.end() && config->is_object()) {
      auto history = config->find("keras_history");
      if (history != config->end() && isTriple(*history))
        return tensor(toRef(*history));
    }
    return wrong("a tensor has no 'keras_history' of layer, node and tensor"), nullptr;
  }

  /// Keras 2's tensors: nested lists or dicts of triples with kwargs.
  Json fromData(const Json &json) {
    if (isTriple(json)) {
      // Every tensor of a call repeats the kwargs; the last one counts, as in Keras.
      Json value = json[0] == "_CONSTANT_VALUE" ? json[2] : tensor(toRef(json));
      if (json.size() == 4 && json[3].is_object())
        call.kwargs = fromKwargs(json[3]);
      return value;
    }
    if (!json.is_structured())
      return wrong(fmt::format("a node has {} where a tensor was expected", describe(json))), json;
    return map(json, [this](const Json &value) { return fromData(value); });
  }

  Json fromKwargs(const Json &json) {
    if (isTriple(json) && json.size() == 3 && siblings.contains(json[0].get<std::string>()))
      return tensor(toRef(json));
    if (!json.is_structured())
      return json;
    return map(json, [this](const Json &value) { return fromKwargs(value); });
  }

  void wrong(std::string reason) {
    call.unread = true;
    report.add(layer, "inbound_nodes", std::move(reason));
  }

  Call call;
  const std::set<std::string> &siblings;
  const Layer &layer;
  Report &report;
};

/// `place` leads to `json`; numbers are written so that they sort.
void collectPorts(const Json &json, const std::string &key, const std::string &name,
                  const std::vector<std::string> &place, std::vector<Port> &ports, Report &report) {
  auto within = [&](std::string step) {
    std::vector<std::string> longer = place;
    longer.push_back(std::move(step));
    return longer;
  };
  if (isTriple(json)) {
    TensorRef ref = toRef(json);
    std::string portName = name.empty() ? ref.layer : name;
    ports.push_back({std::move(portName), std::move(ref), place});
  } else if (json.is_array()) {
    for (size_t i = 0; i < json.size(); ++i)
      collectPorts(json[i], key, "", within(fmt::format("{:09}", i)), ports, report);
  } else if (json.is_object()) {
    for (const auto &[itemName, item] : json.items())
      collectPorts(item, key, itemName, within(itemName), ports, report);
  } else {
    report.add(key, fmt::format("{} has {} where layer, node and tensor were expected", key,
                                describe(json)));
    ports.push_back({name, {"", TensorRef::unknownCall}, place});
  }
}

/// As Keras 2 does: "d", "d_1", "d_2".
void makeUnique(std::vector<Port> &ports) {
  std::set<std::string> taken;
  for (Port &port : ports) {
    std::string name = port.name;
    for (int count = 1; !taken.insert(name).second; ++count)
      name = fmt::format("{}_{}", port.name, count);
    port.name = std::move(name);
  }
}
} // namespace

std::vector<Call> readNodes(const Json &nodes, const std::set<std::string> &siblings,
                            const Layer &layer, Report &report) {
  std::vector<Call> calls;
  if (!nodes.is_array()) {
    report.add(layer, "inbound_nodes",
               fmt::format("inbound_nodes is {}, a list was expected", describe(nodes)));
    calls.emplace_back().unread = true;
    return calls;
  }
  for (const Json &node : nodes)
    calls.push_back(NodeReader(siblings, layer, report).read(node));
  return calls;
}

std::vector<Port> readPorts(const Json &config, const std::string &key, Report &report) {
  std::vector<Port> ports;
  auto found = config.find(key);
  if (found != config.end())
    collectPorts(*found, key, "", {}, ports, report);
  if (ports.empty())
    report.add(key, fmt::format("{} names no layer", key));
  makeUnique(ports);
  return ports;
}

} // namespace hornet::keras
