#include "keras/Binding.h"
#include "keras/Config.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <set>
#include <utility>

namespace hornet::keras {
namespace {
using formats::Hdf5File;

/// The parameters that one group holds: those of one object in one layer.
struct Holder {
  std::vector<std::string> layerPath;
  std::vector<size_t> parameters;
};

class Keras3Weights : public Weights {
public:
  Keras3Weights(std::vector<Hdf5File> files, std::string name, bool windows)
      : Weights(std::move(name)), files(std::move(files)), windows(windows) {}

private:
  Expected<void> locate(Binding &binding) const override {
    std::map<std::string, Holder> holders; // by group
    HORNET_TRY(place(binding, holders));
    for (const auto &[group, holder] : holders)
      HORNET_TRY(bindGroup(group, holder, binding));
    if (binding.problems.empty() && !binding.partial)
      HORNET_TRY(findSuperfluous(binding.model, "", {}, holders, binding));
    return {};
  }

  /// Where each parameter belongs: "layers/functional/layers/dense_1/cell".
  Expected<void> place(Binding &binding, std::map<std::string, Holder> &holders) const {
    for (size_t i = 0; i < binding.parameters.size(); ++i) {
      const Parameter &parameter = binding.parameters[i];
      std::string group;
      std::span<const std::string> path = parameter.layerPath;
      const Model *inside = &binding.model;
      for (size_t length = 1; length <= path.size(); ++length) {
        const Layer *layer = findLayer(binding.model, path.first(length));
        if (!layer)
          return internalError("a parameter of a layer that the model does not have: " +
                               parameter.symbol);
        if (inside) {
          std::string list = HORNET_TRY(listIn(group));
          std::vector<std::string> names =
              HORNET_TRY(namesIn(list, *inside, path.first(length - 1), binding.parameters));
          group = fmt::format("{}/{}", list, names[layer - inside->layers.data()]);
        } else {
          group += "/" + layer->role;
        }
        inside = layer->model.get();
      }
      if (!parameter.path.empty())
        group = HORNET_TRY(member(group, parameter.path));
      Holder &holder = holders[group];
      holder.layerPath = parameter.layerPath;
      holder.parameters.push_back(i);
    }
    return {};
  }

  /// What a layer holds as an attribute: of two names for it, Keras 2 writes the private one.
  Expected<std::string> member(const std::string &layer, const std::string &attribute) const {
    std::string hidden = fmt::format("{}/_{}", layer, attribute);
    return HORNET_TRY(isGroup(hidden)) ? hidden : fmt::format("{}/{}", layer, attribute);
  }

  /// The group of a model's layers; early files of Keras 3 call it otherwise.
  Expected<std::string> listIn(const std::string &model) const {
    std::string prefix = model.empty() ? "" : model + "/";
    std::string early = prefix + "_layer_checkpoint_dependencies";
    return HORNET_TRY(childrenOf(early)).empty() ? prefix + "layers" : early;
  }

  /// The names of a model's layers in `list`; `path` leads to the model. Keras 2.12 and 2.13 met
  /// layers with weights twice while they counted, so that the second Conv2D is conv2d_2.
  Expected<std::vector<std::string>> namesIn(const std::string &list, const Model &model,
                                             std::span<const std::string> path,
                                             std::span<const Parameter> parameters) const {
    std::vector<std::string> names = groupNames(model);
    bool all = true;
    for (const std::string &name : names)
      all = all && HORNET_TRY(isGroup(list + "/" + name));
    if (all || !list.ends_with("_layer_checkpoint_dependencies"))
      return names;
    std::vector<int> steps;
    for (const Layer &layer : model.layers)
      steps.push_back(std::ranges::any_of(parameters,
                                          [&](const Parameter &parameter) {
                                            std::span<const std::string> at(parameter.layerPath);
                                            return at.size() > path.size() &&
                                                   at[path.size()] == layer.name &&
                                                   std::ranges::equal(at.first(path.size()), path);
                                          })
                          ? 2
                          : 1);
    return groupNames(model, steps);
  }

  Expected<bool> isGroup(const std::string &path) const {
    for (const Hdf5File &file : files)
      if (HORNET_TRY(file.kind(placeOf(path))) == Hdf5File::Kind::group)
        return true;
    return false;
  }

  /// How the files call a group. Keras 2 on Windows joined the steps of a path by backslashes,
  /// which HDF5 takes for a part of a name: all groups stand in the root, as "layers\\dense".
  std::string placeOf(std::string group) const {
    if (windows)
      std::ranges::replace(group, '/', '\\');
    return group;
  }

  /// The names in a list of layers.
  Expected<std::set<std::string>> childrenOf(const std::string &list) const {
    std::set<std::string> names;
    std::string prefix = windows ? placeOf(list + "/") : "";
    for (const Hdf5File &file : files) {
      std::string group = windows ? "/" : list;
      if (HORNET_TRY(file.kind(group)) != Hdf5File::Kind::group)
        continue;
      for (const std::string &name : HORNET_TRY(file.children(group)))
        if (name.starts_with(prefix))
          names.insert(name.substr(prefix.size(), name.find('\\', prefix.size()) - prefix.size()));
    }
    return names;
  }

