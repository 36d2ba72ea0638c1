#include "lower/WinogradTiles.h"

#include "lower/Structured.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace hornet::lower {

/// The product of `matrix` (rows x columns) with vectors: one transform along the first dimension
/// of a tile whose second dimension is `width`.
static SmallVector<Value> multiply(OpBuilder &b, Location loc, ArrayRef<double> matrix,
                                   ArrayRef<Value> tile, int64_t width) {
  auto flags = arith::FastMathFlags::contract;
  int64_t columns = tile.size() / width, rows = matrix.size() / columns;
  SmallVector<Value> result;
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t w = 0; w < width; ++w) {
      Value sum;
      // Positive terms first: the sum then begins with a value as it is.
      for (bool negative : {false, true})
        for (int64_t c = 0; c < columns; ++c) {
          double factor = matrix[r * columns + c];
          if (factor == 0 || (factor < 0) != negative)
            continue;
          Value term = tile[c * width + w];
          if (double size = std::abs(factor); size != 1) {
            auto type = cast<VectorType>(term.getType());
            auto splat = DenseElementsAttr::get(type, static_cast<float>(size));
            term = arith::MulFOp::create(b, loc, term, arith::ConstantOp::create(b, loc, splat),
                                         flags);
          }
          if (!sum)
            sum = negative ? arith::NegFOp::create(b, loc, term).getResult() : term;
          else if (negative)
            sum = arith::SubFOp::create(b, loc, sum, term, flags);
          else
            sum = arith::AddFOp::create(b, loc, sum, term, flags);
        }
      result.push_back(sum);
    }
  return result;
}

static SmallVector<Value> transposed(ArrayRef<Value> tile, int64_t width) {
  SmallVector<Value> result;
  for (int64_t w = 0; w < width; ++w)
    for (size_t i = w; i < tile.size(); i += width)
      result.push_back(tile[i]);
  return result;
}

SmallVector<Value> transformed(OpBuilder &b, Location loc, ArrayRef<double> matrix,
                               ArrayRef<Value> tile, int64_t width) {
  SmallVector<Value> half = multiply(b, loc, matrix, tile, width);
  int64_t rows = half.size() / width;
  return transposed(multiply(b, loc, matrix, transposed(half, width), rows), rows);
}

Value matricesApart(OpBuilder &b, Location loc, int64_t matrices, int64_t rows, int64_t columns,
                    Type element) {
  // The sets of a first cache cover 4096 bytes: matrices that far apart share a set, and at four
  // times a quarter of it every fourth does.
  constexpr int64_t quarter = 1024;
  int64_t bytes = rows * columns * element.getIntOrFloatBitWidth() / 8;
  int64_t spacing = bytes % quarter ? 0 : 1;
  Value whole = tensor::EmptyOp::create(
      b, loc, ArrayRef<int64_t>{matrices, rows + spacing, columns}, element);
  SmallVector<OpFoldResult> offsets(3, b.getIndexAttr(0)), strides(3, b.getIndexAttr(1));
  return tensor::ExtractSliceOp::create(
      b, loc, whole, offsets,
      {b.getIndexAttr(matrices), b.getIndexAttr(rows), b.getIndexAttr(columns)}, strides);
}

linalg::GenericOp matrixProducts(OpBuilder &b, Location loc, Value lhs, Value rhs,
                                 RankedTensorType type, bool transposeLhs) {
  AffineExpr x = b.getAffineDimExpr(0), m = b.getAffineDimExpr(1), n = b.getAffineDimExpr(2),
             k = b.getAffineDimExpr(3);
  auto map = [&](AffineExpr row, AffineExpr column) {
    return AffineMap::get(4, 0, {x, row, column}, b.getContext());
  };
  SmallVector<utils::IteratorType> iterators(3, utils::IteratorType::parallel);
  iterators.push_back(utils::IteratorType::reduction);
  Value products =
      contraction(b, loc, lhs, rhs, type,
                  {transposeLhs ? map(k, m) : map(m, k), map(k, n), map(m, n)}, iterators);
  return cast<linalg::GenericOp>(products.getDefiningOp());
}

} // namespace hornet::lower
