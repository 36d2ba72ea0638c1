#include "keras/WriteWeights.h"
#include "keras/Binding.h"
#include "keras/Config.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <map>
#include <numeric>
#include <set>

namespace hornet::keras {
namespace {
using formats::Hdf5Writer;

/// Where the layers of each model stand in Keras's order. Models are told apart by their address.
class Places {
public:
  explicit Places(const Model &model) : model(model) {}

  std::vector<int> of(const Parameter &parameter) {
    std::vector<int> result;
    for (const Model *inside = &model; const std::string &name : parameter.layerPath) {
      const Layer *layer = inside ? inside->find(name) : nullptr;
      if (!layer)
        break;
      result.push_back(placesIn(*inside)[layer - inside->layers.data()]);
      inside = layer->model.get();
    }
    return result;
  }

private:
  const std::vector<int> &placesIn(const Model &inside) {
    auto [found, isNew] = places.try_emplace(&inside);
    if (isNew) {
      std::vector<int> order = layerOrder(inside);
      found->second.resize(order.size());
      for (size_t i = 0; i < order.size(); ++i)
        found->second[order[i]] = static_cast<int>(i);
    }
    return found->second;
  }

  const Model &model;
  std::map<const Model *, std::vector<int>> places;
};

/// The numbers of the parameters, sorted as Keras orders their layers.
std::vector<size_t> inKerasOrder(const Values &values) {
  Places places(values.model);
  std::vector<std::vector<int>> keys;
  keys.reserve(values.parameters.size());
  for (const Parameter &parameter : values.parameters)
    keys.push_back(places.of(parameter));
  std::vector<size_t> order(keys.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, {}, [&](size_t i) { return std::pair(keys[i], i); });
  return order;
}

/// "dense/kernel:0"; what a nested model holds begins with the layer in it.
std::string legacyName(const Parameter &parameter) {
  std::span<const std::string> layers(parameter.layerPath);
  if (layers.size() > 1)
    layers = layers.subspan(1);
  return fmt::format("{}/{}{}{}", fmt::join(layers, "/"), parameter.path,
                     parameter.path.empty() ? "" : "/", parameter.name);
}

/// `name`, or `name_1`, … where that is taken.
std::string uniqueIn(std::set<std::string> &taken, const std::string &name) {
  std::string unique = name;
  for (int number = 1; !taken.insert(unique).second; ++number)
    unique = fmt::format("{}_{}", name, number);
  return unique;
}

/// The first weight of what the layer of `parameter` wraps.
const Tensor &firstWithin(const Values &values, const Parameter &parameter) {
  size_t depth = parameter.layerPath.size();
  auto found = std::ranges::find_if(values.parameters, [&](const Parameter &other) {
    return other.layerPath.size() > depth &&
           std::equal(parameter.layerPath.begin(), parameter.layerPath.end(),
                      other.layerPath.begin());
  });
  return values.tensors[found - values.parameters.begin()];
}

Tensor scalar(DType dtype) { return {dtype, {}}; }

} // namespace

void writeLegacyWeights(const Values &values, const std::string &root,
                        const std::string &kerasVersion, Hdf5Writer &file) {
  std::vector<size_t> order = inKerasOrder(values);
  std::vector<Parameter> sorted;
  sorted.reserve(order.size());
  for (size_t i : order)
    sorted.push_back(values.parameters[i]);
  std::map<std::string, ModelGroup> groups;
  for (ModelGroup &group : groupsOf(sorted))
    groups[group.name] = std::move(group);

  std::string prefix = root.empty() ? "" : root + "/";
  std::vector<std::string> layerNames;
  auto writeGroup = [&](const std::string &name, const std::vector<size_t> &parameters) {
    file.group(prefix + name);
    std::vector<std::string> weightNames;
    std::set<std::string> taken;
    for (size_t i : parameters) {
      weightNames.push_back(uniqueIn(taken, legacyName(sorted[i])) + ":0");
      file.dataset(fmt::format("{}{}/{}", prefix, name, weightNames.back()),
                   values.tensors[order[i]]);
    }
    file.attribute(prefix + name, "weight_names", weightNames);
  };
  for (int i : layerOrder(values.model)) {
    const Layer &layer = values.model.layers[i];
    if (layer.isInput() && values.model.isSequential())
      continue; // not one of Sequential.layers
    layerNames.push_back(layer.name);
    writeGroup(layer.name, groups[layer.name].parameters);
  }
  writeGroup("top_level_model_weights", {}); // of the model itself, beside its layers
  file.attribute(root, "layer_names", layerNames);
  file.attribute(root, "backend", "tensorflow");
  file.attribute(root, "keras_version", kerasVersion);
}

void writeKeras3Weights(const Values &values, Hdf5Writer &file) {
  std::map<std::string, int> count; // variables of each group
  file.group("layers");
  for (size_t i = 0; i < values.parameters.size(); ++i) {
    const Parameter &parameter = values.parameters[i];
    std::string group, layerName;
    size_t repeated = 0;
    std::span<const std::string> path = parameter.layerPath;
    const Model *inside = &values.model;
    for (size_t length = 1; length <= path.size(); ++length) {
      const Layer *layer = findLayer(values.model, path.first(length));
      if (inside)
        group += fmt::format("{}layers/{}", group.empty() ? "" : "/",
                             groupNames(*inside)[layer - inside->layers.data()]);
      else
        group += "/" + layer->role;
      layerName = layer->name;
      repeated = repeatedVariables(*layer);
      inside = layer->model.get();
    }
    if (!parameter.path.empty())
      group += "/" + parameter.path;
    std::string vars = group + "/vars";
    if (count[vars] == 0 && parameter.path.empty()) {
      file.group(vars);
      file.attribute(vars, "name", layerName);
      for (size_t j = 0; j < repeated; ++j)
        file.dataset(fmt::format("{}/{}", vars, count[vars]++), firstWithin(values, parameter));
    }
    file.dataset(fmt::format("{}/{}", vars, count[vars]++), values.tensors[i]);
  }
  file.group("vars");
  file.attribute("vars", "name", values.model.name);
}

void writeLegacyOptimizer(const OptimizerState &state, const std::string &name,
                          Generation generation, Hdf5Writer &file) {
  bool forKeras2 = generation != Generation::keras3;
  const std::string group = "optimizer_weights";
  std::vector<std::string> names;
  std::set<std::string> taken;
  auto write = [&](const std::string &variable, const Tensor &value) {
    names.push_back(uniqueIn(taken, variable));
    file.dataset(group + "/" + names.back(), value);
  };
  Tensor iterations = scalar(DType::i64);
  iterations.as<int64_t>()[0] = state.iterations;
  write(forKeras2 ? "iteration:0" : name + "/iteration", iterations);
  if (state.learningRate && !forKeras2) {
    Tensor rate = scalar(DType::f32);
    rate.as<float>()[0] = static_cast<float>(*state.learningRate);
    write(name + "/learning_rate", rate);
  }
  for (size_t i = 0; i < state.slots.size(); ++i) {
    const std::string &path = state.slots[i].path;
    bool named = path.find('/') != std::string::npos && !path.starts_with('/');
    write(named ? path : fmt::format("{}/variable_{}", name, i), state.slots[i].value);
  }
  file.attribute(group, "weight_names", names);
}

void writeKeras3Optimizer(const OptimizerState &state, const std::string &name, Hdf5Writer &file) {
  const std::string group = "optimizer/vars";
  int number = 0;
  auto write = [&](const Tensor &value) {
    file.dataset(fmt::format("{}/{}", group, number++), value);
  };
  Tensor iterations = scalar(DType::i64);
  iterations.as<int64_t>()[0] = state.iterations;
  write(iterations);
  if (state.learningRate) {
    Tensor rate = scalar(DType::f32);
    rate.as<float>()[0] = static_cast<float>(*state.learningRate);
    write(rate);
  }
  for (const Slot &slot : state.slots)
    write(slot.value);
  file.attribute(group, "name", name);
}

} // namespace hornet::keras
