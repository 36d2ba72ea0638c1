//===- WriteConfig.h - A model's configuration, as each generation has it ------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
// Internal to src/keras.
#pragma once

#include "keras/Model.h"

namespace hornet::keras {

/// Says where Keras 3 finds the class of a model's specification.
void addModelModule(Json &spec);

/// For an HDF5 file. What Keras 2 read stays Keras 2's; what Keras 3 read is respelled for Keras 2,
/// which Keras 3 reads too, and stays Keras 3's where that cannot be done.
Expected<Json> configForHdf5(const Model &model);

/// For a `.keras` archive of Keras 3. Input error, for every layer of a Keras 2 model that Keras 3
/// does not have, or has with another meaning.
Expected<Json> configForArchive(const Model &model);

} // namespace hornet::keras
