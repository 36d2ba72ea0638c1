#include "lower/TileBuilder.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace hornet::lower {

TileBuilder::TileBuilder(RewriterBase &b, Location loc, const Roles &roles, unsigned loops)
    : steps(loops, b.getIndexAttr(0)), b(b), loc(loc), roles(roles) {}

OpFoldResult TileBuilder::apply(AffineExpr expr, ArrayRef<OpFoldResult> dims,
                                ArrayRef<OpFoldResult> symbols) {
  SmallVector<OpFoldResult> operands(dims);
  llvm::append_range(operands, symbols);
  return affine::makeComposedFoldedAffineApply(
      b, loc, AffineMap::get(dims.size(), symbols.size(), expr), operands);
}

OpFoldResult TileBuilder::plus(OpFoldResult index, int64_t by) {
  return by == 0 ? index : apply(b.getAffineDimExpr(0) + by, index);
}

Value TileBuilder::value(OpFoldResult index) {
  return getValueOrCreateConstantIndexOp(b, loc, index);
}

SmallVector<Value> TileBuilder::loop(OpFoldResult count, ValueRange carried, LoopBody body,
                                     int64_t step) {
  auto loop = scf::ForOp::create(b, loc, value(b.getIndexAttr(0)), value(count),
                                 value(b.getIndexAttr(step)), carried);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> results = body(loop.getInductionVar(), loop.getRegionIterArgs());
  scf::YieldOp::create(b, loc, results);
  return SmallVector<Value>(loop.getResults());
}

SmallVector<Value> TileBuilder::repeat(int64_t count, ValueRange carried, RepeatBody body) {
  if (count == 1)
    return body(b.getIndexAttr(0), carried);
  return loop(b.getIndexAttr(count), carried,
              [&](Value i, ValueRange inner) { return body(i, inner); });
}

Value TileBuilder::Reader::operator()(const Access &access, const Cell &cell) {
  bool byRow = tile.roles.rows && access.dependsOn(*tile.roles.rows);
  bool byColumn = access.dependsOn(tile.roles.vector);
  Value &value = values[std::tuple(&access, byRow ? cell.row : -1, byColumn ? cell.column : -1)];
  if (value)
    return value;
  if (!tile.isTurned(access, cell))
    return value = tile.read(access, cell);
  for (auto [row, vector] : llvm::enumerate(tile.readTurned(access, cell)))
    values[std::tuple(&access, static_cast<int64_t>(row), cell.column)] = vector;
  return value;
}

SmallVector<OpFoldResult> TileBuilder::indices(const Access &access, const Cell &cell) {
  SmallVector<OpFoldResult> at = steps;
  if (roles.rows)
    at[*roles.rows] = plus(at[*roles.rows], cell.row);
  at[roles.vector] = plus(at[roles.vector], cell.column);
  SmallVector<OpFoldResult> result;
  for (AffineExpr expr : access.map.getResults())
    result.push_back(apply(expr, at));
  return result;
}

Place TileBuilder::place(AffineExpr loop, const Cell &cell) {
  unsigned position = cast<AffineDimExpr>(loop).getPosition();
  OpFoldResult at = steps[position];
  if (roles.rows == position)
    at = plus(at, cell.row);
  if (roles.vector != position)
    return {value(at)};
  return {value(plus(at, cell.column)), /*isAlongVector=*/true};
}

Value TileBuilder::readScalar(const Access &access, ArrayRef<OpFoldResult> at) {
  if (!isa<RankedTensorType>(access.value.getType()))
    return access.value;
  return tensor::ExtractOp::create(b, loc, access.value,
                                   getValueOrCreateConstantIndexOp(b, loc, at));
}

/// A vector of the cell's columns, or the one element that they share.
Value TileBuilder::read(const Access &access, const Cell &cell) {
  if (!access.dependsOn(roles.vector))
    return readScalar(access, indices(access, cell));
  if (access.isContiguousIn(roles.vector))
    return readVector(access.value, indices(access, cell), cell.width);
  return gather(access, cell,
                VectorType::get(cell.width, getElementTypeOrSelf(access.value.getType())));
}

Value TileBuilder::readVector(Value tensor, ArrayRef<OpFoldResult> at, int64_t width) {
  Type element = getElementTypeOrSelf(tensor.getType());
  Value padding = arith::ConstantOp::create(b, loc, b.getZeroAttr(element));
  SmallVector<bool> inBounds = {true};
  return vector::TransferReadOp::create(b, loc, VectorType::get(width, element), tensor,
                                        getValueOrCreateConstantIndexOp(b, loc, at), padding,
                                        inBounds);
}

