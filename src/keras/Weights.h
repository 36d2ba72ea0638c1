//===- Weights.h - The values of a model's parameters ------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"
#include "base/Tensor.h"
#include "formats/File.h"

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace hornet::keras {

struct Model;

/// One variable of a layer, as the import declares it.
struct Parameter {
  std::string symbol;                 ///< unique, "conv2d/kernel"
  std::vector<std::string> layerPath; ///< nested models outermost first, then the layer
  std::string name;                   ///< Keras's name: "kernel", "moving_mean"
  Shape shape;                        ///< fully known
  /// Whether the layer trains it: false for statistics, and for all of a layer that is frozen.
  bool trainable = true;
  /// Of the object inside the layer that holds it: "cell" in an LSTM; empty: the layer itself.
  std::string path = {};
};

/// An opened weights file of any layout. Immutable and cheap to share; values are read on demand.
class Weights {
public:
  /// Reads the file at `path`, of any form that `loadWeights` takes.
  static Expected<std::shared_ptr<const Weights>> open(const std::string &path);
  /// From bytes that hold HDF5; `file` names them in messages.
  static Expected<std::shared_ptr<const Weights>> fromHdf5(formats::Bytes bytes, std::string file);

  virtual ~Weights() = default;
  /// The value of each parameter as float32, in the same order; see bindWeights.
  virtual Expected<std::vector<Tensor>> bind(const Model &model,
                                             std::span<const Parameter> parameters) const = 0;
  const std::string &file() const { return name; }

protected:
  explicit Weights(std::string file) : name(std::move(file)) {}

private:
  std::string name;
};

/// The value of each parameter, float32, in the order given. `parameters` are all of the model's,
/// layer by layer in the model's order and in each layer in the order in which Keras creates them.
/// Float16, bfloat16, float64 and integers convert by value. Input errors name layer, weight and
/// both shapes, and are collected: a weight is missing, superfluous, of another shape (which is
/// compared before anything is read) or not numeric; the file has weights of more or fewer layers.
Expected<std::vector<Tensor>> bindWeights(const Model &model, const Weights &weights,
                                          std::span<const Parameter> parameters);

} // namespace hornet::keras
