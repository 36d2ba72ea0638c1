//===- Weights.h - The values of a model's parameters ------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"
#include "base/Parameter.h"
#include "formats/Hdf5.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace hornet::keras {

struct Model;

using hornet::Parameter;

/// An opened weights file of any layout. Immutable and cheap to share; values are read on demand.
class Weights {
public:
  /// Reads the file at `path`, of any form that `loadWeights` takes.
  static Expected<std::shared_ptr<const Weights>> open(const std::string &path);
  /// An HDF5 file of either layout: a whole model's too.
  static Expected<std::shared_ptr<const Weights>> fromHdf5(formats::Hdf5File file);
  /// Values for any model, the same for the same seed, under which activations keep their scale:
  /// for measuring a model that has not been trained.
  static std::shared_ptr<const Weights> random(uint32_t seed);

  virtual ~Weights() = default;
  const std::string &file() const { return name; } ///< for messages

protected:
  explicit Weights(std::string file) : name(std::move(file)) {}

private:
  friend Expected<struct Binding> locateWeights(const Model &, const Weights &,
                                                std::span<const Parameter>, bool);
  /// Says where the value of each parameter is; what does not fit becomes a problem of `binding`.
  virtual Expected<void> locate(struct Binding &binding) const = 0;

  std::string name;
};

/// The value of each parameter, float32, in the order given. `parameters` are all of the model's,
/// layer by layer in the model's order and in each layer in the order in which Keras creates them.
/// Float16, bfloat16, float64 and integers convert by value. Input errors name layer, weight and
/// both shapes, and are collected: a weight is missing, superfluous, of another shape (which is
/// compared before anything is read) or not numeric; the file has weights of more or fewer layers.
Expected<std::vector<Tensor>> bindWeights(const Model &model, const Weights &weights,
                                          std::span<const Parameter> parameters);

/// The same, but the values are not kept: whether the weights fit. `partial`: `parameters` are only
/// those of some layers of the outermost model, each with all of its own; what else is in the file
/// is left alone.
Expected<void> checkWeights(const Model &model, const Weights &weights,
                            std::span<const Parameter> parameters, bool partial = false);

/// The same as bindWeights from the model's own weights. Input error: it has none.
Expected<std::vector<Tensor>> bindWeights(const Model &model,
                                          std::span<const Parameter> parameters);

} // namespace hornet::keras
