#include "keras/Keras1.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <map>
#include <set>

namespace hornet::keras {
namespace {
using formats::Hdf5File;

/// A layer's group in the file.
struct FileGroup {
  std::string name;                 ///< of the layer
  std::vector<std::string> weights; ///< paths inside its group, in Keras's order
};

/// "a/dense/kernel:0" without ":0", split at the slashes.
std::vector<std::string> componentsOf(std::string_view weight) {
  weight = weight.substr(0, weight.rfind(':'));
  std::vector<std::string> parts{""};
  for (char c : weight)
    if (c == '/')
      parts.emplace_back();
    else
      parts.back() += c;
  return parts;
}

/// Whether looking up `weight` would leave its layer's group.
bool leavesGroup(const std::string &weight) {
  return weight.empty() || weight.front() == '/' ||
         std::ranges::count(componentsOf(weight + ":"), "..") > 0;
}

/// What a file says of who wrote it.
struct Marks {
  std::optional<std::string> version, backend;
  bool numbered = false; ///< Keras 0.3: groups layer_0, layer_1, … of arrays param_0, param_1, …
};

/// Names that arrays have since Keras 2, below the layer's; Keras 1 has "dense_1_W".
constexpr std::array keras2Names = std::to_array<std::string_view>(
    {"kernel", "bias", "gamma", "embeddings", "recurrent_kernel", "depthwise_kernel", "alpha"});

/// Who wrote the arrays of `groups`. A file that does not say is Keras 1's, unless its arrays have
/// the names of Keras 2; and Theano's, when they lack the ":0" that TensorFlow gives all.
WeightsOrigin originOf(const Marks &marks, const std::vector<FileGroup> &groups) {
  bool keras2 = false, tensorflow = false;
  for (const FileGroup &group : groups)
    for (const std::string &weight : group.weights) {
      keras2 = keras2 || std::ranges::count(keras2Names, componentsOf(weight).back()) > 0;
      tensorflow = tensorflow || weight.ends_with(":0");
    }
  WeightsOrigin origin;
  origin.keras1 = marks.version ? marks.version->starts_with("1.") : !keras2;
  origin.flipped = marks.backend ? *marks.backend == "theano" : origin.keras1 && !tensorflow;
  origin.deviation = marks.numbered;
  return origin;
}

class LegacyWeights : public Weights {
public:
  LegacyWeights(Hdf5File source, std::string root, std::vector<std::string> layerNames, Marks marks)
      : Weights(source.file()), source(std::move(source)), root(std::move(root)),
        layerNames(std::move(layerNames)), marks(std::move(marks)) {}

private:
  Expected<void> locate(Binding &binding) const override {
    std::vector<FileGroup> inFile = HORNET_TRY(readGroups(binding));
    std::vector<ModelGroup> inModel = groupsOf(binding.parameters);
    if (!binding.problems.empty())
      return {};
    std::map<std::string, const FileGroup *> byName;
    for (const FileGroup &group : inFile)
      byName[group.name] = &group;
    WeightsOrigin origin = originOf(marks, inFile);
    if (binding.partial) {
      for (const ModelGroup &group : inModel)
        if (byName.contains(group.name))
          HORNET_TRY(bindGroup(*byName[group.name], group, origin, binding));
      return {};
    }
    if (inFile.size() != inModel.size()) {
      wrongCount(inFile, inModel, binding);
      return {};
    }
    // By name where the names are the same, else by position: layers may have been renamed.
    bool sameNames = byName.size() == inModel.size() &&
                     std::ranges::all_of(inModel, [&](const ModelGroup &group) {
                       return byName.contains(group.name);
                     });
    for (size_t i = 0; i < inModel.size(); ++i)
      HORNET_TRY(
          bindGroup(sameNames ? *byName[inModel[i].name] : inFile[i], inModel[i], origin, binding));
    return {};
  }

