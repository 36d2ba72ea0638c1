//===- WriteWeights.h - Weights and optimizer state into HDF5 ------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
// Internal to src/keras.
#pragma once

#include "formats/Hdf5Writer.h"
#include "keras/Model.h"
#include "keras/Training.h"
#include "keras/Weights.h"

#include <span>

namespace hornet::keras {

/// What is written: a value for each parameter.
struct Values {
  const Model &model;
  std::span<const Parameter> parameters;
  std::span<const Tensor> tensors;
};

/// By layer name, as Keras 2 does; `root` as in openLegacyWeights. `kerasVersion` is what stands
/// beside them.
void writeLegacyWeights(const Values &values, const std::string &root,
                        const std::string &kerasVersion, formats::Hdf5Writer &file);
/// By class name and number, as Keras 3 does.
void writeKeras3Weights(const Values &values, formats::Hdf5Writer &file);

/// The optimizer's variables in an HDF5 model: `name` is the optimizer's. Keras 2 has no variable
/// for the learning rate.
void writeLegacyOptimizer(const OptimizerState &state, const std::string &name,
                          Generation generation, formats::Hdf5Writer &file);
/// The same in a `.keras` archive.
void writeKeras3Optimizer(const OptimizerState &state, const std::string &name,
                          formats::Hdf5Writer &file);

} // namespace hornet::keras
