//===- TensorFlow.h - TensorFlow's functions as Keras's operations ----------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "import/Operation.h"

namespace hornet::import {

/// A function of TensorFlow, or a node of its graphs, and the operation that does the same.
struct Translation {
  std::string_view name;      ///< "math.reduce_mean"; of a node: "Mean"
  std::string_view operation; ///< Keras 3's class
  /// Theirs in their order, each with ours behind a colon where it has another name; "-" for one
  /// that changes no number.
  std::string_view parameters;
  std::string_view fixed = "";     ///< arguments that it has from the start: "axis=-1 order=2"
  void (*adapt)(Json &) = nullptr; ///< what else has to be changed
};

/// The arguments of the operation, of positional ones and of those with names.
Json translated(const Translation &row, const Json &args, const Json &named);

/// An operation of Keras 3, or one that TensorFlow alone has; null for other names.
const OperationEntry *findTranslated(std::string_view name);

} // namespace hornet::import
