//===- CustomLayer.h - The caller's importer of a layer class -------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
// Without MLIR: the importer's body includes import/LayerImport.h.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace hornet::import {

class LayerImport;

/// An importer for layers whose Python code is not in their file: it builds what the layer computes
/// out of ops of the graph, through `LayerImport`, as Hornet's own importers do. It comes before
/// one of Hornet's own. See docs/add-a-layer.md, "Without changing Hornet".
struct CustomLayer {
  /// The class: "Swish", of whatever package, or "my_package>Swish", of that one alone. A Lambda,
  /// whose class says nothing, goes by its layer's name, or by its path: "block/lambda_1".
  std::string name;
  /// Called once for each call of a layer. Gives its result through `LayerImport::result`, or says
  /// through `LayerImport::problem` what is wrong. May be called from several compilations at once.
  std::function<void(LayerImport &)> import;
};

using CustomLayers = std::vector<CustomLayer>;

} // namespace hornet::import
