//===- Binding.h - Parameters on one side, a weights file on the other --------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
// Internal to src/keras.
#pragma once

#include "formats/Hdf5.h"
#include "keras/Model.h"
#include "keras/Weights.h"

#include <optional>

namespace hornet::keras {

/// A dataset of an opened file, or a value of no file; `file` is null when neither was found.
struct Source {
  const formats::Hdf5File *file = nullptr;
  std::string dataset;
  std::optional<Tensor> value = std::nullopt;
};

/// What a layout fills in: a source for each parameter, or a problem.
struct Binding {
  std::string file;
  const Model &model;
  std::span<const Parameter> parameters;
  std::vector<Source> sources; ///< as many as parameters
  std::vector<Problem> problems;
  bool partial = false; ///< see checkWeights

  void add(const std::vector<std::string> &layerPath, std::string attribute, std::string reason,
           std::string mend = "");
  /// Takes in the problems of an input error; any other error is handed back.
  Expected<void> note(Error error, const std::vector<std::string> &layerPath,
                      const std::string &attribute);
};

/// "1 weight (kernel)", "2 weights (kernel, bias)", "no weights".
std::string countOf(const std::vector<std::string> &weights);

/// The parameters of one layer of the outermost model, in the order in which Keras saves them in
/// files by layer name: what is trained first, then the rest; in a nested model, of all that is in
/// it.
struct ModelGroup {
  std::string name;
  std::vector<size_t> parameters;
};
std::vector<ModelGroup> groupsOf(std::span<const Parameter> parameters);

/// The names under which Keras 3 keeps the layers of a model, for each layer: its class, and a
/// number from the second layer of the class on. `steps`: by how much each layer, in the order of
/// `model.layers`, has the number of its class grow; empty: by one.
std::vector<std::string> groupNames(const Model &model, std::span<const int> steps = {});

/// How many variables of the layer that it wraps a layer keeps again in Keras 3's files, before its
/// own: a SpectralNormalization the kernel.
size_t repeatedVariables(const Layer &layer);

/// Weights by layer name, as Keras 1 and 2 write them, and Keras 3 in whole .h5 models. `root` is
/// the group that holds them, "" or "model_weights".
Expected<std::shared_ptr<const Weights>> openLegacyWeights(formats::Hdf5File file,
                                                           std::string root);
/// Weights by class name and number, as Keras 3 writes them; several files when sharded. `name` is
/// the file's for messages.
Expected<std::shared_ptr<const Weights>> openKeras3Weights(std::vector<formats::Hdf5File> files,
                                                           std::string name);

} // namespace hornet::keras
