#include "formats/File.h"
#include "formats/Hdf5.h"
#include "formats/Zip.h"
#include "keras/Config.h"
#include "keras/Model.h"
#include "keras/Vocabularies.h"
#include "keras/Weights.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <set>

namespace hornet::keras {
namespace {
using formats::Bytes;
using formats::Hdf5File;
using formats::Signature;
using formats::ZipArchive;

/// Real configurations are below 10 MB; a zip bomb is not.
constexpr size_t largestConfig = size_t{32} << 20;
constexpr size_t largestVocabulary = size_t{256} << 20;
constexpr const char *needsArchitecture =
    "give the architecture JSON as the model, and this file as its weights";

std::string_view textOf(const Bytes &bytes) {
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

/// Keras version and backend, which stand beside the configuration in every form but JSON.
void addOrigin(Json &config, const std::optional<std::string> &version,
               const std::optional<std::string> &backend) {
  if (!config.is_object())
    return;
  if (version)
    config["keras_version"] = *version;
  if (backend)
    config["backend"] = *backend;
}

/// Keeps an input error among `problems`, and gives nothing then: others may be found yet.
template <class T>
Expected<std::optional<T>> collect(Expected<T> result, std::vector<Problem> &problems) {
  if (result)
    return std::optional<T>(std::move(*result));
  auto *error = std::get_if<InputError>(&result.error());
  if (!error)
    return tl::unexpected<Error>(std::move(result).error());
  for (Problem &problem : error->problems)
    problems.push_back(std::move(problem));
  return std::nullopt;
}

/// The members of a .keras archive, in the archive or beside each other in a folder. `contains`
/// says whether there is one of a name.
template <class Read, class Contains>
Expected<Model> readMembers(const std::string &path, Read read, Contains contains,
                            bool ownWeights) {
  Bytes configBytes = HORNET_TRY(read("config.json", largestConfig));
  Json config = HORNET_TRY(formats::parseJson(textOf(configBytes), path, "config.json"));
  // Only says who wrote it: not worth an error.
  if (Expected<Bytes> bytes = read("metadata.json", largestConfig))
    if (Expected<Json> metadata = formats::parseJson(textOf(*bytes), path, "metadata.json"))
      if (metadata->is_object() && metadata->value("keras_version", Json()).is_string())
        addOrigin(config, metadata->at("keras_version").get<std::string>(), std::nullopt);
  Model model = HORNET_TRY(examineConfig(config, path, "config.json"));
  std::vector<Problem> problems; // of the other members
  auto openWeights = [&]() -> Expected<Hdf5File> {
    Bytes bytes = HORNET_TRY(read("model.weights.h5", size_t{4} << 30));
    return Hdf5File::open(std::move(bytes), path + "/model.weights.h5");
  };
  std::optional<Hdf5File> file;
  if (ownWeights)
    file = HORNET_TRY(collect(openWeights(), problems));
  auto readMember = [&](const std::string &name) -> Expected<std::optional<Bytes>> {
    if (!contains(name))
      return std::nullopt;
    return HORNET_TRY(read(name.c_str(), largestVocabulary));
  };
  auto added = HORNET_TRY(
      collect(addVocabularies(config, model, readMember, file ? &*file : nullptr), problems));
  if (added && *added)
    model = HORNET_TRY(examineConfig(config, path, "config.json"));
  if (file)
    model.weights =
        HORNET_TRY(collect(Weights::fromHdf5(std::move(*file)), problems)).value_or(nullptr);
  model.problems.insert(model.problems.end(), problems.begin(), problems.end());
  if (!added) // layers that look tokens up cannot be told from those without a vocabulary
    return tl::unexpected<Error>(InputError{std::move(model.problems)});
  return model;
}

Expected<Model> readArchive(Bytes bytes, const std::string &path, bool ownWeights) {
  ZipArchive archive = HORNET_TRY(ZipArchive::open(std::move(bytes), path));
  auto read = [&](const char *member, size_t limit) { return archive.read(member, limit); };
  auto contains = [&](const std::string &member) { return archive.contains(member); };
  return readMembers(path, read, contains, ownWeights);
}

Expected<Model> readFolder(const std::string &path, bool ownWeights) {
  auto read = [&](const char *member, size_t limit) {
    return formats::readFile((std::filesystem::path(path) / member).string(), limit);
  };
  // A link may lead anywhere.
  auto contains = [&](const std::string &member) {
    std::error_code ignored;
    std::filesystem::path file = std::filesystem::path(path) / member;
    std::filesystem::path inside = std::filesystem::canonical(file, ignored);
    return !ignored && std::filesystem::is_regular_file(inside, ignored) &&
           inside == std::filesystem::canonical(path, ignored) / member;
  };
  return readMembers(path, read, contains, ownWeights);
}

/// Says what an HDF5 file without a configuration is.
Expected<Model> noConfig(const Hdf5File &file) {
  bool weights = HORNET_TRY(file.stringsAttribute("/", "layer_names")).has_value();
  for (const char *group : {"layers", "_layer_checkpoint_dependencies", "vars"})
    weights = weights || HORNET_TRY(file.kind(group)) == Hdf5File::Kind::group;
  if (weights)
    return inputError({file.file(), "", "", "model_config",
                       "the file holds weights only: there is no model_config, which describes the "
                       "model",
                       needsArchitecture});
  return inputError({file.file(), "", "", "model_config",
                     "there is no attribute model_config: this is no Keras model",
                     "save the model with Keras's model.save()"});
}

Expected<Model> readHdf5(Bytes bytes, const std::string &path, bool ownWeights) {
  Hdf5File file = HORNET_TRY(Hdf5File::open(std::move(bytes), path));
  std::optional<std::string> text = HORNET_TRY(file.stringAttribute("/", "model_config"));
  if (!text)
    return noConfig(file);
  Json config = HORNET_TRY(formats::parseJson(*text, path, "model_config"));
  addOrigin(config, HORNET_TRY(file.stringAttribute("/", "keras_version")),
            HORNET_TRY(file.stringAttribute("/", "backend")));
  Model model = HORNET_TRY(examineConfig(config, path, "model_config"));
  auto openWeights = [&]() -> Expected<std::shared_ptr<const Weights>> {
    if (HORNET_TRY(file.kind("model_weights")) != Hdf5File::Kind::group)
      return inputError({path, "", "", "model_weights",
                         "the group model_weights, which holds the weights, is missing",
                         "save the model again, or give its weights in a file of their own"});
    return Weights::fromHdf5(std::move(file));
  };
  if (ownWeights)
    model.weights = HORNET_TRY(collect(openWeights(), model.problems)).value_or(nullptr);
  return model;
}

Expected<Model> readArchitecture(const Bytes &bytes, const std::string &path) {
  Json config = HORNET_TRY(formats::parseJson(textOf(bytes), path));
  if (config.is_string()) // to_json()'s text, written as JSON once more
    config = HORNET_TRY(formats::parseJson(config.get<std::string>(), path));
  if (config.is_object() && config.contains("weight_map"))
    return inputError({path, "", "", "weight_map", "the file is the index of sharded weights",
                       needsArchitecture});
  return examineConfig(config, path, "the JSON");
}

/// The model's own weights are left unread when `ownWeights` is false.
Expected<Model> readAny(const std::string &path, bool ownWeights) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    return readFolder(path, ownWeights);
  Bytes bytes = HORNET_TRY(formats::readFile(path));
  switch (Signature signature = formats::signatureOf(bytes)) {
  case Signature::hdf5: return readHdf5(std::move(bytes), path, ownWeights);
  case Signature::zip: return readArchive(std::move(bytes), path, ownWeights);
  case Signature::json: return readArchitecture(bytes, path);
  case Signature::empty:
    return inputError({path, "", "", "", "the file is empty", "get or save it again"});
  default:
    return inputError({path, "", "", "",
                       fmt::format("neither HDF5 nor a zip archive (.keras) nor JSON, but {}",
                                   formats::describe(signature)),
                       signature == Signature::gitLfsPointer ? "fetch the file with git lfs pull"
                                                             : "give a model that Keras saved"});
  }
}

/// Whether each layer was read and has a name of its own, which their weights are found by.
bool knowsItsLayers(const Model &model) {
  std::set<std::string_view> names;
  return std::ranges::all_of(model.layers, [&](const Layer &layer) {
    return !layer.className.empty() && names.insert(layer.name).second &&
           (!layer.model || knowsItsLayers(*layer.model));
  });
}
} // namespace

Expected<Model> examineModel(const std::string &path, const std::optional<std::string> &weights) {
  Model model = HORNET_TRY(readAny(path, !weights));
  if (weights)
    model.weights = HORNET_TRY(collect(Weights::open(*weights), model.problems)).value_or(nullptr);
  if (!knowsItsLayers(model))
    model.weights = nullptr;
  return model;
}

Expected<Model> readModel(const std::string &path, const std::optional<std::string> &weights) {
  Model model = HORNET_TRY(examineModel(path, weights));
  if (!model.problems.empty())
    return tl::unexpected<Error>(InputError{std::move(model.problems)});
  return model;
}

Expected<void> loadWeights(Model &model, const std::string &path) {
  model.weights = HORNET_TRY(Weights::open(path));
  return {};
}

} // namespace hornet::keras
