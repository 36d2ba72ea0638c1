//===- ActivationLayers.h - Activations as layers and as attributes --------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "import/LayerImport.h"

namespace hornet::import {

/// The activation that the config names under `key`: a function's name, a layer such as
/// LeakyReLU with its own config, or nothing. Reports names that are not known.
Activation readActivation(LayerImport &layer, std::string_view key = "activation");

/// `activation(x)`; reports what is wrong with it.
mlir::Value activate(LayerImport &layer, const Activation &activation, mlir::Value x);

/// Whether the activation treats every element by itself, whatever its place.
bool isElementwise(const Activation &activation);

} // namespace hornet::import
