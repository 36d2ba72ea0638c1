// graph-to-linalg: rows of tables.

#include "graph/Graph.h"
#include "lower/GraphToLinalg.h"
#include "lower/KernelBuilder.h"
#include "lower/Structured.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <limits>

using namespace mlir;

namespace hornet::lower {
namespace {

/// A row of a table; row 0 where the number is not one of its rows.
struct Row {
  Value exists; ///< i1
  Value index;
};

/// The whole part of `number`, if that is from 0 to below `count`.
Row rowOf(OpBuilder &b, Location loc, Value number, int64_t count) {
  auto constant = [&](double value) -> Value {
    return arith::ConstantOp::create(b, loc, b.getFloatAttr(number.getType(), value));
  };
  using arith::CmpFPredicate;
  Value low = arith::CmpFOp::create(b, loc, CmpFPredicate::OGT, number, constant(-1));
  Value high = arith::CmpFOp::create(b, loc, CmpFPredicate::OLT, number,
                                     constant(static_cast<double>(count)));
  Value exists = arith::AndIOp::create(b, loc, low, high);
  Value safe = arith::SelectOp::create(b, loc, exists, number, constant(0));
  Value whole = arith::FPToSIOp::create(b, loc, b.getI64Type(), safe);
  return {exists, arith::IndexCastOp::create(b, loc, b.getIndexType(), whole)};
}

/// Elementwise on the indices, with the table read in the body: so it fuses as other elementwise
/// work does, and is scheduled as such. Vectors of a row are copied as vectors (VectorBody).
struct GatherToLinalg : OpRewritePattern<graph::GatherOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::GatherOp op, PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    RankedTensorType type = op.getType(), table = op.getTable().getType();
    auto dimension = static_cast<int64_t>(op.getDimension());
    auto batch = static_cast<int64_t>(op.getBatch());
    int64_t rank = type.getRank(), named = op.getIndices().getType().getRank() - batch;
    SmallVector<AffineExpr> read;
    for (int64_t i = 0; i < batch + named; ++i)
      read.push_back(rewriter.getAffineDimExpr(i < batch ? i : dimension + i - batch));
    SmallVector<Value> dynamic;
    if (rank > 0 && type.isDynamicDim(0))
      dynamic.push_back(
          tensor::DimOp::create(rewriter, loc, dimension > 0 ? op.getTable() : op.getIndices(), 0));
    Value init = tensor::EmptyOp::create(rewriter, loc, type, dynamic);
    SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
    auto body = [&](OpBuilder &b, Location at, ValueRange elements) -> Value {
      Row row = rowOf(b, at, elements[0], table.getDimSize(dimension));
      SmallVector<Value> place;
      for (int64_t i = 0; i < table.getRank(); ++i)
        place.push_back(i == dimension
                            ? row.index
                            : linalg::IndexOp::create(b, at, i < dimension ? i : i + named - 1));
      Value element = tensor::ExtractOp::create(b, at, op.getTable(), place);
      Value none = arith::ConstantOp::create(
          b, at, b.getFloatAttr(type.getElementType(), std::numeric_limits<double>::quiet_NaN()));
      return arith::SelectOp::create(b, at, row.exists, element, none);
    };
    rewriter.replaceOp(op, generic(rewriter, loc, op.getIndices(), init,
                                   {AffineMap::get(rank, 0, read, getContext()),
                                    rewriter.getMultiDimIdentityMap(rank)},
                                   iterators, body));
    return success();
  }
};

/// Loops over the rows, in their order, which threads share by the columns.
class ScatterBuilder {
public:
  ScatterBuilder(OpBuilder &b, graph::ScatterAddOp op)
      : b(b), op(op), loc(op.getLoc()), type(op.getType()), rows(op.getRows().getType()),
        dimension(op.getDimension()), batch(op.getBatch()),
        named(op.getIndices().getType().getRank() - batch) {}

  Value build() {
    Value result = emptyTensor(b, loc, type, op.getLike());
    bool hasColumns = dimension + 1 < type.getRank();
    int64_t columns = hasColumns ? type.getShape().back() : 1;
    constexpr int64_t widest = 32;
    int64_t width = std::min(columns, widest), whole = columns / width * width;
    result = addColumns(result, 0, width, columns / width);
    return whole < columns ? addColumns(result, whole, columns - whole, 1) : result;
  }

private:
  /// `blocks` blocks of `width` columns, from column `first` on. The loop is over these and all
  /// other dimensions but that of the rows.
  Value addColumns(Value whole, int64_t first, int64_t width, int64_t blocks) {
    SmallVector<OpFoldResult> counts;
    for (int64_t i = 0; i < type.getRank(); ++i)
      if (i != dimension && i + 1 != type.getRank())
        counts.push_back(tensor::getMixedSize(b, loc, op.getLike(), i));
    if (dimension + 1 != type.getRank() || counts.empty())
      counts.push_back(b.getIndexAttr(blocks));
    auto forall = scf::ForallOp::create(b, loc, counts, whole, std::nullopt);
    int64_t work = width;
    for (int64_t extent : rows.getShape().slice(dimension, named))
      work *= ShapedType::isDynamic(extent) ? 1 : extent;
    forall->setAttr(workAttr, b.getI64IntegerAttr(work));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(forall.getTerminator());
    addSlice(forall, first, width);
    return forall.getResult(0);
  }

