//===- TransposedConvolution.h - The adjoint of a convolution, as convolutions -------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "graph/Arithmetic.h"

namespace hornet::graph {

/// A convolution of inputs with the spatial extents `input`.
struct ConvolutionShape {
  llvm::SmallVector<int64_t> input, strides, low, high, dilations;
  int64_t groups = 1;
};

/// What the convolution's transposed matrix makes of `x` (N, out…, O): (N, in…, I), the gradient to
/// the convolution's input where `x` is that of its result, and what Keras's Conv2DTranspose
/// computes. `filter` (k…, I / groups, O) is the convolution's. With strides, each residue of the
/// input's places modulo the stride is a convolution of its own with every stride-th element of the
/// filter, so that nothing is multiplied by zeros between the elements of `x`.
/// Source: V. Dumoulin and F. Visin, "A guide to convolution arithmetic for deep learning",
/// chapter 4, https://arxiv.org/abs/1603.07285
Term transposedConvolution(Term x, Term filter, const ConvolutionShape &convolution);

/// `x` with `strides[i] - 1` zeros between its elements along dimension i, none for a stride of 1.
Term dilate(Term x, llvm::ArrayRef<int64_t> strides);

/// Elements `start` to `start + size` of every static dimension; `size` is ignored for others.
Term crop(Term x, llvm::ArrayRef<int64_t> start, llvm::ArrayRef<int64_t> size);

/// A border of zeros, of entries for each dimension; negative ones take elements away instead.
Term padOrCrop(Term x, llvm::ArrayRef<int64_t> low, llvm::ArrayRef<int64_t> high);

} // namespace hornet::graph
