//===- ForBatch.h - The shape of a port for a batch of some size ------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Tensor.h"

namespace hornet::runtime {

/// `shape` for a batch of this size: unknownSize becomes the batch. A leading extent of -k, k > 1,
/// becomes k times the batch: that of an output in which the elements of samples lie one after the
/// other.
inline Shape forBatch(Shape shape, int64_t batch) {
  for (int64_t &extent : shape)
    if (extent < 0)
      extent *= -batch;
  return shape;
}

} // namespace hornet::runtime
