//===- Orthogonal.h - Random matrices with orthonormal rows or columns ---===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "training/RandomStream.h"

#include <cstddef>
#include <span>

namespace hornet::training {

/// Fills a row-major matrix: its columns, or its rows when these are fewer, are orthonormal, and
/// uniformly distributed among all such matrices: Q of the QR decomposition of normal numbers,
/// with the signs that make R's diagonal positive. In double precision.
void fillOrthogonal(std::span<float> values, size_t rows, size_t columns, RandomStream &random);

} // namespace hornet::training
