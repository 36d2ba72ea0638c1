// The file that owns tile sizes; those of minimal filtering stand in WinogradSchedule.cpp.

#include "lower/Schedule.h"

using namespace mlir;

namespace hornet::lower {
namespace {

/// Products in one sum, and the least that are worth storing and loading the sums for.
constexpr int64_t longestSum = 512, leastReductionBlock = 128;
constexpr int64_t leastPartSum = 8;

/// Vectors of columns in one tile of `rows` rows.
int64_t tileVectors(const Kernel &kernel, const Machine &machine, int64_t rows) {
  // Streaming kernels need a few independent vectors to hide latencies, no more; long bodies
  // (random numbers) hide them themselves, and fill the registers.
  constexpr size_t longBody = 64;
  linalg::LinalgOp root = kernel.root;
  if (kernel.reductionLoops.empty())
    return root.getBlock()->getOperations().size() > longBody ? 2 : 4;
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

/// Rows in tiles of `size`, the last one smaller.
SmallVector<Blocks> splitSquares(int64_t extent, int64_t size, MLIRContext *context) {
  auto constant = [&](int64_t value) { return getAffineConstantExpr(value, context); };
  int64_t full = extent / size, rest = extent % size;
  SmallVector<Blocks> blocks;
  if (full)
    blocks.push_back({constant(0), constant(full), size});
  if (rest)
    blocks.push_back({constant(full * size), constant(1), rest});
  return blocks;
}

/// Multiply-adds of a sample, or of the batch that is usual in training where the sum goes over it.
/// Where nothing is reduced, memory takes most of the time.
int64_t workOf(const Kernel &kernel) {
  int64_t work = kernel.reductionLoops.empty() ? 8 : 1;
  for (unsigned loop : kernel.parallelLoops)
    work *= ShapedType::isDynamic(kernel.extents[loop]) ? 1 : kernel.extents[loop];
  for (unsigned loop : kernel.reductionLoops)
    work *= ShapedType::isDynamic(kernel.extents[loop]) ? usualBatch : kernel.extents[loop];
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
int64_t reductionBlockOf(const Kernel &kernel, int64_t columnBytes, int64_t longest,
                         int64_t cacheBytes) {
  if (kernel.reductionLoops.size() != 1 || !isa_and_nonnull<arith::AddFOp>(combinerOf(kernel)))
    return 0;
  int64_t extent = kernel.extents[kernel.reductionLoops.front()];
  int64_t most = std::min({longest, longestSum, cacheBytes / 4 / columnBytes});
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

int64_t divisorUpTo(int64_t extent, int64_t most) {
  int64_t divisor = std::clamp<int64_t>(most, 1, extent);
  while (extent % divisor)
    --divisor;
  return divisor;
}

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

int64_t rowsInBlock(ArrayRef<int64_t> extents, int64_t bytes, const Machine &machine) {
  constexpr int64_t mostRows = 64;
  int64_t most =
      std::clamp<int64_t>(machine.cacheBytes / 8 / std::max<int64_t>(bytes, 1), 1, mostRows);
  int64_t outer = 1, extent = extents.back();
  for (int64_t known : extents.drop_back())
    outer *= ShapedType::isDynamic(known) ? 1 : known;
  if (outer < machine.threads)
    most = std::min<int64_t>(most, llvm::divideCeil(extent, machine.threads));
  return llvm::divideCeil(extent, llvm::divideCeil(extent, most));
}

int64_t sumsSideBySide(int64_t accumulators, int64_t steps) {
  // Two multiply-adds begin in a cycle, and each takes four.
  constexpr int64_t inFlight = 8, leastSteps = 32;
  if (accumulators * 2 > inFlight || steps < leastSteps)
    return 1;
  return divisorUpTo(steps, inFlight / accumulators);
}

/// What is stored narrower (a mask's bytes) was computed in no less than 32 bits.
static int64_t vectorElements(const Kernel &kernel, const Machine &machine) {
  Type element = getElementTypeOrSelf(kernel.output.value.getType());
  return machine.vectorBytes * 8 / std::max(32u, element.getIntOrFloatBitWidth());
}

/// Choices are measured for sums of products whose rows share vectors.
static Tuned tunedFor(const Kernel &kernel, const Roles &roles) {
  return roles.rows && !roles.transposes ? Tuned(kernel.root, [&] { return nameOf(kernel); })
                                         : Tuned();
}

static int64_t vectorsOf(const Kernel &kernel, const Roles &roles, const Machine &machine,
                         const Tuned &tuned) {
  return tuned.orElse("vectors", tileVectors(kernel, machine, roles.rows ? 2 : 1));
}

int64_t packedColumns(const Kernel &kernel, const Roles &roles, const Machine &machine) {
  return vectorsOf(kernel, roles, machine, tunedFor(kernel, roles)) *
         vectorElements(kernel, machine);
}

namespace {

struct TileChoice {
  int64_t rows, vectors; ///< of a register tile
  bool sharesColumns = false, sharesRows = false;
  int64_t reductionBlock = 0;
  bool blocksOutermost = false;
};

/// A gradient to a parameter: the sum goes over the batch.
bool sumsOverBatch(const Kernel &kernel) {
  return !kernel.reductionLoops.empty() &&
         ShapedType::isDynamic(kernel.extents[kernel.reductionLoops.front()]) &&
         isa_and_nonnull<arith::AddFOp>(combinerOf(kernel));
}

/// The samples of a batch are read again for every tile, and are larger than any filter: threads
/// share what is written, in as few parts as there are of them, and each takes sample by sample.
TileChoice chooseBatchTile(const Kernel &kernel, const Roles &roles, const Machine &machine,
                           const Tuned &tuned) {
  int64_t needed = llvm::divideCeil(kernel.extents[roles.vector], vectorElements(kernel, machine));
  TileChoice tile;
  tile.vectors = std::min(vectorsOf(kernel, roles, machine, tuned), needed);
  tile.rows = tuned.orElse("rows", tileRows(machine, tile.vectors));
  if (roles.rows) {
    int64_t tiles = llvm::divideCeil(kernel.extents[*roles.rows], tile.rows);
    tile.sharesRows = machine.threads > 1 && tiles >= machine.threads;
  } else if (roles.outer.empty()) {
    tile.vectors = std::max<int64_t>(1, std::min(tile.vectors, needed / machine.threads));
    tile.sharesColumns = machine.threads > 1 && needed > tile.vectors;
  }
  tile.reductionBlock = kernel.reductionLoops.size() > 1 ? 1 : 0;
  tile.blocksOutermost = tile.reductionBlock && (tile.sharesRows || machine.threads == 1);
  return tile;
}

/// Squares, as large as a vector. Where there is no other loop, threads share the columns.
TileChoice chooseTransposedTile(const Kernel &kernel, const Roles &roles, const Machine &machine) {
  TileChoice tile{.rows = vectorElements(kernel, machine), .vectors = 1};
  tile.sharesColumns = machine.threads > 1 && roles.outer.empty() &&
                       kernel.extents[roles.vector] >= machine.threads * tile.rows;
  return tile;
}

TileChoice chooseTile(const Kernel &kernel, const Roles &roles, const Machine &machine,
                      const Tuned &tuned) {
  if (roles.transposes)
    return chooseTransposedTile(kernel, roles, machine);
  if (sumsOverBatch(kernel))
    return chooseBatchTile(kernel, roles, machine, tuned);
  int64_t vectors = vectorsOf(kernel, roles, machine, tuned);
  int64_t needed = llvm::divideCeil(kernel.extents[roles.vector], vectorElements(kernel, machine));
  int64_t columnBlocks = llvm::divideCeil(needed, vectors);
  bool manyOuter = llvm::any_of(roles.outer, [&](unsigned loop) {
    return !ShapedType::isDynamic(kernel.extents[loop]) &&
           kernel.extents[loop] >= 2 * machine.threads;
  });
  bool fewOuter = machine.threads > 1 && !manyOuter;
  bool sharesColumns = filterBytes(kernel, roles) > machine.cacheBytes / 2 ||
                       (fewOuter && columnBlocks >= machine.threads);
  TileChoice tile;
  tile.vectors = std::min(vectors, needed);
  tile.rows = tuned.orElse("rows", tileRows(machine, tile.vectors));
  tile.sharesColumns = columnBlocks > 1 && tuned.orElse("sharesColumns", sharesColumns);
  tile.sharesRows = roles.rows && !tile.sharesColumns && tuned.orElse("sharesRows", fewOuter);
  if (roles.rows && !tile.sharesRows && ShapedType::isDynamic(kernel.extents[*roles.rows]))
    tile.reductionBlock =
        reductionBlockOf(kernel, tile.vectors * machine.vectorBytes,
                         tuned.orElse("reductionBlock", longestSum), machine.cacheBytes);
  return tile;
}

} // namespace

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
  schedule.partSums = sumsInParts(kernel);
  Tuned tuned = tunedFor(kernel, roles);
  TileChoice tile = chooseTile(kernel, roles, machine, tuned);
  schedule.sharesColumns = tile.sharesColumns;
  schedule.sharesRows = tile.sharesRows;
  schedule.reductionBlock = tile.reductionBlock;
  schedule.blocksOutermost = tile.blocksOutermost;
  bool packed = llvm::any_of(
      kernel.inputs, [&](const Access &input) { return input.packedBlock(roles.vector) != 0; });
  bool sameColumns = tile.sharesColumns || packed || roles.transposes || tuned.has("vectors");
  SmallVector<Blocks> rows = {single};
  if (roles.rows)
    rows = roles.transposes ? splitSquares(kernel.extents[*roles.rows], tile.rows, context)
                            : splitRows(kernel.extents[*roles.rows], tile.rows, context);
  for (const Blocks &blocks : rows) {
    int64_t vectors =
        sameColumns ? tile.vectors : tileVectors(kernel, machine, roles.rows ? blocks.size : 1);
    schedule.regions.push_back({blocks, splitColumns(extent, width, vectors)});
  }
  return schedule;
}

//===----------------------------------------------------------------------===//
// Tiles near the choice, for tuning
//===----------------------------------------------------------------------===//

std::vector<Choice> tileChoices(const Kernel &kernel, const Roles &roles, const Machine &machine,
                                int64_t batch) {
  if (!roles.rows || roles.transposes)
    return {};
  constexpr int64_t mostRows = 16; // of those tried: long code gains nothing
  int64_t extent = kernel.extents[*roles.rows];
  bool open = ShapedType::isDynamic(extent);
  int64_t needed = llvm::divideCeil(kernel.extents[roles.vector], vectorElements(kernel, machine));
  TileChoice present = chooseTile(kernel, roles, machine, tunedFor(kernel, roles));
  Choices choices;
  auto add = [&](const TileChoice &tile) {
    // As many as make a difference: 26 by 7 are 26 by 6, but for one row.
    int64_t rows = tile.rows;
    if (!open)
      rows = llvm::divideCeil(extent, llvm::divideCeil(extent, rows));
    else if (rows >= batch)
      rows = tileRows(machine, tile.vectors);
    Choice choice = {{"rows", rows}, {"vectors", tile.vectors}};
    if (machine.threads > 1)
      choice["sharesRows"] = tile.sharesRows;
    if (needed > tile.vectors && (machine.threads > 1 || !roles.outer.empty()))
      choice["sharesColumns"] = tile.sharesColumns;
    if (tile.reductionBlock)
      choice["reductionBlock"] = tile.reductionBlock;
    choices.add(std::move(choice));
  };
  add(present);
  for (int64_t thirds : {6, 4, 3}) // of six: all that fit, two thirds, half
    for (int64_t vectors : {present.vectors, int64_t{4}, int64_t{3}, int64_t{2}, int64_t{6},
                            int64_t{8}, int64_t{1}}) {
      TileChoice tile = present;
      tile.vectors = vectors;
      tile.rows = std::max<int64_t>(1, std::min(mostRows, tileRows(machine, vectors)) * thirds / 6);
      if (vectors <= needed)
        add(tile);
    }
  TileChoice columns = present, rows = present, block = present;
  columns.sharesColumns = !present.sharesColumns && needed > present.vectors;
  columns.sharesRows = false;
  add(columns);
  rows.sharesRows = !present.sharesRows;
  rows.sharesColumns = false;
  if (machine.threads > 1)
    add(rows);
  block.reductionBlock = present.reductionBlock / 2;
  if (block.reductionBlock >= leastReductionBlock)
    add(block);
  return choices.take();
}

SmallVector<SmallVector<TileRegion>> parallelGroups(const Schedule &schedule) {
  SmallVector<SmallVector<TileRegion>> groups;
  if (!schedule.sharesRows && !schedule.sharesColumns)
    groups.push_back(schedule.regions);
  else if (!schedule.sharesRows)
    for (size_t i = 0; i < schedule.regions.front().columns.size(); ++i) {
      SmallVector<TileRegion> &group = groups.emplace_back();
      for (const TileRegion &region : schedule.regions)
        group.push_back({region.rows, {region.columns[i]}});
    }
  else
    for (const TileRegion &region : schedule.regions)
      for (const ColumnBlocks &columns : region.columns)
        groups.push_back({{region.rows, {columns}}});
  return groups;
}

} // namespace hornet::lower
