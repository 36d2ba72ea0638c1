// The one file that owns tile sizes.

#include "lower/Schedule.h"

using namespace mlir;

namespace hornet::lower {
namespace {

/// Products in one sum, and the least that are worth storing and loading the sums for.
constexpr int64_t longestSum = 512, leastReductionBlock = 128;
constexpr int64_t leastPartSum = 8;

/// The largest divisor of `extent` up to `most`, at least 1.
int64_t divisorUpTo(int64_t extent, int64_t most) {
  int64_t divisor = std::clamp<int64_t>(most, 1, extent);
  while (extent % divisor)
    --divisor;
  return divisor;
}

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
/// an unknown one in full tiles, then pairs, then one.
SmallVector<Blocks> splitRows(int64_t extent, int64_t most, MLIRContext *context) {
  auto constant = [&](int64_t value) { return getAffineConstantExpr(value, context); };
  AffineExpr size = getAffineSymbolExpr(0, context);
  if (ShapedType::isDynamic(extent)) {
    SmallVector<Blocks> blocks;
    AffineExpr covered = constant(0);
    for (int64_t rows : {most, int64_t{2}, int64_t{1}}) {
      if (!blocks.empty() && rows >= blocks.back().size)
        continue;
      AffineExpr count = (size - covered).floorDiv(rows);
      blocks.push_back({covered, count, rows});
      covered = covered + count * rows;
    }
    return blocks;
  }
  int64_t tiles = llvm::divideCeil(extent, most), small = extent / tiles, larger = extent % tiles;
  SmallVector<Blocks> blocks;
  if (larger)
    blocks.push_back({constant(0), constant(larger), small + 1});
  blocks.push_back({constant(larger * (small + 1)), constant(tiles - larger), small});
  return blocks;
}

/// Multiply-adds of a sample. Where nothing is reduced, memory takes most of the time.
int64_t workOf(const Kernel &kernel) {
  int64_t work = kernel.reductionLoops.empty() ? 8 : 1;
  for (int64_t extent : kernel.extents)
    work *= ShapedType::isDynamic(extent) ? 1 : extent;
  return work;
}

/// Bytes of the operand whose vectors all rows share: the filter.
int64_t filterBytes(const Kernel &kernel, const Roles &roles) {
  int64_t most = 0;
  for (const Access &input : kernel.inputs)
    if (input.dependsOn(roles.vector) && roles.rows && !input.dependsOn(*roles.rows))
      if (auto type = dyn_cast<RankedTensorType>(input.value.getType()))
        if (type.hasStaticShape())
          most = std::max(most, type.getNumElements() * type.getElementTypeBitWidth() / 8);
  return most;
}

/// A divisor of a long sum of products, or 0 where it is short or none divides well: of which a
/// block of the filter's columns fits into a quarter of the core's cache, and which is short enough
/// for the sums of its blocks to round less than one sum would.
int64_t reductionBlockOf(const Kernel &kernel, int64_t columnBytes, int64_t cacheBytes) {
  if (kernel.reductionLoops.size() != 1 || !isa_and_nonnull<arith::AddFOp>(combinerOf(kernel)))
    return 0;
  int64_t extent = kernel.extents[kernel.reductionLoops.front()];
  int64_t most = std::min(longestSum, cacheBytes / 4 / columnBytes);
  if (extent <= most)
    return 0;
  int64_t block = divisorUpTo(extent, most);
  return block >= leastReductionBlock ? block : 0;
}

/// Whether each step of the outermost reduction, a row of a convolution's filter, gets a sum of its
/// own: sums of sums round less, where they are long enough to pay for adding them.
bool sumsInParts(const Kernel &kernel) {
  if (kernel.reductionLoops.size() < 2 || !isa_and_nonnull<arith::AddFOp>(combinerOf(kernel)))
    return false;
  int64_t inner = 1;
  for (unsigned loop : ArrayRef(kernel.reductionLoops).drop_front())
    inner *= kernel.extents[loop];
  return inner >= leastPartSum && kernel.extents[kernel.reductionLoops.front()] > 1;
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

int64_t sumsSideBySide(int64_t accumulators, int64_t steps) {
  // Two multiply-adds begin in a cycle, and each takes four.
  constexpr int64_t inFlight = 8, leastSteps = 32;
  if (accumulators * 2 > inFlight || steps < leastSteps)
    return 1;
  return divisorUpTo(steps, inFlight / accumulators);
}

static int64_t vectorElements(const Kernel &kernel, const Machine &machine) {
  Type element = getElementTypeOrSelf(kernel.output.value.getType());
  return machine.vectorBytes * 8 / element.getIntOrFloatBitWidth();
}

int64_t packedColumns(const Kernel &kernel, const Machine &machine) {
  return tileVectors(machine, 2, true) * vectorElements(kernel, machine);
}

Schedule chooseSchedule(const Kernel &kernel, const Roles &roles, const Machine &machine) {
  MLIRContext *context = kernel.root->getContext();
  int64_t width = vectorElements(kernel, machine);
  int64_t extent = kernel.extents[roles.vector];
  Blocks single{getAffineConstantExpr(0, context), getAffineConstantExpr(1, context), 1};

  Schedule schedule;
  schedule.vectorWidth = std::min(width, extent);
  schedule.work = workOf(kernel);
  if (roles.vectorIsReduction) {
    schedule.partials = std::clamp<int64_t>(extent / width, 1, 4);
    schedule.regions.push_back({single, {ColumnBlocks{0, 1, {1}}}});
    return schedule;
  }
  bool reduces = !kernel.reductionLoops.empty();
  schedule.partSums = sumsInParts(kernel);
  int64_t vectors = tileVectors(machine, roles.rows ? 2 : 1, reduces);
  bool packed = llvm::any_of(
      kernel.inputs, [&](const Access &input) { return input.packedBlock(roles.vector) != 0; });
  int64_t needed = llvm::divideCeil(extent, width),
          columnBlocks = llvm::divideCeil(needed, vectors);
  bool manyOuter = llvm::any_of(roles.outer, [&](unsigned loop) {
    return !ShapedType::isDynamic(kernel.extents[loop]) &&
           kernel.extents[loop] >= 2 * machine.threads;
  });
  bool fewOuter = machine.threads > 1 && !manyOuter;
  schedule.sharesColumns =
      columnBlocks > 1 && (filterBytes(kernel, roles) > machine.cacheBytes / 2 ||
                           (fewOuter && columnBlocks >= machine.threads));
  schedule.sharesRows = fewOuter && !schedule.sharesColumns && roles.rows;

  SmallVector<Blocks> rows = {single};
  if (roles.rows)
    rows = splitRows(kernel.extents[*roles.rows], tileRows(machine, std::min(vectors, needed)),
                     context);
  for (const Blocks &blocks : rows) {
    int64_t own = schedule.sharesColumns || packed
                      ? vectors
                      : tileVectors(machine, roles.rows ? blocks.size : 1, reduces);
    schedule.regions.push_back({blocks, splitColumns(extent, width, own)});
  }
  if (roles.rows && !schedule.sharesRows && ShapedType::isDynamic(kernel.extents[*roles.rows]))
    schedule.reductionBlock = reductionBlockOf(
        kernel, std::min(vectors, needed) * machine.vectorBytes, machine.cacheBytes);
  return schedule;
}

//===----------------------------------------------------------------------===//
// Minimal filtering
//===----------------------------------------------------------------------===//

namespace {

/// Costs are counted in multiply-adds of one element. A core reads some 8 bytes a cycle from beyond
/// its own caches, and multiplies and adds 32 elements meanwhile.
constexpr double stepsPerByte = 32. / 8;
/// Loading, adding and storing one element of a transformed tile, in the same measure.
constexpr double stepsPerTransformedElement = 5;
/// How much cheaper it must be on paper, before it is worth its rounding.
constexpr double leastGain = 0.8;

double streamed(double steps, double filterElements, int64_t cacheBytes) {
  double bytes = filterElements * sizeof(float);
  return bytes > cacheBytes ? std::max(steps, bytes * stepsPerByte) : steps;
}

double directSteps(const ConvolutionExtents &e, int64_t cacheBytes) {
  double filter = 9. * e.channels * e.filters;
  return streamed(filter * e.rows * e.columns, filter, cacheBytes);
}

double winogradSteps(const ConvolutionExtents &e, int64_t tile, int64_t cacheBytes) {
  double tiles = llvm::divideCeil(e.rows, tile) * llvm::divideCeil(e.columns, tile);
  double elements = (tile + 2) * (tile + 2), filter = elements * e.channels * e.filters;
  double transforms = stepsPerTransformedElement * elements * (e.channels + e.filters);
  return streamed(tiles * (filter + transforms), filter, cacheBytes);
}

} // namespace

int64_t chooseWinogradTile(const ConvolutionExtents &extents, int64_t largest, int64_t cacheBytes) {
  int64_t best = 0;
  double least = leastGain * directSteps(extents, cacheBytes);
  for (int64_t tile = 2; tile <= largest; tile += 2) {
    if (std::min(extents.rows, extents.columns) < tile ||
        winogradSteps(extents, tile, cacheBytes) >= least)
      continue;
    best = tile;
    least = winogradSteps(extents, tile, cacheBytes);
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
    if (extents.filters % block == 0) {
      schedule.filters = block;
      break;
    }
  }
  schedule.work = static_cast<int64_t>(winogradSteps(extents, tile, machine.cacheBytes));
  return schedule;
}

} // namespace hornet::lower
