//===- Winograd.h - Minimal filtering: the transforms of a 3x3 convolution ---------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lower/Schedule.h"

#include "graph/Graph.h"

#include "mlir/IR/PatternMatch.h"

namespace hornet::lower {

/// The matrices of F(m x m, 3 x 3), row by row, with a = m + 2: a tile of results is
/// Aᵀ [(G g Gᵀ) ∘ (Bᵀ d B)] A for a filter g (3 x 3) and a tile of the input d (a x a).
/// Source: A. Lavin and S. Gray, https://arxiv.org/abs/1509.09308.
struct WinogradMatrices {
  int64_t tile;
  llvm::ArrayRef<double> input;  ///< Bᵀ: a x a
  llvm::ArrayRef<double> filter; ///< G: a x 3
  llvm::ArrayRef<double> output; ///< Aᵀ: m x a

  int64_t span() const { return tile + 2; }
};

/// `tile` is 2 or 4.
const WinogradMatrices &winogradMatrices(int64_t tile);

/// Nothing for convolutions that minimal filtering cannot compute.
std::optional<ConvolutionExtents> winogradExtents(graph::ConvolutionOp op);

std::optional<ConvolutionExtents> winogradExtents(graph::FilterGradientOp op);
ConvolutionExtents winogradExtents(graph::WinogradFilterGradientOp op);

/// graph.convolution → graph.winograd_convolution, and the same for its gradient, where the
/// schedule says that it pays; tiles of at most `largestTile`. The transform of the filter depends
/// on parameters alone.
void addConvolutionToWinograd(mlir::RewritePatternSet &patterns, int64_t largestTile,
                              int64_t cacheBytes);

/// Replaces `op`, the elementwise op on its result and a pooling that fits into its tiles by loops
/// over blocks of tiles.
void scheduleWinograd(mlir::RewriterBase &rewriter, graph::WinogradConvolutionOp op,
                      const Machine &machine);

/// Replaces `op` by loops over parts of the batch, blocks of matrices and blocks of tiles.
void scheduleWinogradGradient(mlir::RewriterBase &rewriter, graph::WinogradFilterGradientOp op,
                              const Machine &machine);

} // namespace hornet::lower
