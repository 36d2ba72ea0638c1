//===- Cost.h - What layers cost in work and memory -----------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/Description.h"

namespace hornet::tool {

/// What a layer costs, a sample where it depends on the batch.
struct Cost {
  int64_t parameters = 0;
  int64_t trainable = 0;
  int64_t activations = 0; ///< elements of all outputs
  int64_t multiplyAdds = 0;

  static constexpr int64_t bytesEach = 4;
};

Cost costOf(const ModelDescription &model, const import::LayerRecord &layer);

/// Of the whole model, the activations left out: layers of nested models count once.
Cost totalCost(const ModelDescription &model);

} // namespace hornet::tool
