//===- Comparison.h - Two arrays that should be the same ------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Tensor.h"
#include "formats/Json.h"

#include <string>

namespace hornet::tool {

/// Two numbers agree when |a - b| <= absolute + relative * |b|, b being the expected one; NaN
/// agrees with NaN, and infinity with the same infinity.
struct Tolerance {
  double relative = 0, absolute = 0;
};

/// How far an array is from the one that was expected.
struct Comparison {
  Shape shape;
  int64_t wrong = 0; ///< elements that do not agree
  int64_t worst = 0; ///< the place of the one that is furthest off, measured by the tolerance
  double got = 0, expected = 0; ///< there
  double furthest = 0;          ///< the largest |a - b|; infinite where one of them is no number

  bool agrees() const { return wrong == 0; }
  /// Of the worst element.
  int64_t sample() const;
  /// "12 of 30 elements differ, the worst at (1, 4): 0.25 instead of 0.26".
  std::string text() const;
  formats::Json json() const;
};

/// Both have the same shape.
Comparison compare(const Tensor &got, const Tensor &expected, Tolerance tolerance);

} // namespace hornet::tool