  /// The layers in the file that have weights.
  Expected<std::vector<FileGroup>> readGroups(Binding &binding) const {
    std::vector<FileGroup> groups;
    if (marks.numbered)
      return readNumbered();
    for (const std::string &layer : layerNames) {
      auto kind = source.kind(pathOf(layer));
      if (!kind) {
        HORNET_TRY(binding.note(std::move(kind).error(), {layer}, "layer_names"));
        continue;
      }
      if (*kind != Hdf5File::Kind::group) {
        binding.add({layer}, "layer_names",
                    fmt::format("layer_names lists '{}', but its group is missing", layer));
        continue;
      }
      auto weights = source.stringsAttribute(pathOf(layer), "weight_names");
      if (!weights) {
        HORNET_TRY(binding.note(std::move(weights).error(), {layer}, "weight_names"));
      } else if (!*weights) {
        binding.add({layer}, "weight_names", "the attribute weight_names is missing");
      } else if (auto bad = std::ranges::find_if(**weights, leavesGroup);
                 bad != (*weights)->end()) {
        binding.add({layer}, "weight_names",
                    fmt::format("the weight name '{}' leads out of the layer's group", *bad));
      } else if (!(*weights)->empty()) {
        groups.push_back({layer, std::move(**weights)});
      }
    }
    return groups;
  }

  Expected<std::vector<FileGroup>> readNumbered() const {
    std::vector<FileGroup> groups;
    for (int number = 0;; ++number) {
      std::string group = fmt::format("layer_{}", number);
      if (HORNET_TRY(source.kind(pathOf(group))) != Hdf5File::Kind::group)
        return groups;
      FileGroup found{group, {}};
      for (int weight = 0;; ++weight) {
        std::string name = fmt::format("param_{}", weight);
        if (!HORNET_TRY(source.kind(pathOf(group) + "/" + name)))
          break;
        found.weights.push_back(std::move(name));
      }
      if (!found.weights.empty())
        groups.push_back(std::move(found));
    }
  }

  static void wrongCount(const std::vector<FileGroup> &inFile,
                         const std::vector<ModelGroup> &inModel, Binding &binding) {
    std::vector<std::string> fileNames, modelNames;
    for (const FileGroup &group : inFile)
      fileNames.push_back(group.name);
    for (const ModelGroup &group : inModel)
      modelNames.push_back(group.name);
    auto without = [](const std::vector<std::string> &all, const std::vector<std::string> &these) {
      std::vector<std::string> rest;
      std::ranges::copy_if(all, std::back_inserter(rest), [&](const std::string &name) {
        return !std::ranges::count(these, name);
      });
      return rest;
    };
    std::string reason = fmt::format("the file has weights for {} layers, the model has {} layers "
                                     "with weights",
                                     inFile.size(), inModel.size());
    if (auto extra = without(fileNames, modelNames); !extra.empty())
      reason += fmt::format("; not in the model: '{}'", extra.front());
    if (auto lost = without(modelNames, fileNames); !lost.empty())
      reason += fmt::format("; not in the file: '{}'", lost.front());
    binding.add({}, "layer_names", std::move(reason), "give weights of this very model");
  }

  Expected<void> bindGroup(const FileGroup &inFile, const ModelGroup &inModel,
                           const WeightsOrigin &origin, Binding &binding) const {
    if (!origin.plain()) {
      std::vector<std::string> datasets;
      for (const std::string &weight : inFile.weights)
        datasets.push_back(pathOf(inFile.name) + "/" + weight);
      if (!HORNET_TRY(bindConverted(binding, source, origin, datasets, inModel.parameters)))
        wrongWeights(inFile, inModel, binding);
      return {};
    }
    if (inFile.weights.size() != inModel.parameters.size()) {
      wrongWeights(inFile, inModel, binding);
      return {};
    }
    std::vector<size_t> order = match(inFile, inModel, binding);
    for (size_t i = 0; i < order.size(); ++i)
      binding.sources[inModel.parameters[i]] = {&source, pathOf(inFile.name) + "/" +
                                                             inFile.weights[order[i]]};
    return {};
  }

