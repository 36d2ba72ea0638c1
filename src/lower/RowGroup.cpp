#include "lower/RowGroup.h"

#include "lower/Kernel.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace hornet::lower {

//===----------------------------------------------------------------------===//
// Ops by themselves
//===----------------------------------------------------------------------===//

static bool isElementwiseOp(linalg::GenericOp op) {
  return op.getNumParallelLoops() == op.getNumLoops();
}

/// Whether `op` takes its input in order, and reduces all dimensions but the leading ones.
static bool isRowReduction(linalg::GenericOp op) {
  if (op.getNumDpsInputs() != 1 || isElementwiseOp(op) || op.getNumParallelLoops() == 0)
    return false;
  unsigned loops = op.getNumLoops(), rows = op.getNumParallelLoops();
  auto maps = op.getIndexingMapsArray();
  return maps.front().isIdentity() &&
         maps.back() ==
             AffineMap::getMultiDimIdentityMap(loops, op.getContext()).getMajorSubMap(rows);
}

/// A tensor that holds nothing before the op, or the same number everywhere.
static bool startsFresh(linalg::GenericOp op) {
  Value init = op.getDpsInits().front();
  if (auto fill = init.getDefiningOp<linalg::FillOp>())
    init = fill.getDpsInitOperand(0)->get();
  return init.getDefiningOp<tensor::EmptyOp>();
}

/// The op that computes what `op` takes from registers; `op` is then a part of its loop nest.
static Operation *rootOf(linalg::GenericOp op) {
  auto kernel = isElementwiseOp(op) ? kernelEndingIn(op) : std::nullopt;
  return kernel && kernel->epilogue ? kernel->root.getOperation() : nullptr;
}

static bool isKnown(ArrayRef<int64_t> extents) {
  return llvm::none_of(extents, ShapedType::isDynamic);
}

//===----------------------------------------------------------------------===//
// Growing
//===----------------------------------------------------------------------===//

std::optional<RowGroup> RowGroup::around(linalg::GenericOp op) {
  if (!op.hasPureTensorSemantics() || !isRowReduction(op))
    return std::nullopt;
  RowGroup group(op);
  if (!isKnown(group.rowExtents.back()) || group.rowExtents.back() == 1 ||
      !group.fits(op, group.ops.front().second))
    return std::nullopt;
  group.addUsers(op);
  while (group.addProducers())
    ;
  auto sorted = group.ops.takeVector();
  llvm::sort(sorted, [](auto &a, auto &b) { return a.first->isBeforeInBlock(b.first); });
  for (auto &[member, rows] : sorted)
    group.ops[member] = rows;
  return group;
}

RowGroup::RowGroup(linalg::GenericOp seed) {
  auto rows = static_cast<int64_t>(seed.getNumParallelLoops());
  RowLoops loops(seed.getNumLoops(), noRow);
  std::iota(loops.begin(), loops.begin() + rows, 0);
  rowExtents = seed.getStaticLoopRanges();
  rowExtents.resize(rows);
  ops[seed] = loops;
}

bool RowGroup::has(Operation *op) const {
  auto generic = dyn_cast_or_null<linalg::GenericOp>(op);
  return generic && ops.contains(generic);
}

RowLoops RowGroup::rowsOfResult(linalg::GenericOp op) const {
  const RowLoops &loops = ops.find(op)->second;
  return llvm::map_to_vector(op.getIndexingMapsArray().back().getResults(), [&](AffineExpr expr) {
    return loops[cast<AffineDimExpr>(expr).getPosition()];
  });
}

/// Which loops of `op` are rows, from the members' results that it reads; nothing where they do not
/// agree, as those of a matrix and of its transpose.
std::optional<RowLoops> RowGroup::rowsOfReader(linalg::GenericOp op) const {
  constexpr int64_t unknown = -2;
  RowLoops loops(op.getNumLoops(), unknown);
  for (OpOperand *input : op.getDpsInputOperands()) {
    auto member = input->get().getDefiningOp<linalg::GenericOp>();
    if (!has(member))
      continue;
    AffineMap map = op.getMatchingIndexingMap(input);
    for (auto [expr, row] : llvm::zip_equal(map.getResults(), rowsOfResult(member))) {
      auto dim = dyn_cast<AffineDimExpr>(expr);
      if (!dim)
        return std::nullopt;
      int64_t &known = loops[dim.getPosition()];
      if (known != unknown && known != row)
        return std::nullopt;
      known = row;
    }
  }
  llvm::replace(loops, unknown, noRow);
  return loops;
}

/// The same from the members that read its result.
std::optional<RowLoops> RowGroup::rowsOfProducer(linalg::GenericOp op) const {
  std::optional<RowLoops> found;
  AffineMap output = op.getIndexingMapsArray().back();
  for (OpOperand &use : op->getUses()) {
    auto user = dyn_cast<linalg::GenericOp>(use.getOwner());
    if (!has(user) || !user.isDpsInput(&use))
      return std::nullopt;
    RowLoops loops(op.getNumLoops(), noRow);
    AffineMap map = user.getMatchingIndexingMap(&use);
    for (auto [from, to] : llvm::zip_equal(map.getResults(), output.getResults())) {
      auto read = dyn_cast<AffineDimExpr>(from);
      auto written = dyn_cast<AffineDimExpr>(to);
      if (!read || !written)
        return std::nullopt;
      loops[written.getPosition()] = ops.find(user)->second[read.getPosition()];
    }
    if (found && *found != loops)
      return std::nullopt;
    found = loops;
  }
  return found;
}

