//===- Schedule.h - All tile sizes, chosen from the shape and the processor -----------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lower/Kernel.h"
#include "lower/Tuning.h"

namespace hornet::lower {

/// What the schedules know of a processor.
struct Machine {
  int64_t vectorBytes = 32;
  int64_t vectorRegisters = 16;
  int64_t threads = 1;
  int64_t cacheBytes = 1 << 20; ///< of the largest cache that is a core's own
};

/// `count` blocks of `size` steps of a loop, from `start` on. The expressions are over one symbol,
/// the loop's extent, which may be known only at run time.
struct Blocks {
  mlir::AffineExpr start, count;
  int64_t size = 1;
};

/// `count` blocks of columns from `start` on; in a block, vectors of the given widths side by side.
struct ColumnBlocks {
  int64_t start = 0, count = 1;
  llvm::SmallVector<int64_t> widths;

  int64_t size() const { return std::accumulate(widths.begin(), widths.end(), int64_t{0}); }
};

/// A part of the output that is covered by register tiles of one size for each of `columns`:
/// `rows.size` rows by `widths` columns of accumulators, which stay in registers over all of the
/// reduction.
struct TileRegion {
  Blocks rows;
  llvm::SmallVector<ColumnBlocks> columns;
};

struct Schedule {
  llvm::SmallVector<TileRegion> regions;
  /// What threads share besides the outer loops. Shared blocks of columns are the outermost loop,
  /// so that each thread reads its own part of the filter, and reads it once.
  bool sharesRows = false, sharesColumns = false;
  /// Multiply-adds of a sample, or what takes as long; 0 for what lies within another loop.
  int64_t work = 0;
  /// Steps of a sum that all tiles take together before any goes on; 0: all at once.
  int64_t reductionBlock = 0;
  /// Whether the outer loops lie within the blocks of the reduction: then all of the output takes
  /// its part of a block (a sample of the batch, which stays in cache) before the next one.
  bool blocksOutermost = false;
  /// Whether each step of the outermost reduction has a sum of its own, from zero.
  bool partSums = false;
  /// Of a reduction that is itself the vector: vectors a step, each with its own partial result.
  int64_t partials = 1, vectorWidth = 1;
};

/// Samples in a batch, where work is estimated before it is known.
inline constexpr int64_t usualBatch = 32;

/// The largest divisor of `extent` up to `most`, at least 1.
int64_t divisorUpTo(int64_t extent, int64_t most);

/// `extent` columns in tiles of at most `vectors` vectors of `width`, the last ones narrower: 37
/// columns in vectors of 8, 2 at a time, are two blocks of [8, 8] and one of [5].
llvm::SmallVector<ColumnBlocks> splitColumns(int64_t extent, int64_t width, int64_t vectors);

/// Rows that ops which share them compute at a time, of loops over rows with these `extents`: what
/// stays among the ops, `bytes` a row, is to stay in cache, and each thread is to have a block.
int64_t rowsInBlock(llvm::ArrayRef<int64_t> extents, int64_t bytes, const Machine &machine);

/// Columns in one tile of a sum of products, which is as wide as a packed filter's blocks.
int64_t packedColumns(const Kernel &kernel, const Roles &roles, const Machine &machine);

/// The analytic choice, but for what was measured. Accumulators (rows × vectors of columns), one
/// vector of each column and one broadcast element must fit into the registers.
Schedule chooseSchedule(const Kernel &kernel, const Roles &roles, const Machine &machine);

/// The schedule's regions by the parallel loops that cover them: each takes those that divide its
/// iterations alike.
llvm::SmallVector<llvm::SmallVector<TileRegion>> parallelGroups(const Schedule &schedule);

/// For tuning: the choice about a sum of products whose rows share vectors, and those near it that
/// differ for this batch. Nothing about other kernels.
std::vector<Choice> tileChoices(const Kernel &kernel, const Roles &roles, const Machine &machine,
                                int64_t batch);
/// Sums that a tile splits each of its `accumulators` sums of `steps` terms into, side by side: an
/// addition waits for the one before it in its sum, so that few sums leave the processor idle.
int64_t sumsSideBySide(int64_t accumulators, int64_t steps);

/// What a 3x3 convolution of one sample is made of: its results, and the channels of its input.
struct ConvolutionExtents {
  int64_t rows, columns, channels, filters;
};

/// The tile of minimal filtering that makes this convolution cheapest, at most `largest`, which
/// bounds what was measured too: larger ones round more. 0 for computing it directly.
int64_t chooseWinogradTile(const ConvolutionExtents &extents, int64_t largest, int64_t cacheBytes,
                           const Tuned &tuned);

/// For tuning: the tile, and the others that are allowed.
std::vector<Choice> winogradTileChoices(const ConvolutionExtents &extents, int64_t largest,
                                        int64_t cacheBytes, const Tuned &tuned);

/// Blocks of tiles that are transformed, multiplied and transformed back while they stay in cache.
struct WinogradSchedule {
  int64_t rows, columns;           ///< tiles in a block
  int64_t rowBlocks, columnBlocks; ///< blocks in a sample
  int64_t filters;                 ///< that are multiplied before they are transformed back
  int64_t work = 0;                ///< as in Schedule

  int64_t blocks() const { return rowBlocks * columnBlocks; }
};

WinogradSchedule chooseWinograd(const ConvolutionExtents &extents, int64_t tile,
                                const Machine &machine, const Tuned &tuned);

/// For tuning: the blocks, and others near them.
std::vector<Choice> winogradChoices(const ConvolutionExtents &extents, int64_t tile,
                                    const Machine &machine, const Tuned &tuned);

/// The same for the gradient to its filter.
int64_t chooseWinogradGradientTile(const ConvolutionExtents &extents, int64_t largest,
                                   int64_t cacheBytes);

/// Parts of the batch that the gradient to a filter sums by themselves: what threads share where
/// there are few blocks of matrices.
int64_t winogradParts(const ConvolutionExtents &extents);

/// Blocks of the gradient to a transformed filter, which stay in cache while the tiles of all
/// samples of a part are added to it, and of tiles.
struct WinogradGradientSchedule {
  int64_t channels, filters; ///< in a block of matrices
  int64_t rows, columns;     ///< tiles in a block
  int64_t work = 0;          ///< of one block of matrices and one part
};

WinogradGradientSchedule chooseWinogradGradient(const ConvolutionExtents &extents, int64_t tile,
                                                const Machine &machine);

} // namespace hornet::lower
