#include "graph/Graph.h"
#include "lower/Passes.h"
#include "lower/Schedule.h"
#include "lower/Structured.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;

namespace hornet::lower {
#define GEN_PASS_DEF_PACKFILTERS
#include "lower/Passes.h.inc"

namespace {

bool dependsOnParametersAlone(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op || isa<graph::GetParameterOp>(op))
    return op != nullptr;
  return isMemoryEffectFree(op) && llvm::all_of(op->getOperands(), dependsOnParametersAlone);
}

/// Elements below which a filter is not worth storing in fewer bits.
constexpr int64_t leastNarrowed = 16384;

/// The operand to pack: it has the columns as its last dimension, all rows share it, and it can be
/// packed before anything runs.
OpOperand *filterOf(const Kernel &kernel, const Roles &roles) {
  if (!roles.rows)
    return nullptr;
  linalg::LinalgOp root = kernel.root;
  for (auto [access, operand] : llvm::zip_equal(kernel.inputs, root.getDpsInputOperands()))
    if (access.isContiguousIn(roles.vector) && !access.dependsOn(*roles.rows) &&
        access.map.isProjectedPermutation() && dependsOnParametersAlone(access.value))
      return operand;
  return nullptr;
}

/// (…, N) → (N / block, …, block), with zeros behind the last column.
Value packed(OpBuilder &builder, Location loc, Value filter, int64_t block) {
  auto type = cast<RankedTensorType>(filter.getType());
  int64_t rank = type.getRank(), columns = type.getShape().back();
  int64_t blocks = llvm::divideCeil(columns, block);
  SmallVector<int64_t> low(rank, 0), high(rank, 0);
  high.back() = blocks * block - columns;
  Value whole = padded(builder, loc, filter, low, high, 0);
  SmallVector<int64_t> split(type.getShape().drop_back()), shape = {blocks};
  llvm::append_range(shape, split);
  split.append({blocks, block});
  shape.push_back(block);
  whole = reshaped(builder, loc, whole, RankedTensorType::get(split, type.getElementType()));

  auto dim = [&](int64_t i) { return builder.getAffineDimExpr(i); };
  SmallVector<AffineExpr> read;
  for (int64_t i = 1; i < rank; ++i)
    read.push_back(dim(i));
  read.append({dim(0), dim(rank)});
  auto resultType = RankedTensorType::get(shape, type.getElementType());
  SmallVector<utils::IteratorType> iterators(rank + 1, utils::IteratorType::parallel);
  return generic(builder, loc, whole, emptyTensor(builder, loc, resultType, whole),
                 {AffineMap::get(rank + 1, 0, read, builder.getContext()),
                  builder.getMultiDimIdentityMap(rank + 1)},
                 iterators, [](OpBuilder &, Location, ValueRange elements) { return elements[0]; });
}

/// `filter` with elements of fewer bits.
Value narrowed(OpBuilder &builder, Location loc, Value filter, Type element) {
  auto type = cast<RankedTensorType>(filter.getType()).clone(element);
  return elementwise(builder, loc, cast<RankedTensorType>(type), filter,
                     [&](OpBuilder &nested, Location at, ValueRange elements) -> Value {
                       return arith::TruncFOp::create(nested, at, element, elements[0]);
                     });
}

/// The body of `op` gets `argument` in the type of its operand, and extends it by itself.
void extend(linalg::GenericOp op, unsigned argument, Type narrow) {
  BlockArgument element = op.getBlock()->getArgument(argument);
  OpBuilder builder(op.getBlock(), op.getBlock()->begin());
  Type wide = element.getType();
  element.setType(narrow);
  auto extended = arith::ExtFOp::create(builder, op.getLoc(), wide, element);
  element.replaceAllUsesExcept(extended, extended);
}

struct PackFilters : impl::PackFiltersBase<PackFilters> {
  using PackFiltersBase::PackFiltersBase;

  void runOnOperation() override {
    SmallVector<linalg::GenericOp> ops;
    getOperation().walk([&](linalg::GenericOp op) { ops.push_back(op); });
    for (linalg::GenericOp op : ops)
      if (!dependsOnParametersAlone(op.getResult(0)))
        pack(op);
  }

  void pack(linalg::GenericOp op) {
    std::optional<Kernel> kernel = kernelEndingIn(op);
    if (!kernel || kernel->epilogue || kernel->reductionLoops.empty())
      return;
    std::optional<Roles> roles = rolesOf(*kernel);
    OpOperand *filter = roles ? filterOf(*kernel, *roles) : nullptr;
    if (!filter)
      return;
    OpBuilder builder(op);
    auto type = cast<RankedTensorType>(filter->get().getType());
    if (Type narrow = storageType(builder);
        narrow && type.getElementType().isF32() && type.getNumElements() >= leastNarrowed) {
      filter->set(narrowed(builder, op.getLoc(), filter->get(), narrow));
      extend(op, filter->getOperandNumber(), narrow);
      kernel = kernelEndingIn(op);
    }
    int64_t block = packedColumns(*kernel, *roles, {vectorBytes, vectorRegisters, 1});
    if (kernel->extents[roles->vector] <= block)
      return;
    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    AffineMap &map = maps[filter->getOperandNumber()];
    AffineExpr column = map.getResults().back();
    SmallVector<AffineExpr> exprs = {column.floorDiv(block)};
    llvm::append_range(exprs, map.getResults().drop_back());
    exprs.push_back(column % block);
    map = AffineMap::get(map.getNumDims(), 0, exprs, builder.getContext());
    filter->set(packed(builder, op.getLoc(), filter->get(), block));
    op.setIndexingMapsAttr(builder.getAffineMapArrayAttr(maps));
  }

  /// Null for float32.
  Type storageType(OpBuilder &builder) {
    if (storage == "bf16")
      return builder.getBF16Type();
    return storage == "f16" ? Type(builder.getF16Type()) : Type();
  }
};

} // namespace
} // namespace hornet::lower