  /// Which weight each parameter takes. Keras goes by position; where the names say clearly which
  /// is which, they count, so that a file saved while other layers were frozen binds too.
  static std::vector<size_t> match(const FileGroup &inFile, const ModelGroup &inModel,
                                   const Binding &binding) {
    std::vector<size_t> order(inModel.parameters.size());
    for (size_t i = 0; i < order.size(); ++i)
      order[i] = i;
    const Parameter &first = binding.parameters[inModel.parameters[0]];
    bool oneLayer = std::ranges::all_of(inModel.parameters, [&](size_t i) {
      return binding.parameters[i].layerPath == first.layerPath;
    });
    std::map<std::pair<std::string, std::string>, size_t> weights;
    for (size_t i = 0; i < inFile.weights.size(); ++i) {
      std::vector<std::string> parts = componentsOf(inFile.weights[i]);
      std::string owner = oneLayer || parts.size() < 2 ? "" : parts[parts.size() - 2];
      if (!weights.emplace(std::pair(owner, parts.back()), i).second)
        return order;
    }
    std::vector<size_t> named;
    for (size_t i : inModel.parameters) {
      const Parameter &parameter = binding.parameters[i];
      auto found = weights.find({oneLayer ? "" : parameter.layerPath.back(), parameter.name});
      if (found == weights.end())
        return order;
      named.push_back(found->second);
    }
    bool everyOnce = std::set(named.begin(), named.end()).size() == named.size();
    return everyOnce ? named : order;
  }

  void wrongWeights(const FileGroup &inFile, const ModelGroup &inModel, Binding &binding) const {
    std::vector<std::string> found, needed;
    for (const std::string &weight : inFile.weights)
      found.push_back(componentsOf(weight).back());
    for (size_t i : inModel.parameters)
      needed.push_back(binding.parameters[i].name);
    // The first name that one side has more often than the other.
    std::string odd;
    for (const auto &[longer, shorter] : {std::pair(&needed, &found), std::pair(&found, &needed)})
      for (const std::string &name : *longer)
        if (odd.empty() && std::ranges::count(*longer, name) > std::ranges::count(*shorter, name))
          odd = name;
    binding.add({inModel.name}, odd,
                fmt::format("the file has {}, the layer needs {}", countOf(found), countOf(needed)),
                "give weights of this very model");
  }

  std::string pathOf(const std::string &layer) const {
    return root.empty() ? layer : root + "/" + layer;
  }

  Hdf5File source;
  std::string root;
  std::vector<std::string> layerNames;
  Marks marks;
};
} // namespace

std::vector<ModelGroup> groupsOf(std::span<const Parameter> parameters) {
  std::vector<ModelGroup> groups;
  std::map<std::string, std::vector<size_t>> notTrained;
  for (size_t i = 0; i < parameters.size(); ++i) {
    const std::string &layer = parameters[i].layerPath.front();
    if (groups.empty() || groups.back().name != layer)
      groups.push_back({layer, {}});
    (parameters[i].trainable ? groups.back().parameters : notTrained[layer]).push_back(i);
  }
  for (ModelGroup &group : groups)
    group.parameters.insert(group.parameters.end(), notTrained[group.name].begin(),
                            notTrained[group.name].end());
  return groups;
}

Expected<std::shared_ptr<const Weights>> openLegacyWeights(Hdf5File file, std::string root) {
  std::string group = root.empty() ? "/" : root;
  auto names = HORNET_TRY(file.stringsAttribute(group, "layer_names"));
  Marks marks;
  marks.numbered = HORNET_TRY(file.numberAttribute(group, "nb_layers")).has_value();
  for (const std::string &owner : {group, std::string("/")}) {
    if (!marks.version)
      marks.version = HORNET_TRY(file.stringAttribute(owner, "keras_version"));
    if (!marks.backend)
      marks.backend = HORNET_TRY(file.stringAttribute(owner, "backend"));
  }
  if (!names && !marks.numbered)
    return inputError({file.file(), "", "", "layer_names",
                       fmt::format("the attribute layer_names of the group '{}' is missing", root),
                       "save the weights again"});
  return std::make_shared<const LegacyWeights>(std::move(file), std::move(root),
                                               names.value_or(std::vector<std::string>()),
                                               std::move(marks));
}

} // namespace hornet::keras
