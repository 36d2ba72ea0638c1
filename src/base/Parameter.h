//===- Parameter.h - A weight of a model, as it is declared ---------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Tensor.h"

#include <string>
#include <vector>

namespace hornet {

/// One variable of a layer, float32. The import declares it, an artifact's manifest keeps it, and
/// by it the value is found in a weights file.
struct Parameter {
  std::string symbol;                 ///< unique, "conv2d/kernel"
  std::vector<std::string> layerPath; ///< nested models outermost first, then the layer
  std::string name;                   ///< Keras's name: "kernel", "moving_mean"
  Shape shape;                        ///< fully known
  /// Whether the layer trains it: false for statistics, and for all of a layer that is frozen.
  bool trainable = true;
  /// Of the object inside the layer that holds it: "cell" in an LSTM; empty: the layer itself.
  std::string path = {}; // NOLINT(readability-redundant-member-init): may be left out
};

} // namespace hornet
