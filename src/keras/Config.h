//===- Config.h - Parts of reading a model's configuration --------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
// Internal to src/keras.
#pragma once

#include "keras/Model.h"

#include <set>
#include <string>
#include <vector>

namespace hornet::keras {

/// What to do about an architecture that Keras does not write.
inline constexpr const char *saveAgain =
    "the architecture in the file is damaged, or was edited: save the model again, or correct it";

/// Collects what is wrong with one model; nested models share the list.
struct Report {
  std::string file;
  std::string path; ///< names of the enclosing models, each with a slash: "outer/inner/"
  std::vector<Problem> &problems;

  void add(const Layer &layer, std::string attribute, std::string reason,
           std::string mend = saveAgain) {
    problems.push_back({file, path + layer.name, layer.className, std::move(attribute),
                        std::move(reason), std::move(mend)});
  }
  void add(std::string attribute, std::string reason, std::string mend = saveAgain) {
    std::string model = path.empty() ? path : path.substr(0, path.size() - 1);
    problems.push_back(
        {file, std::move(model), {}, std::move(attribute), std::move(reason), std::move(mend)});
  }
};

/// The calls that `inbound_nodes` lists, in any of its forms; call numbers as in the file.
/// `siblings` are the names of all layers of the model: they tell a tensor among Keras 2's kwargs
/// from a list of plain values.
std::vector<Call> readNodes(const Json &nodes, const std::set<std::string> &siblings,
                            const Layer &layer, Report &report);

/// What `input_layers` or `output_layers` (`key` of `config`) lists: a triple, a list of them, or a
/// dict, nested in each other, flattened in the file's order. Names are unique.
std::vector<Port> readPorts(const Json &config, const std::string &key, Report &report);

/// Checks the graph of a model whose layers, inputs and outputs are read, and gives it its order.
/// What is wrong is reported and taken out: references become unknown.
void checkGraph(Model &model, Report &report);

/// The layers in Keras's own order, as indices: by their distance from the outputs, then as they
/// are met on the way there. The files that Keras writes have it, models built in code need not;
/// Keras orders weights by it.
std::vector<int> layerOrder(const Model &model);

/// The config of a "__keras_tensor__" in a node of Keras 3. Keras wants shape and dtype there, and
/// reads the history of layer, call and tensor alone.
Json tensorConfig(Json history);

/// As Keras derives default names: "Conv2D" gives "conv2d", "BatchNormalization"
/// "batch_normalization". Source: keras.src.utils.naming.to_snake_case.
std::string toSnakeCase(std::string_view className);

/// "a number", "a list", … for messages.
std::string describe(const Json &json);

} // namespace hornet::keras
