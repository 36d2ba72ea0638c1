//===- Encode.h - Indices to vectors ------------------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "host/Plan.h"

#include <span>

namespace hornet::host {

/// One vector of a list of indices. Settings: "mode": "one_hot" and "multi_hot" (1 where an index
/// is), "count", or "tf_idf": the count, times the weight of its place; "depth": the vector's
/// length; "weights" of tf_idf. Indices that are out of range count nowhere.
class Encoder {
public:
  explicit Encoder(const Json &settings);
  /// `row` has as many bytes as `depth` elements of the type, zeros.
  void encode(std::span<const int64_t> indices, DType dtype, std::byte *row) const;
  int64_t depth;

private:
  bool counts;
  std::vector<float> weights;
};

} // namespace hornet::host