  /// The variables of a group: in which file each is, by number. Sharded files repeat the groups,
  /// empty where another one has the values.
  Expected<std::map<std::string, const Hdf5File *>> variablesOf(const std::string &group) const {
    std::map<std::string, const Hdf5File *> variables;
    std::string vars = placeOf(group) + "/vars";
    for (const Hdf5File &file : files)
      if (HORNET_TRY(file.kind(vars)) == Hdf5File::Kind::group)
        for (const std::string &name : HORNET_TRY(file.children(vars)))
          if (name != "idf_weights") // a part of a vocabulary, read with it
            variables.emplace(name, &file);
    return variables;
  }

  Expected<void> bindGroup(const std::string &group, const Holder &holder, Binding &binding) const {
    auto variables = variablesOf(group);
    if (!variables)
      return binding.note(std::move(variables).error(), holder.layerPath, "");
    std::vector<std::string> needed;
    const Layer *layer = findLayer(binding.model, holder.layerPath);
    size_t repeated = layer && binding.parameters[holder.parameters.front()].path.empty()
                          ? repeatedVariables(*layer)
                          : 0;
    for (size_t i : holder.parameters) {
      std::string number = std::to_string(repeated + needed.size());
      needed.push_back(binding.parameters[i].name);
      if (auto found = variables->find(number); found != variables->end())
        binding.sources[i] = {found->second, fmt::format("{}/vars/{}", placeOf(group), number)};
    }
    bool complete = std::ranges::all_of(
        holder.parameters, [&](size_t i) { return binding.sources[i].file != nullptr; });
    if (complete && variables->size() == repeated + needed.size())
      return {};
    std::vector<std::string> found;
    for (const auto &[name, file] : *variables)
      found.push_back(name);
    std::string odd = found.size() < needed.size() ? needed[found.size()] : "";
    binding.add(holder.layerPath, odd,
                fmt::format("the file has {} for it in '{}/vars', the layer needs {}",
                            countOf(found), placeOf(group), countOf(needed)),
                "give weights of this very model");
    return {};
  }

  /// Values in the file that no parameter takes: the weights are another model's.
  Expected<void> findSuperfluous(const Model &model, const std::string &group,
                                 std::vector<std::string> path,
                                 const std::map<std::string, Holder> &holders,
                                 Binding &binding) const {
    std::string list = HORNET_TRY(listIn(group));
    std::vector<std::string> names = HORNET_TRY(namesIn(list, model, path, binding.parameters));
    for (const std::string &name : HORNET_TRY(childrenOf(list))) {
      std::string child = fmt::format("{}/{}", list, name);
      if (holders.contains(child) || HORNET_TRY(variablesOf(child)).empty())
        continue;
      binding.add(path, child,
                  fmt::format("the file has weights in '{}', and the layers of the model take "
                              "none there",
                              child),
                  "give weights of this very model");
    }
    for (size_t i = 0; i < names.size(); ++i)
      if (const Layer &layer = model.layers[i]; layer.model) {
        path.push_back(layer.name);
        HORNET_TRY(findSuperfluous(*layer.model, list + "/" + names[i], path, holders, binding));
        path.pop_back();
      }
    return {};
  }

  std::vector<Hdf5File> files;
  bool windows; ///< see placeOf
};
} // namespace

/// By Keras's Python class, which two classes have another name for in configurations.
static std::string groupOf(const std::string &className) {
  if (className == "Model") // of early versions of Keras 2
    return "functional";
  if (className == "GroupQueryAttention")
    return "grouped_query_attention";
  return toSnakeCase(className);
}

size_t repeatedVariables(const Layer &layer) {
  return layer.className == "SpectralNormalization" ? 1 : 0;
}

std::vector<std::string> groupNames(const Model &model, std::span<const int> steps) {
  std::map<std::string, int> count;
  std::vector<std::string> names(model.layers.size());
  for (int i : layerOrder(model)) {
    const Layer &layer = model.layers[i];
    std::string name = groupOf(layer.className);
    int number = 0;
    if (!layer.implied)
      number = std::exchange(count[name], count[name] + (steps.empty() ? 1 : steps[i]));
    names[i] = number ? fmt::format("{}_{}", name, number) : name;
  }
  return names;
}

Expected<std::shared_ptr<const Weights>> openKeras3Weights(std::vector<Hdf5File> files,
                                                           std::string name) {
  bool windows = false;
  for (const Hdf5File &file : files)
    for (const std::string &group : HORNET_TRY(file.children("/")))
      windows = windows || group.find('\\') != std::string::npos;
  return std::make_shared<const Keras3Weights>(std::move(files), std::move(name), windows);
}

} // namespace hornet::keras
