//===- Activations.h - Keras's activations as graph ops ----------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"
#include "keras/Model.h"

#include "mlir/IR/Builders.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace hornet::import {

/// An activation as a layer's config gives it: `"relu"`, or a layer such as LeakyReLU that stands
/// for a function with attributes.
struct Activation {
  std::string name = "linear"; ///< Keras's name of the function: "relu", "leaky_relu", "swish", …
  /// Attributes that differ from the function's defaults (see activationAttributes), under Keras
  /// 3's config key: {"negative_slope", 0.3}; booleans as 0 and 1.
  std::map<std::string, double, std::less<>> attributes;
  /// Of softmax, log_softmax, sparsemax and glu: the axes, negative ones counted from the last.
  /// Only the softmaxes take more than one.
  std::vector<int64_t> axes = {-1};
};

/// Every name that buildActivation takes, sorted.
std::vector<std::string_view> activationNames();

/// The attributes of the function `name`: Keras's config key and default. A default of NaN stands
/// for Python's None. Empty for names that are not known.
///   celu, elu: alpha · gelu: approximate · hard_shrink, soft_shrink: threshold · leaky_relu:
///   negative_slope · relu: negative_slope, max_value, threshold · squareplus: b · threshold:
///   threshold, default_value
std::vector<std::pair<std::string_view, double>> activationAttributes(std::string_view name);

/// Builds `activation(x)`, of x's type (glu halves its axis). `generation` chooses between the two
/// functions called hard_sigmoid. Written so that neither the value nor its gradient overflows
/// where Keras's do not; NaN and infinities give what they give in Keras. Source:
/// https://keras.io/api/layers/activations/ Input errors (`attribute` and `reason` filled; the
/// caller adds file and layer): the name or an attribute is not known, an axis is out of range,
/// glu's axis is odd or open.
Expected<mlir::Value> buildActivation(mlir::OpBuilder &builder, mlir::Location location,
                                      const Activation &activation, keras::Generation generation,
                                      mlir::Value x);

} // namespace hornet::import
