#include "formats/Hdf5.h"
#include "formats/Zip.h"
#include "keras/TrainingConfig.h"

#include <filesystem>
#include <fmt/format.h>

namespace hornet::keras {
namespace {
using formats::Bytes;
using formats::Hdf5File;
using formats::Json;

constexpr size_t largestConfig = size_t{32} << 20;

/// A variable's name and the dataset that holds it.
using Variables = std::vector<std::pair<std::string, std::string>>;

bool isScalar(const Tensor &tensor) { return tensor.size() == 1 && tensor.shape().empty(); }
bool isInteger(DType dtype) { return dtype == DType::i64 || dtype == DType::i32; }

int64_t integerOf(const Tensor &tensor) {
  return tensor.dtype() == DType::i64 ? tensor.as<int64_t>()[0] : tensor.as<int32_t>()[0];
}

/// `hasRate`: the second variable is the learning rate.
Expected<OptimizerState> readState(const Hdf5File &file, const Variables &variables, bool hasRate) {
  OptimizerState state;
  for (size_t i = 0; i < variables.size(); ++i) {
    const auto &[name, dataset] = variables[i];
    Tensor value = HORNET_TRY(file.read(dataset));
    auto wrong = [&](const char *needed) {
      return inputError(
          {.file = file.file(),
           .attribute = dataset,
           .reason = fmt::format("the optimizer's variable has shape {} and dtype "
                                 "{}: {} was expected",
                                 toString(value.shape()), nameOf(value.dtype()), needed),
           .mend = "save the model again, or without its optimizer"});
    };
    if (i == 0) {
      if (!isScalar(value) || !isInteger(value.dtype()))
        return wrong("the count of steps, an integer,");
      state.iterations = integerOf(value);
    } else if (i == 1 && hasRate) {
      if (!isScalar(value) || isInteger(value.dtype()))
        return wrong("the learning rate, a number,");
      state.learningRate = value.toFloat32().as<float>()[0];
    } else {
      state.slots.push_back({name, std::move(value)});
    }
  }
  return state;
}

/// Keras 3's optimizers have a variable for the learning rate, unless a schedule gives it.
bool hasRateVariable(const std::optional<TrainingConfig> &config) {
  if (!config || !config->optimizer.is_object())
    return true;
  const Json &optimizer = config->optimizer;
  auto inner = optimizer.find("config");
  return inner == optimizer.end() || !inner->is_object() ||
         !inner->value("learning_rate", Json()).is_structured();
}

std::string_view textOf(const Bytes &bytes) {
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

/// Keras 1 is not told apart: what it says of training is Keras 2's.
Generation generationOf(const std::string &version) {
  return version.empty() || version.starts_with("1.") || version.starts_with("2.")
             ? Generation::keras2
             : Generation::keras3;
}

/// The members of a .keras archive, in the archive or beside each other in a folder.
template <class Read> Expected<Training> readMembers(const std::string &path, Read read) {
  Bytes configBytes = HORNET_TRY(read("config.json", largestConfig));
  Json config = HORNET_TRY(formats::parseJson(textOf(configBytes), path, "config.json"));
  Generation generation = Generation::keras3;
  if (Expected<Bytes> metadata = read("metadata.json", largestConfig))
    if (Expected<Json> json = formats::parseJson(textOf(*metadata), path, "metadata.json"))
      if (json->is_object() && json->value("keras_version", Json()).is_string())
        generation = generationOf(json->at("keras_version").template get<std::string>());
  Training training;
  if (config.is_object() && config.contains("compile_config"))
    training.config = parseTraining(config["compile_config"], generation);

  Bytes weights = HORNET_TRY(read("model.weights.h5", size_t{4} << 30));
  Hdf5File file = HORNET_TRY(Hdf5File::open(std::move(weights), path + "/model.weights.h5"));
  const std::string group = "optimizer/vars";
  if (HORNET_TRY(file.kind(group)) != Hdf5File::Kind::group)
    return training;
  Variables variables;
  size_t count = HORNET_TRY(file.children(group)).size();
  for (size_t i = 0; i < count; ++i)
    variables.emplace_back(std::to_string(i), fmt::format("{}/{}", group, i));
  if (count > 0)
    training.optimizer = HORNET_TRY(readState(
        file, variables, generation == Generation::keras3 && hasRateVariable(training.config)));
  return training;
}

Expected<Training> readArchive(Bytes bytes, const std::string &path) {
  formats::ZipArchive archive = HORNET_TRY(formats::ZipArchive::open(std::move(bytes), path));
  return readMembers(path,
                     [&](const char *member, size_t limit) { return archive.read(member, limit); });
}

Expected<Training> readFolder(const std::string &path) {
  return readMembers(path, [&](const char *member, size_t limit) {
    return formats::readFile((std::filesystem::path(path) / member).string(), limit);
  });
}

Expected<Training> readHdf5(Bytes bytes, const std::string &path) {
  Hdf5File file = HORNET_TRY(Hdf5File::open(std::move(bytes), path));
  Training training;
  auto version = HORNET_TRY(file.stringAttribute("/", "keras_version"));
  if (auto text = HORNET_TRY(file.stringAttribute("/", "training_config")))
    training.config = parseTraining(HORNET_TRY(formats::parseJson(*text, path, "training_config")),
                                    generationOf(version.value_or("")));
  const std::string group = "optimizer_weights";
  if (HORNET_TRY(file.kind(group)) != Hdf5File::Kind::group)
    return training;
  auto names = HORNET_TRY(file.stringsAttribute(group, "weight_names"));
  Variables variables;
  for (const std::string &name : names ? *names : std::vector<std::string>())
    variables.emplace_back(name, fmt::format("{}/{}", group, name));
  bool hasRate = variables.size() > 1 && variables[1].first.ends_with("/learning_rate");
  if (!variables.empty())
    training.optimizer = HORNET_TRY(readState(file, variables, hasRate));
  return training;
}

} // namespace

Expected<Training> readTraining(const std::string &path) {
  using formats::Signature;
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    return readFolder(path);
  Bytes bytes = HORNET_TRY(formats::readFile(path));
  switch (formats::signatureOf(bytes)) {
  case Signature::hdf5: return readHdf5(std::move(bytes), path);
  case Signature::zip: return readArchive(std::move(bytes), path);
  case Signature::json: return Training();
  default:
    return inputError({.file = path,
                       .reason = fmt::format("is no model that Keras saved, but {}",
                                             formats::describe(formats::signatureOf(bytes)))});
  }
}

} // namespace hornet::keras
