#include "keras/Save.h"
#include "formats/ZipWriter.h"
#include "keras/TrainingConfig.h"
#include "keras/WriteConfig.h"
#include "keras/WriteWeights.h"

#include <algorithm>
#include <fmt/format.h>

namespace hornet::keras {
namespace {
using formats::Bytes;
using formats::Hdf5Writer;

/// What is written where the model does not say: the oldest version whose form this is.
constexpr const char *oldestKeras2 = "2.3.0", *oldestKeras3 = "3.0.0";

bool isHdf5(const std::string &path) { return path.ends_with(".h5") || path.ends_with(".hdf5"); }

/// ASCII, as Python writes it.
std::string dump(const Json &json) {
  return json.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
}

std::span<const std::byte> bytesOf(const std::string &text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

Expected<void> check(const Values &values) {
  bool fits = values.parameters.size() == values.tensors.size();
  for (size_t i = 0; fits && i < values.tensors.size(); ++i)
    fits = values.parameters[i].shape == values.tensors[i].shape();
  if (!fits)
    return internalError("the values to save are not those of the parameters");
  return {};
}

std::string versionOf(const Model &model) {
  if (!model.kerasVersion.empty() && model.generation != Generation::keras1)
    return model.kerasVersion;
  return model.generation == Generation::keras3 ? oldestKeras3 : oldestKeras2;
}

/// The configuration with the learning rate of now, which callbacks may have changed.
TrainingConfig current(const Training &training) {
  TrainingConfig config = *training.config;
  if (!training.optimizer || !training.optimizer->learningRate || !config.optimizer.is_object())
    return config;
  Json &optimizer = config.optimizer["config"];
  if (optimizer.is_object() && !optimizer.value("learning_rate", Json()).is_structured())
    optimizer["learning_rate"] = *training.optimizer->learningRate;
  return config;
}

std::string optimizerName(const TrainingConfig &config) {
  if (config.optimizer.is_object())
    if (auto inner = config.optimizer.find("config");
        inner != config.optimizer.end() && inner->is_object())
      if (auto name = inner->find("name"); name != inner->end() && name->is_string())
        return name->get<std::string>();
  return "optimizer";
}

Expected<Bytes> hdf5Model(const Values &values, const Training &training) {
  Json config = HORNET_TRY(configForHdf5(values.model));
  Hdf5Writer file;
  std::string version = versionOf(values.model);
  file.attribute("", "keras_version", version);
  file.attribute("", "backend", "tensorflow");
  file.attribute("", "model_config", dump(config));
  file.group("model_weights");
  writeLegacyWeights(values, "model_weights", version, file);
  if (training.config) {
    TrainingConfig compiled = current(training);
    Generation generation = values.model.generation;
    file.attribute("", "training_config", dump(toTrainingConfig(compiled, generation)));
    if (training.optimizer)
      writeLegacyOptimizer(*training.optimizer, optimizerName(compiled), generation, file);
  }
  return file.finish();
}

Expected<Bytes> archive(const Values &values, const Training &training) {
  Json config = HORNET_TRY(configForArchive(values.model));
  Hdf5Writer file;
  writeKeras3Weights(values, file);
  if (training.config) {
    TrainingConfig compiled = current(training);
    config["compile_config"] = toCompileConfig(compiled);
    // Another order of variables, of which Keras 3 could make nothing.
    if (training.optimizer && !isLegacyOptimizer(compiled))
      writeKeras3Optimizer(*training.optimizer, optimizerName(compiled), file);
  }
  Bytes weights = HORNET_TRY(file.finish());
  bool keras3 = values.model.generation == Generation::keras3;
  std::string metadata = dump({{"keras_version", keras3 ? versionOf(values.model) : oldestKeras3}});
  std::string configText = dump(config);
  return formats::writeZip({{"metadata.json", bytesOf(metadata)},
                            {"config.json", bytesOf(configText)},
                            {"model.weights.h5", weights}});
}

} // namespace

Expected<void> saveModel(const Model &model, std::span<const Parameter> parameters,
                         std::span<const Tensor> values, const std::string &path,
                         const Training &training) {
  Values all{model, parameters, values};
  HORNET_TRY(check(all));
  if (training.optimizer && !training.config)
    return internalError("the state of an optimizer without its configuration");
  if (path.ends_with(".keras"))
    return formats::writeFile(path, HORNET_TRY(archive(all, training)));
  if (isHdf5(path) && !path.ends_with(".weights.h5"))
    return formats::writeFile(path, HORNET_TRY(hdf5Model(all, training)));
  return inputError({.file = path,
                     .reason = path.ends_with(".weights.h5")
                                   ? "the ending .weights.h5 is for weights without their model"
                                   : "the name says no form in which a model can be saved",
                     .mend = "end it in .keras (Keras 3) or .h5 (Keras 2 and 3)"});
}

Expected<void> saveWeights(const Model &model, std::span<const Parameter> parameters,
                           std::span<const Tensor> values, const std::string &path) {
  Values all{model, parameters, values};
  HORNET_TRY(check(all));
  if (!isHdf5(path))
    return inputError({.file = path,
                       .reason = "the name says no form in which weights can be saved",
                       .mend = "end it in .weights.h5 (Keras 3) or .h5 (Keras 2 and 3)"});
  Hdf5Writer file;
  if (path.ends_with(".weights.h5"))
    writeKeras3Weights(all, file);
  else
    writeLegacyWeights(all, "", versionOf(model), file);
  return formats::writeFile(path, HORNET_TRY(file.finish()));
}

} // namespace hornet::keras