/// Whether `op` can be computed row by row.
bool RowGroup::fits(linalg::GenericOp op, const RowLoops &rows) const {
  if (!op.hasPureTensorSemantics() || op.getNumResults() != 1 || !startsFresh(op) ||
      !op.getIndexingMapsArray().back().isProjectedPermutation())
    return false;
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  auto types = op.getIteratorTypesArray();
  int64_t found = 0;
  for (auto [i, row] : llvm::enumerate(rows)) {
    found += row != noRow;
    if (row == noRow ? !isKnown(ranges[i])
                     : ranges[i] != rowExtents[row] || types[i] != utils::IteratorType::parallel)
      return false;
  }
  if (found != static_cast<int64_t>(rowExtents.size()))
    return false;
  auto isRow = [&](AffineExpr expr) {
    for (auto [i, row] : llvm::enumerate(rows))
      if (row != noRow && expr.isFunctionOfDim(i))
        return true;
    return false;
  };
  for (AffineMap map : op.getIndexingMapsArray()) {
    bool hasRow = llvm::any_of(map.getResults(), isRow);
    if (!isElementwiseOp(op) && !hasRow)
      return false;
    for (AffineExpr expr : map.getResults())
      if (!isa<AffineDimExpr>(expr) && isRow(expr))
        return false;
  }
  return true;
}

/// Whether what uses the members from outside comes after all of them and `last`.
bool RowGroup::usersFollow(linalg::GenericOp last) const {
  Block *block = last->getBlock();
  auto followsLast = [&](Operation *user) {
    Operation *ancestor = block->findAncestorOpInBlock(*user);
    return has(ancestor) || ancestor == last || !ancestor->isBeforeInBlock(last);
  };
  return llvm::all_of(ops, [&](const auto &member) {
    linalg::GenericOp op = member.first;
    return llvm::all_of(op->getUsers(), followsLast);
  });
}

void RowGroup::addUsers(linalg::GenericOp seed) {
  for (Operation *next = seed->getNextNode(); next; next = next->getNextNode()) {
    auto op = dyn_cast<linalg::GenericOp>(next);
    if (!op || llvm::none_of(op.getDpsInputs(), [&](Value x) { return has(x.getDefiningOp()); }))
      continue;
    std::optional<RowLoops> rows = rowsOfReader(op);
    // What a loop nest elsewhere would take from registers stays with that.
    Operation *root = rootOf(op);
    if (rows && (!root || has(root)) && fits(op, *rows) && usersFollow(op))
      ops[op] = *rows;
  }
}

bool RowGroup::addProducers() {
  // A copy: what is tried is added, and taken out again where it does not fit.
  for (linalg::GenericOp member : llvm::to_vector(llvm::make_first_range(ops)))
    for (Value input : member.getDpsInputs()) {
      auto producer = input.getDefiningOp<linalg::GenericOp>();
      if (producer && !has(producer) && producer->getBlock() == member->getBlock() &&
          addProducer(producer))
        return true;
    }
  return false;
}

/// With it its root, or neither.
bool RowGroup::addProducer(linalg::GenericOp producer) {
  std::optional<RowLoops> rows = rowsOfProducer(producer);
  if (!rows || !fits(producer, *rows))
    return false;
  ops[producer] = *rows;
  Operation *root = rootOf(producer);
  if (!root || addProducer(dyn_cast<linalg::GenericOp>(root)))
    return true;
  ops.erase(producer);
  return false;
}

//===----------------------------------------------------------------------===//
// What it is worth
//===----------------------------------------------------------------------===//

bool RowGroup::hasUsesOutside(linalg::GenericOp op) const {
  return !llvm::all_of(op->getUsers(), [&](Operation *user) { return has(user); });
}

int64_t RowGroup::kernels() const {
  return llvm::count_if(ops, [](const auto &member) { return !rootOf(member.first); });
}

/// Elements of a row, of `loops` that are none.
static int64_t inRow(linalg::GenericOp op, const RowLoops &rows, bool reductionsToo) {
  int64_t elements = 1;
  auto types = op.getIteratorTypesArray();
  for (auto [i, extent] : llvm::enumerate(op.getStaticLoopRanges()))
    if (rows[i] == noRow && (reductionsToo || types[i] == utils::IteratorType::parallel))
      elements *= extent;
  return elements;
}

int64_t RowGroup::innerBytes() const {
  DenseSet<Operation *> inRegisters;
  for (auto &[op, rows] : ops)
    inRegisters.insert(rootOf(op));
  int64_t bytes = 0;
  for (auto &[op, rows] : ops)
    if (!hasUsesOutside(op) && !inRegisters.contains(op))
      bytes += inRow(op, rows, /*reductionsToo=*/false) *
               llvm::divideCeil(getElementTypeOrSelf(linalg::GenericOp(op).getResult(0).getType())
                                    .getIntOrFloatBitWidth(),
                                8);
  return bytes;
}

int64_t RowGroup::work() const {
  int64_t work = 0;
  for (auto &[op, rows] : ops)
    work += inRow(op, rows, /*reductionsToo=*/true) * (isElementwiseOp(op) ? 8 : 1);
  return work;
}

} // namespace hornet::lower
