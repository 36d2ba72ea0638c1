//===- Model.h - A Keras model as plain data ---------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"
#include "base/Tensor.h"
#include "formats/Json.h"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hornet::keras {

using formats::Json;

class Weights;
struct Model;

/// Result number `tensor` of call number `call` of the layer named `layer` (Keras's triple).
/// Checked on reading: layer and call exist, and the call does not depend on itself.
struct TensorRef {
  static constexpr int unknownCall = -2; ///< what it names was not found, and is reported

  std::string layer;
  int call = 0;
  int tensor = 0;
  bool isKnown() const { return call != unknownCall; }
  bool operator==(const TensorRef &) const = default;
};

/// One call of a layer (Keras: inbound node). `args` (an array) and `kwargs` (an object) are what
/// `layer(*args, **kwargs)` got, with each tensor replaced by {"$tensor": i}, i indexing `inputs`.
/// A merge of two tensors has args [[{"$tensor": 0}, {"$tensor": 1}]] and inputs of size 2; an
/// operation on two tensors has args [{"$tensor": 0}, {"$tensor": 1}]. Keras 2's nodes read alike.
struct Call {
  std::vector<TensorRef> inputs;
  Json args = Json::array();
  Json kwargs = Json::object();
  bool unread = false; ///< the file has something else there, which is reported
};

/// Key of the object that stands for a tensor in Call::args and Call::kwargs.
inline constexpr std::string_view tensorKey = "$tensor";

struct Layer {
  std::string name;
  std::string className;              ///< "Conv2D"; an operation: "Add", "TFOpLambda", …;
                                      ///< empty: it could not be read, which is reported
  std::string module;                 ///< "keras.layers"; empty in HDF5 files and Keras 2
  std::string registeredName;         ///< of custom classes
  Json config;                        ///< as in the file, an object; InputLayers: see batchShape()
  std::vector<Call> calls;            ///< an InputLayer has one, without inputs
  std::shared_ptr<const Model> model; ///< set when the layer is a nested model
  std::vector<Layer> wrapped;         ///< what a Bidirectional, RNN, … holds in its config
  std::string role; ///< of a wrapped layer, as Keras 3 names it: "forward_layer", "cells/lstm_cell"
  bool implied = false; ///< an InputLayer that the file does not have: a Sequential's first input

  bool isInput() const { return className == "InputLayer"; }
  /// The layer's own `trainable` flag (true when absent).
  bool trainable() const;
};

/// Who wrote the model: defaults and meanings differ ("hard_sigmoid", GRU's reset_after, …).
enum class Generation { keras1 = 1, keras2, keras3 };

/// One input or output of a model.
struct Port {
  std::string name; ///< input: of its InputLayer; output: of its layer, unique; or the dict's key
  TensorRef tensor;
  /// Keys and numbers that lead to it in a dict or list: Keras walks ports sorted by it.
  std::vector<std::string> place = {}; // NOLINT(readability-redundant-member-init): may be left out
};

/// Which call to make next: `layers[layer].calls[call]`.
struct Step {
  int layer = 0;
  int call = 0;
};

/// Sequential and functional models in one form, a graph of calls. A Sequential calls each layer
/// once on the one before, and begins with an InputLayer (an implied one where the file has none).
struct Model {
  std::string file; ///< the path as given, for messages; empty for models built in code
  std::string name;
  std::string className; ///< "Sequential", "Functional", "Model"
  Generation generation = Generation::keras3;
  std::string kerasVersion; ///< "2.0.4"; empty when the file does not say
  std::string backend;
  bool trainable = true;
  std::vector<Layer> layers; ///< in the file's order, which is the order of the weights
  std::vector<Port> inputs;  ///< flattened, in the model's order
  std::vector<Port> outputs;
  std::vector<Step> order; ///< every call after the calls that it takes its inputs from
  std::shared_ptr<const Weights> weights; ///< of the outermost model; null: architecture only
  /// Of the outermost model: what it was read from, an object with class_name and config.
  std::shared_ptr<const Json> source;
  /// What is wrong with it, and with the models nested in it: empty but where examineModel gave it.
  std::vector<Problem> problems;

  bool isSequential() const { return className == "Sequential"; }
  const Layer *find(std::string_view layer) const;
};

/// The layer that `path` names, through nested models and wrappers; null when there is none.
const Layer *findLayer(const Model &model, std::span<const std::string> path);

/// What an InputLayer takes: `batch_shape` (Keras 2's `batch_input_shape` reads alike), whose
/// dimensions may be `unknownSize`, the batch among them. Nothing when the model does not say: the
/// first call decides then (a nested Sequential), or the user. Input error: not a list of positive
/// integers and nulls.
Expected<std::optional<Shape>> batchShape(const Model &model, const Layer &input);

/// The layers that make lists of indices of texts without saying how long (TextVectorization
/// without output_sequence_length), by path: as long as the longest text of a batch.
std::vector<std::string> openTexts(const Model &model);

/// Reads a model, whatever its form: HDF5 of Keras 1 to 3, a `.keras` archive, a folder of such an
/// archive's members, or an architecture as JSON. What counts is the file's content, not its name.
/// `weights`: a file as for `loadWeights`; without it, the weights inside the model's own file.
/// Checks the graph, not the layers' own attributes. All problems that can be told apart are
/// reported at once. Nothing in a file is executed.
Expected<Model> readModel(const std::string &path,
                          const std::optional<std::string> &weights = std::nullopt);

/// As readModel, for whoever reports problems: a model whose graph is wrong, or whose weights
/// cannot be opened, is given all the same, with its problems in Model::problems. In it calls may
/// be unread, references unknown, and layers without a class. Importing it adds what is wrong with
/// the layers, and fails. It has no weights when not all of its layers are known. Input error:
/// there is no list of layers to look at.
Expected<Model> examineModel(const std::string &path,
                             const std::optional<std::string> &weights = std::nullopt);

/// Reads the configuration alone, from `json` as Keras's `to_json` writes it; `file` and
/// `attribute` name it in messages.
Expected<Model> modelFromConfig(const Json &json, const std::string &file,
                                const std::string &attribute = "");

/// The same as examineModel does.
Expected<Model> examineConfig(const Json &json, const std::string &file,
                              const std::string &attribute = "");

/// Opens a weights file for `model`: HDF5 in either layout (Keras 2's by layer name, or Keras 3's
/// `.weights.h5`), a `.keras` archive, or the index of sharded weights, `.weights.json`. That they
/// fit is checked when they are bound.
Expected<void> loadWeights(Model &model, const std::string &path);

} // namespace hornet::keras
