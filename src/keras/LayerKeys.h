//===- LayerKeys.h - How the generations of Keras spell a layer's config -------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
// Internal to src/keras.
#pragma once

#include "keras/Model.h"

#include <string>
#include <string_view>

namespace hornet::keras {

/// Whether Keras 2 and Keras 3 both have a layer of this class that computes the same.
bool inBothGenerations(std::string_view className);

/// Removes what only one generation knows and what says nothing: keys at their default value.
void dropDefaults(std::string_view className, Json &config);

/// Respells `config` of a layer: names of keys and form of objects ({"class_name", "config"} alone
/// in Keras 2, with module and registered_name in Keras 3). Returns what stands in the way, naming
/// key and value; empty: nothing.
std::string toKeras2(std::string_view className, Json &config);
std::string toKeras3(std::string_view className, Json &config);

/// An object of Keras, such as an initializer, as each generation writes it; anything but an object
/// with a class_name stays as it is. Objects within its config are respelled too.
Json plainObject(const Json &object);
Json modernObject(const Json &object, std::string_view module);

} // namespace hornet::keras