/// Whether the cell's columns, in all rows of the tile, are a square of what lies in memory the
/// other way.
bool TileBuilder::isTurned(const Access &access, const Cell &cell) const {
  return roles.transposes && rows == cell.width && llvm::isPowerOf2_64(rows) &&
         access.isTransposed(*roles.rows, roles.vector);
}

/// The vectors of all rows: as many are read along the rows, one a column, and turned by merging
/// the elements of each with those of the one half of them away, which doubles the length of what
/// lies side by side in the result as often as it takes.
SmallVector<Value> TileBuilder::readTurned(const Access &access, const Cell &cell) {
  SmallVector<Value> vectors;
  for (int64_t i = 0; i < rows; ++i)
    vectors.push_back(readVector(access.value, indices(access, {0, cell.column + i, rows}), rows));
  auto merged = [&](Value first, Value second, int64_t from) -> Value {
    SmallVector<int64_t> elements;
    for (int64_t i = from; i < from + rows / 2; ++i)
      elements.append({i, rows + i});
    return vector::ShuffleOp::create(b, loc, first, second, elements);
  };
  for (int64_t length = 1; length < rows; length *= 2) {
    SmallVector<Value> longer;
    for (int64_t i = 0; i < rows / 2; ++i)
      for (int64_t from : {int64_t{0}, rows / 2})
        longer.push_back(merged(vectors[i], vectors[i + rows / 2], from));
    vectors = std::move(longer);
  }
  return vectors;
}

/// Element by element, where columns do not lie side by side.
Value TileBuilder::gather(const Access &access, const Cell &cell, VectorType type) {
  SmallVector<Value> elements;
  for (int64_t i = 0; i < cell.width; ++i)
    elements.push_back(
        readScalar(access, indices(access, {cell.row, cell.column + i, cell.width})));
  return vector::FromElementsOp::create(b, loc, type, elements);
}

Value TileBuilder::writeVector(Value vector, Value tensor, ArrayRef<OpFoldResult> at) {
  SmallVector<bool> inBounds = {true};
  return vector::TransferWriteOp::create(b, loc, vector, tensor,
                                         getValueOrCreateConstantIndexOp(b, loc, at), inBounds)
      .getResult();
}

Value TileBuilder::reduced(vector::CombiningKind kind, SmallVector<Value> vectors, Value first) {
  for (size_t i = 0; i + 1 < vectors.size();)
    if (vectors[i].getType() == vectors[i + 1].getType()) {
      vectors[i] = vector::makeArithReduction(b, loc, kind, vectors[i], vectors[i + 1]);
      vectors.erase(vectors.begin() + i + 1);
    } else {
      ++i;
    }
  for (Value vector : vectors) {
    auto elements = [&] { return cast<VectorType>(vector.getType()).getNumElements(); };
    while (elements() % 2 == 0) {
      int64_t half = elements() / 2;
      Value low = vector::ExtractStridedSliceOp::create(b, loc, vector, 0, half, 1);
      Value high = vector::ExtractStridedSliceOp::create(b, loc, vector, half, half, 1);
      vector = vector::makeArithReduction(b, loc, kind, low, high);
    }
    first = vector::ReductionOp::create(b, loc, kind, vector, first);
  }
  return first;
}

Value TileBuilder::epilogue(Reader &reader, const Epilogue &epilogue, const Access &output,
                            const Cell &cell, Value result) {
  linalg::GenericOp op = epilogue.op;
  if (!op)
    return result;
  Block &body = *op.getBlock();
  SmallVector<Value> arguments;
  const Access *next = epilogue.inputs.begin();
  for (unsigned i = 0; i + 1 < body.getNumArguments(); ++i) {
    bool isResult = i == epilogue.operand;
    const Access *access = isResult ? nullptr : next++;
    bool unused = body.getArgument(i).use_empty();
    arguments.push_back(isResult ? result : unused ? Value() : reader(*access, cell));
  }
  bool readsOutput = !body.getArguments().back().use_empty();
  arguments.push_back(readsOutput ? reader(output, cell) : Value());
  return vectorizeBody(b, body, arguments, cell.width, [&](int64_t dimension) {
    return place(epilogue.loops.getResult(dimension), cell);
  });
}

} // namespace hornet::lower
