#include "formats/Json.h"
#include "formats/Zip.h"
#include "keras/Binding.h"

#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>

namespace hornet::keras {
namespace {
using formats::Bytes;
using formats::Hdf5File;
using formats::Json;
using formats::Signature;

Expected<Hdf5File> openHdf5(const std::string &path) {
  return Hdf5File::open(HORNET_TRY(formats::readFile(path)), path);
}

/// The index of sharded weights: {"weight_map": {"/layers/dense/vars":
/// ["model_00000.weights.h5"]}}, whose files stand beside it.
Expected<std::shared_ptr<const Weights>> openShards(const Bytes &bytes, const std::string &path) {
  auto wrong = [&](std::string reason) {
    return inputError({path, "", "", "weight_map", std::move(reason),
                       "give the .weights.json that Keras's save_weights() wrote"});
  };
  std::string_view text(reinterpret_cast<const char *>(bytes.data()), bytes.size());
  Json index = HORNET_TRY(formats::parseJson(text, path));
  if (!index.is_object() || !index.contains("weight_map") || !index["weight_map"].is_object())
    return wrong("the file holds no weights: a JSON file with weights is an index with a "
                 "weight_map");
  std::set<std::string> names;
  for (const auto &[group, shards] : index["weight_map"].items())
    for (const Json &shard : shards.is_array() ? shards : Json::array({shards})) {
      if (!shard.is_string())
        return wrong(fmt::format("'{}' lists something other than file names", group));
      names.insert(shard.get<std::string>());
    }
  std::vector<Hdf5File> files;
  for (const std::string &name : names) {
    if (name.find_first_of("/\\") != std::string::npos || name == "..")
      return wrong(fmt::format("the shard '{}' is not beside the index: it is not read", name));
    std::filesystem::path folder = std::filesystem::path(path).parent_path();
    files.push_back(HORNET_TRY(openHdf5((folder / name).string())));
  }
  return openKeras3Weights(std::move(files), path);
}

Expected<std::shared_ptr<const Weights>> openArchive(Bytes bytes, const std::string &path) {
  formats::ZipArchive archive = HORNET_TRY(formats::ZipArchive::open(std::move(bytes), path));
  Bytes member = HORNET_TRY(archive.read("model.weights.h5"));
  return Weights::fromHdf5(
      HORNET_TRY(Hdf5File::open(std::move(member), path + "/model.weights.h5")));
}

/// Checks that the parameter's source is there and has its shape. Nothing is read before that: a
/// file may claim any size.
Expected<void> checkSource(Binding &binding, size_t i) {
  const Parameter &parameter = binding.parameters[i];
  const Source &source = binding.sources[i];
  if (!source.file || source.value)
    return {};
  auto missing = [&] {
    binding.add(parameter.layerPath, parameter.name,
                fmt::format("the file has no dataset '{}' for it", source.dataset),
                "save the weights again");
    return Expected<void>();
  };
  auto kind = source.file->kind(source.dataset);
  if (!kind)
    return binding.note(std::move(kind).error(), parameter.layerPath, parameter.name);
  if (*kind != Hdf5File::Kind::dataset)
    return missing();
  auto shape = source.file->shapeOf(source.dataset);
  if (!shape)
    return binding.note(std::move(shape).error(), parameter.layerPath, parameter.name);
  if (*shape != parameter.shape)
    binding.add(parameter.layerPath, parameter.name,
                fmt::format("{} has shape {} in the file, the model needs {}", parameter.name,
                            toString(*shape), toString(parameter.shape)),
                "give weights of this very model");
  return {};
}

/// The layer at the end of a path through nested models, if there is one.
const Layer *layerAt(const Model &model, const std::vector<std::string> &path) {
  const Layer *layer = nullptr;
  for (const Model *inside = &model; const std::string &name : path) {
    layer = inside ? inside->find(name) : nullptr;
    inside = layer ? layer->model.get() : nullptr;
  }
  return layer;
}
} // namespace

void Binding::add(const std::vector<std::string> &layerPath, std::string attribute,
                  std::string reason, std::string mend) {
  const Layer *layer = layerAt(model, layerPath);
  problems.push_back({file, fmt::format("{}", fmt::join(layerPath, "/")),
                      layer ? layer->className : "", std::move(attribute), std::move(reason),
                      std::move(mend)});
}

Expected<void> Binding::note(Error error, const std::vector<std::string> &layerPath,
                             const std::string &attribute) {
  auto *input = std::get_if<InputError>(&error);
  if (!input)
    return tl::unexpected<Error>(std::move(error));
  for (Problem &problem : input->problems)
    add(layerPath, attribute, std::move(problem.reason), std::move(problem.mend));
  return {};
}

std::string countOf(const std::vector<std::string> &weights) {
  if (weights.empty())
    return "no weights";
  constexpr size_t shown = 6;
  std::span<const std::string> first(weights.data(), std::min(shown, weights.size()));
  return fmt::format("{} weight{} ({}{})", weights.size(), weights.size() == 1 ? "" : "s",
                     fmt::join(first, ", "), weights.size() > shown ? ", …" : "");
}

Expected<std::shared_ptr<const Weights>> Weights::fromHdf5(Hdf5File file) {
  if (HORNET_TRY(file.kind("model_weights")) == Hdf5File::Kind::group)
    return openLegacyWeights(std::move(file), "model_weights");
  if (HORNET_TRY(file.stringsAttribute("/", "layer_names")) ||
      HORNET_TRY(file.numberAttribute("/", "nb_layers")))
    return openLegacyWeights(std::move(file), "");
  for (const char *group : {"layers", "_layer_checkpoint_dependencies", "vars"})
    if (HORNET_TRY(file.kind(group)) == Hdf5File::Kind::group) {
      std::string name = file.file();
      std::vector<Hdf5File> files;
      files.push_back(std::move(file));
      return openKeras3Weights(std::move(files), std::move(name));
    }
  return inputError({file.file(), "", "", "layer_names",
                     "there are no weights of Keras: neither the attribute layer_names (Keras 2) "
                     "nor a group 'layers' (Keras 3)",
                     "save the weights with Keras's model.save_weights()"});
}

Expected<std::shared_ptr<const Weights>> Weights::open(const std::string &path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    return open((std::filesystem::path(path) / "model.weights.h5").string());
  Bytes bytes = HORNET_TRY(formats::readFile(path));
  switch (Signature signature = formats::signatureOf(bytes)) {
  case Signature::hdf5: return fromHdf5(HORNET_TRY(Hdf5File::open(std::move(bytes), path)));
  case Signature::zip: return openArchive(std::move(bytes), path);
  case Signature::json: return openShards(bytes, path);
  default:
    return inputError({path, "", "", "",
                       fmt::format("no weights file: neither HDF5 nor a zip archive (.keras) nor "
                                   "an index of sharded weights, but {}",
                                   formats::describe(signature)),
                       "give a file that Keras's save_weights() or save() wrote"});
  }
}

/// A parameter's value, float32; nothing, and a problem, where the file's is no number.
static Expected<std::optional<Tensor>> readValue(Binding &binding, size_t i) {
  const Source &source = binding.sources[i];
  Expected<Tensor> value = source.file->read(source.dataset);
  if (value)
    return std::optional(value->toFloat32());
  const Parameter &parameter = binding.parameters[i];
  HORNET_TRY(binding.note(std::move(value).error(), parameter.layerPath, parameter.name));
  return std::nullopt;
}

/// Where each value is, and what does not fit.
Expected<Binding> locateWeights(const Model &model, const Weights &weights,
                                std::span<const Parameter> parameters, bool partial) {
  Binding binding{weights.file(), model, parameters, std::vector<Source>(parameters.size()), {},
                  partial};
  HORNET_TRY(weights.locate(binding));
  for (size_t i = 0; i < parameters.size(); ++i)
    HORNET_TRY(checkSource(binding, i));
  return binding;
}

Expected<void> checkWeights(const Model &model, const Weights &weights,
                            std::span<const Parameter> parameters, bool partial) {
  Binding binding = HORNET_TRY(locateWeights(model, weights, parameters, partial));
  bool fit = binding.problems.empty();
  for (size_t i = 0; i < parameters.size() && fit; ++i)
    if (binding.sources[i].file)
      HORNET_TRY(readValue(binding, i));
  if (!binding.problems.empty())
    return tl::unexpected<Error>(InputError{std::move(binding.problems)});
  return {};
}

Expected<std::vector<Tensor>> bindWeights(const Model &model, const Weights &weights,
                                          std::span<const Parameter> parameters) {
  Binding binding = HORNET_TRY(locateWeights(model, weights, parameters, /*partial=*/false));
  std::vector<Tensor> values;
  for (size_t i = 0; i < parameters.size() && binding.problems.empty(); ++i) {
    const Source &source = binding.sources[i];
    if (source.value) {
      values.push_back(*source.value);
      continue;
    }
    if (!source.file)
      return internalError("a parameter was neither found nor missed: " + parameters[i].symbol);
    if (std::optional<Tensor> value = HORNET_TRY(readValue(binding, i)))
      values.push_back(std::move(*value));
  }
  if (!binding.problems.empty())
    return tl::unexpected<Error>(InputError{std::move(binding.problems)});
  return values;
}

Expected<std::vector<Tensor>> bindWeights(const Model &model,
                                          std::span<const Parameter> parameters) {
  if (model.weights)
    return bindWeights(model, *model.weights, parameters);
  if (parameters.empty())
    return {};
  return inputError({.file = model.file,
                     .reason = "the model has no weights, only an architecture",
                     .mend = "give a weights file too"});
}

} // namespace hornet::keras
