//===- Ranges.h - The numbers that images have --------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "graph/Arithmetic.h"
#include "import/LayerImport.h"

namespace hornet::import {

/// What a layer's value_range says: low and high, in this order whatever the config has.
std::optional<std::pair<double, double>> valueRange(LayerImport &layer);

/// Numbers of the range `from` in the range `to`.
graph::Term rescale(graph::Term x, std::pair<double, double> from, std::pair<double, double> to);

} // namespace hornet::import