  void addSlice(scf::ForallOp forall, int64_t first, int64_t width) {
    SmallVector<OpFoldResult> offsets, sizes, strides(type.getRank(), b.getIndexAttr(1));
    SmallVector<int64_t> shape(type.getRank(), 1);
    size_t loop = 0;
    for (int64_t i = 0; i < type.getRank(); ++i) {
      bool isRow = i == dimension, isColumn = !isRow && i + 1 == type.getRank();
      Value at = isRow ? Value() : forall.getInductionVar(loop++);
      if (isRow)
        shape[i] = type.getDimSize(i);
      if (isColumn) {
        shape[i] = width;
        Value scaled = arith::MulIOp::create(b, loc, at, constant(width));
        at = arith::AddIOp::create(b, loc, scaled, constant(first));
      }
      offsets.push_back(isRow ? OpFoldResult(b.getIndexAttr(0)) : OpFoldResult(at));
      sizes.push_back(b.getIndexAttr(shape[i]));
    }
    place = offsets;
    Value whole = forall.getRegionIterArgs().front();
    auto sliceType = RankedTensorType::get(shape, type.getElementType());
    Value slice = tensor::ExtractSliceOp::create(b, loc, sliceType, whole, offsets, sizes, strides);
    Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(type.getElementType()));
    Value sums = linalg::FillOp::create(b, loc, zero, slice).getResult(0);
    SmallVector<Value> steps;
    sums = addRows(sums, steps, width);
    b.setInsertionPointToEnd(forall.getTerminator().getBody());
    tensor::ParallelInsertSliceOp::create(b, loc, sums, whole, offsets, sizes, strides);
  }

  /// One loop a dimension of the indices.
  Value addRows(Value sums, SmallVectorImpl<Value> &steps, int64_t width) {
    if (static_cast<int64_t>(steps.size()) == named)
      return addRow(sums, steps, width);
    auto inRows = dimension + static_cast<int64_t>(steps.size());
    Value count = tensor::DimOp::create(b, loc, op.getRows(), inRows);
    auto loop = scf::ForOp::create(b, loc, constant(0), count, constant(1), sums);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    steps.push_back(loop.getInductionVar());
    Value inner = addRows(loop.getRegionIterArgs().front(), steps, width);
    steps.pop_back();
    scf::YieldOp::create(b, loc, inner);
    return loop.getResult(0);
  }

  Value addRow(Value sums, ArrayRef<Value> steps, int64_t width) {
    SmallVector<Value> at;
    for (OpFoldResult offset : place)
      at.push_back(getValueOrCreateConstantIndexOp(b, loc, offset));
    SmallVector<Value> inIndices(ArrayRef(at).take_front(batch)), inRows(at);
    llvm::append_range(inIndices, steps);
    inRows.erase(inRows.begin() + dimension);
    inRows.insert(inRows.begin() + dimension, steps.begin(), steps.end());
    Value number = tensor::ExtractOp::create(b, loc, op.getIndices(), inIndices);
    Row row = rowOf(b, loc, number, type.getDimSize(dimension));
    SmallVector<Value> inSums(type.getRank(), constant(0));
    inSums[dimension] = row.index;
    Value old = read(sums, inSums, width), more = read(op.getRows(), inRows, width);
    Value sum = arith::AddFOp::create(b, loc, old, more);
    Value kept = arith::SelectOp::create(b, loc, row.exists, sum, old);
    if (!isa<VectorType>(kept.getType()))
      return tensor::InsertOp::create(b, loc, kept, sums, inSums);
    return vector::TransferWriteOp::create(b, loc, kept, sums, inSums, ArrayRef<bool>{true})
        .getResult();
  }

  /// Vectors of the columns, or the one element that a row has.
  Value read(Value tensor, ValueRange at, int64_t width) {
    if (dimension + 1 == type.getRank())
      return tensor::ExtractOp::create(b, loc, tensor, at);
    Value padding = arith::ConstantOp::create(b, loc, b.getZeroAttr(type.getElementType()));
    return vector::TransferReadOp::create(b, loc, VectorType::get(width, type.getElementType()),
                                          tensor, at, padding, ArrayRef<bool>{true});
  }

  Value constant(int64_t value) { return arith::ConstantIndexOp::create(b, loc, value); }

  OpBuilder &b;
  graph::ScatterAddOp op;
  Location loc;
  RankedTensorType type, rows;
  int64_t dimension, batch;
  int64_t named;                   ///< dimensions of the indices besides the batch
  SmallVector<OpFoldResult> place; ///< of the slice that is being added to
};

struct ScatterAddToLoops : OpRewritePattern<graph::ScatterAddOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::ScatterAddOp op, PatternRewriter &rewriter) const override {
    rewriter.replaceOp(op, ScatterBuilder(rewriter, op).build());
    return success();
  }
};

} // namespace

void addLookupToLinalg(RewritePatternSet &patterns) {
  patterns.add<GatherToLinalg, ScatterAddToLoops>(patterns.getContext());
}

} // namespace hornet::lower
