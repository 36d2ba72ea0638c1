// The one file that owns tile sizes.

#include "lower/Schedule.h"

using namespace mlir;

namespace hornet::lower {
namespace {

/// Multiply-adds (or whatever a kernel does an element) a sample below which a second thread costs
/// more than it saves: a parallel region takes some 2 to 5 µs, a core does about 10 a ns.
constexpr int64_t leastParallelWork = 50'000;

/// Vectors of columns in one tile of `rows` rows.
int64_t tileVectors(const Machine &machine, int64_t rows, bool reduces) {
  // Streaming kernels need a few independent vectors to hide latencies, no more.
  if (!reduces)
    return 4;
  if (rows == 1)
    return machine.vectorRegisters / 2;
  return machine.vectorRegisters >= 32 ? 4 : 2;
}

/// Rows of accumulators that fit beside `vectors` of columns and one broadcast element.
int64_t tileRows(const Machine &machine, int64_t vectors) {
  return std::max<int64_t>(1, (machine.vectorRegisters - 1 - vectors) / vectors);
}

/// Rows in tiles of at most `most`. A known extent is split evenly (26 by 6: one of 6, four of 5);
/// an unknown one in full tiles, then single rows.
SmallVector<Blocks> splitRows(int64_t extent, int64_t most, MLIRContext *context) {
  auto constant = [&](int64_t value) { return getAffineConstantExpr(value, context); };
  AffineExpr size = getAffineSymbolExpr(0, context);
  if (ShapedType::isDynamic(extent))
    return {{constant(0), size.floorDiv(most), most}, {size.floorDiv(most) * most, size % most, 1}};
  int64_t tiles = llvm::divideCeil(extent, most), small = extent / tiles, larger = extent % tiles;
  SmallVector<Blocks> blocks;
  if (larger)
    blocks.push_back({constant(0), constant(larger), small + 1});
  blocks.push_back({constant(larger * (small + 1)), constant(tiles - larger), small});
  return blocks;
}

int64_t workPerSample(const Kernel &kernel) {
  int64_t work = 1;
  for (int64_t extent : kernel.extents)
    work *= ShapedType::isDynamic(extent) ? 1 : extent;
  return work;
}

} // namespace

SmallVector<ColumnBlocks> splitColumns(int64_t extent, int64_t width, int64_t vectors) {
  SmallVector<ColumnBlocks> blocks;
  int64_t full = extent / (width * vectors), start = full * width * vectors;
  if (full)
    blocks.push_back({0, full, SmallVector<int64_t>(vectors, width)});
  ColumnBlocks rest{start, 1, {}};
  for (; start < extent; start += width)
    rest.widths.push_back(std::min(width, extent - start));
  if (!rest.widths.empty())
    blocks.push_back(rest);
  return blocks;
}

Schedule chooseSchedule(const Kernel &kernel, const Roles &roles, const Machine &machine) {
  MLIRContext *context = kernel.root->getContext();
  Type element = getElementTypeOrSelf(kernel.output.value.getType());
  int64_t width = machine.vectorBytes * 8 / element.getIntOrFloatBitWidth();
  int64_t extent = kernel.extents[roles.vector];
  Blocks single{getAffineConstantExpr(0, context), getAffineConstantExpr(1, context), 1};

  Schedule schedule;
  schedule.vectorWidth = std::min(width, extent);
  schedule.parallel = workPerSample(kernel) >= leastParallelWork && machine.threads > 1;
  if (roles.vectorIsReduction) {
    schedule.partials = std::clamp<int64_t>(extent / width, 1, 4);
    schedule.regions.push_back({single, {ColumnBlocks{0, 1, {1}}}});
    return schedule;
  }
  bool reduces = !kernel.reductionLoops.empty();
  SmallVector<Blocks> rows = {single};
  if (roles.rows) {
    int64_t vectors = std::min(tileVectors(machine, 2, reduces),
                               static_cast<int64_t>(llvm::divideCeil(extent, width)));
    rows = splitRows(kernel.extents[*roles.rows], tileRows(machine, vectors), context);
  }
  for (const Blocks &blocks : rows)
    schedule.regions.push_back(
        {blocks, splitColumns(extent, width, tileVectors(machine, blocks.size, reduces))});
  schedule.blocksInParallel = llvm::none_of(roles.outer, [&](unsigned loop) {
    return !ShapedType::isDynamic(kernel.extents[loop]) &&
           kernel.extents[loop] >= 2 * machine.threads;
  });
  return schedule;
}

//===----------------------------------------------------------------------===//
// Minimal filtering
//===----------------------------------------------------------------------===//

namespace {

/// Costs are counted in multiply-adds of one element. A core reads some 8 bytes a cycle from beyond
/// its own caches, and multiplies and adds 32 elements meanwhile.
constexpr double stepsPerByte = 32. / 8, ownCacheBytes = 1 << 20;
/// Loading, adding and storing one element of a transformed tile, in the same measure.
constexpr double stepsPerTransformedElement = 5;
/// How much cheaper it must be on paper, before it is worth its rounding.
constexpr double leastGain = 0.8;

double streamed(double steps, double filterElements) {
  double bytes = filterElements * sizeof(float);
  return bytes > ownCacheBytes ? std::max(steps, bytes * stepsPerByte) : steps;
}

double directSteps(const ConvolutionExtents &e) {
  double filter = 9. * e.channels * e.filters;
  return streamed(filter * e.rows * e.columns, filter);
}

double winogradSteps(const ConvolutionExtents &e, int64_t tile) {
  double tiles = llvm::divideCeil(e.rows, tile) * llvm::divideCeil(e.columns, tile);
  double elements = (tile + 2) * (tile + 2), filter = elements * e.channels * e.filters;
  double transforms = stepsPerTransformedElement * elements * (e.channels + e.filters);
  return streamed(tiles * (filter + transforms), filter);
}

/// The largest divisor of `extent` up to `most`, at least 1.
int64_t divisorUpTo(int64_t extent, int64_t most) {
  int64_t divisor = std::clamp<int64_t>(most, 1, extent);
  while (extent % divisor)
    --divisor;
  return divisor;
}

} // namespace

int64_t chooseWinogradTile(const ConvolutionExtents &extents, int64_t largest) {
  int64_t best = 0;
  double least = leastGain * directSteps(extents);
  for (int64_t tile = 2; tile <= largest; tile += 2) {
    if (std::min(extents.rows, extents.columns) < tile || winogradSteps(extents, tile) >= least)
      continue;
    best = tile;
    least = winogradSteps(extents, tile);
  }
  return best;
}

WinogradSchedule chooseWinograd(const ConvolutionExtents &extents, int64_t tile,
                                const Machine &machine) {
  // Enough tiles to make use of each column of the filter, few enough to stay in the second cache.
  constexpr int64_t mostTiles = 32, mostBytes = 192 << 10;
  int64_t perTile = (tile + 2) * (tile + 2) * sizeof(float) * extents.channels;
  int64_t most = std::clamp<int64_t>(mostBytes / perTile, 1, mostTiles);
  int64_t rows = llvm::divideCeil(extents.rows, tile);
  int64_t columns = llvm::divideCeil(extents.columns, tile);
  WinogradSchedule schedule;
  schedule.columns = divisorUpTo(columns, most);
  int64_t spare = schedule.columns == columns ? most / columns : 1;
  schedule.rows = divisorUpTo(rows, std::min(spare, std::max<int64_t>(1, rows / machine.threads)));
  schedule.rowBlocks = rows / schedule.rows;
  schedule.columnBlocks = columns / schedule.columns;
  schedule.filters = extents.filters;
  for (int64_t vectors : {4, 3, 2}) {
    int64_t block = vectors * machine.vectorBytes / static_cast<int64_t>(sizeof(float));
    if (extents.filters > block && extents.filters % block == 0) {
      schedule.filters = block;
      break;
    }
  }
  schedule.parallel = machine.threads > 1 && winogradSteps(extents, tile) >= leastParallelWork;
  return schedule;
}

} // namespace hornet::lower
