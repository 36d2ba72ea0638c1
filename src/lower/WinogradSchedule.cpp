// The choices of minimal filtering: whether, in which tiles, in which blocks of them.

#include "lower/Schedule.h"

using namespace mlir;

namespace hornet::lower {

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

static bool fits(const ConvolutionExtents &extents, int64_t tile) {
  return std::min(extents.rows, extents.columns) >= tile;
}

int64_t chooseWinogradTile(const ConvolutionExtents &extents, int64_t largest, int64_t cacheBytes,
                           const Tuned &tuned) {
  int64_t measured = tuned.orElse("tile", largest + 1);
  if (measured <= largest && fits(extents, measured))
    return measured;
  int64_t best = 0;
  double least = leastGain * directSteps(extents, cacheBytes);
  for (int64_t tile = 2; tile <= largest; tile += 2) {
    if (!fits(extents, tile) || winogradSteps(extents, tile, cacheBytes) >= least)
      continue;
    best = tile;
    least = winogradSteps(extents, tile, cacheBytes);
  }
  return best;
}

std::vector<Choice> winogradTileChoices(const ConvolutionExtents &extents, int64_t largest,
                                        int64_t cacheBytes, const Tuned &tuned) {
  Choices choices;
  choices.add({{"tile", chooseWinogradTile(extents, largest, cacheBytes, tuned)}});
  for (int64_t tile = 0; tile <= largest; tile += 2)
    if (fits(extents, tile))
      choices.add({{"tile", tile}});
  return choices.take();
}

/// Tiles of one block: enough to make use of each column of the filter, few enough to stay in the
/// second cache; or in the first, where the filter leaves place for some.
static int64_t mostTiles(const ConvolutionExtents &e, int64_t tile) {
  constexpr int64_t most = 32, mostBytes = 192 << 10, firstCacheBytes = 32 << 10, some = 8;
  int64_t matrices = (tile + 2) * (tile + 2) * static_cast<int64_t>(sizeof(float));
  int64_t beside = (firstCacheBytes / matrices - e.channels * e.filters) / (e.channels + e.filters);
  if (beside >= some)
    return std::min(most, beside);
  return std::clamp<int64_t>(mostBytes / (matrices * e.channels), 1, most);
}

WinogradSchedule chooseWinograd(const ConvolutionExtents &extents, int64_t tile,
                                const Machine &machine, const Tuned &tuned) {
  int64_t most = tuned.orElse("tiles", mostTiles(extents, tile));
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
  schedule.filters = divisorUpTo(extents.filters, tuned.orElse("filters", schedule.filters));
  schedule.work = static_cast<int64_t>(winogradSteps(extents, tile, machine.cacheBytes));
  return schedule;
}

std::vector<Choice> winogradChoices(const ConvolutionExtents &extents, int64_t tile,
                                    const Machine &machine, const Tuned &tuned) {
  auto choiceOf = [](const WinogradSchedule &schedule) {
    return Choice{{"tiles", schedule.rows * schedule.columns}, {"filters", schedule.filters}};
  };
  Choices choices;
  Choice present = choiceOf(chooseWinograd(extents, tile, machine, tuned));
  choices.add(present);
  auto add = [&](const char *name, int64_t value) {
    Choice other = present;
    other[name] = value;
    choices.add(choiceOf(chooseWinograd(extents, tile, machine, Tuned(other))));
  };
  for (int64_t tiles : {16, 32, 24, 48, 64, 12, 8})
    add("tiles", tiles);
  for (int64_t vectors : {4, 3, 6, 2, 8})
    add("filters", vectors * machine.vectorBytes / static_cast<int64_t>(sizeof(float)));
  return choices.take();
}

/// Channels and filters of a block of matrices. The sums of a block take an eighth of the second
/// cache, or a few times that where a channel count has no better divisor.
static ConvolutionExtents gradientBlock(const ConvolutionExtents &e, int64_t tile,
                                        int64_t cacheBytes) {
  constexpr int64_t mostChannels = 32, stretch = 4;
  auto block = [](int64_t extent, int64_t most) {
    int64_t divisor = divisorUpTo(extent, most);
    return divisor * stretch >= std::min(most, extent) ? divisor
                                                       : divisorUpTo(extent, most * stretch);
  };
  int64_t matrices = (tile + 2) * (tile + 2), channels = block(e.channels, mostChannels);
  int64_t bytes = matrices * channels * static_cast<int64_t>(sizeof(float));
  return {e.rows, e.columns, channels, block(e.filters, cacheBytes / 8 / bytes)};
}

int64_t chooseWinogradGradientTile(const ConvolutionExtents &extents, int64_t largest,
                                   int64_t cacheBytes) {
  constexpr int64_t least = 8; // narrower blocks would be transformed again and again
  int64_t tile = chooseWinogradTile(extents, largest, cacheBytes, Tuned());
  if (tile == 0)
    return 0;
  ConvolutionExtents block = gradientBlock(extents, tile, cacheBytes);
  bool narrow = block.channels < std::min(least, extents.channels) ||
                block.filters < std::min(least, extents.filters);
  return narrow ? 0 : tile;
}

int64_t winogradParts(const ConvolutionExtents &extents) {
  // Enough for a few threads to share them evenly; each has sums of its own.
  constexpr int64_t enough = 8, block = 32 * 64;
  return std::max<int64_t>(1, enough * block / std::max(block, extents.channels * extents.filters));
}

WinogradGradientSchedule chooseWinogradGradient(const ConvolutionExtents &extents, int64_t tile,
                                                const Machine &machine) {
  constexpr int64_t firstCacheBytes = 28 << 10;
  int64_t elementBytes = sizeof(float), matrices = (tile + 2) * (tile + 2);
  ConvolutionExtents block = gradientBlock(extents, tile, machine.cacheBytes);
  WinogradGradientSchedule schedule;
  schedule.channels = block.channels;
  schedule.filters = block.filters;
  // Transformed tiles take half of the second cache, and those of one matrix stay in the first.
  int64_t tileBytes = elementBytes * (schedule.channels + schedule.filters);
  int64_t most =
      std::min(firstCacheBytes / tileBytes, machine.cacheBytes / 2 / (matrices * tileBytes));
  schedule.columns = divisorUpTo(extents.columns / tile, most);
  schedule.rows = divisorUpTo(extents.rows / tile, most / schedule.columns);
  double steps = winogradSteps(extents, tile, machine.cacheBytes) * usualBatch;
  int64_t blocks = extents.channels / schedule.channels * (extents.filters / schedule.filters) *
                   winogradParts(extents);
  schedule.work = static_cast<int64_t>(steps) / blocks;
  return schedule;
}

} // namespace hornet::lower
