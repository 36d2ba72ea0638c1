// keras.ops: systems of equations and what belongs to them. The last two dimensions are matrices;
// a loop takes a column of them at each step, so that the code does not grow with their size.

#include "graph/Scan.h"
#include "import/Operation.h"

#include <fmt/format.h>

using namespace mlir;

namespace hornet::import {
namespace {

/// A step goes over a whole matrix: larger ones would take minutes.
constexpr int64_t mostRows = 1024;

/// Matrices as (batch, count, rows, columns), and the dimensions that `count` stands for.
struct Matrices {
  Term x;
  SmallVector<int64_t> inner;

  int64_t rows() const { return x.type().getDimSize(2); }
  /// (batch, count, …) under the dimensions as they were.
  Term restored(Term y) const {
    SmallVector<int64_t> shape = {y.type().getDimSize(0)};
    llvm::append_range(shape, inner);
    llvm::append_range(shape, y.type().getShape().drop_front(2));
    return reshape(y, shape);
  }
};

Matrices matricesOf(Term x) {
  ArrayRef<int64_t> shape = x.type().getShape(), inner = shape.drop_front().drop_back(2);
  return {reshape(x, {shape.front(), elementsOf(inner), shape[shape.size() - 2], shape.back()}),
          SmallVector<int64_t>(inner)};
}

/// Square matrices of a batch; nothing, and reported, when the argument holds none.
std::optional<Matrices> squaresOf(Operation &op, std::string_view key) {
  Term x = op.number(key);
  if (!op.ready())
    return std::nullopt;
  ArrayRef<int64_t> shape = x.type().getShape();
  auto rank = shape.size();
  bool square = rank >= 3 && shape[rank - 1] == shape[rank - 2] && shape.back() <= mostRows;
  if (square)
    return matricesOf(x);
  op.problem(std::string(key),
             fmt::format("needs square matrices of up to {} rows, one or more a sample, got {}",
                         mostRows, shapeOf(x.value)));
  return std::nullopt;
}

/// The identity matrix for each of the matrices of x.
Term identityLike(Operation &op, Term x) {
  int64_t n = x.type().getDimSize(2);
  Term row = reshape(op.count(n), {1, n}), column = reshape(op.count(n), {n, 1});
  return broadcastTo(indicator(equals(column, row)), part(x, 3, 0, n));
}

/// The steps of a loop over rows: (batch, n, n), of which step k holds 1 at place k alone.
Term placesOf(Operation &op, Term x) {
  int64_t n = x.type().getDimSize(2);
  Term one = part(identityLike(op, x), 1, 0, 1);
  return reshape(one, {x.type().getDimSize(0), n, n});
}

Term sumOver(Term x, int64_t d) {
  return {x.builder, graph::ReduceSumOp::create(*x.builder, x.value, d)};
}

/// Column k of the matrices, for the step at place k: (batch, count, rows).
Term columnAt(Term matrices, Term place) {
  int64_t n = place.type().getDimSize(1);
  Term at = reshape(place, {place.type().getDimSize(0), 1, 1, n});
  return sumOver(part(matrices, 3, 0, n) * at, 3);
}

//===----------------------------------------------------------------------===//
// Elimination
//===----------------------------------------------------------------------===//

/// What Gauss and Jordan's elimination with partial pivoting leaves of matrices and of what stands
/// to the right of them.
struct Elimination {
  Term order;    ///< (batch, step, count, row): 1 at the row that the step took
  Term pivots;   ///< (batch, step, count)
  Term product;  ///< (batch, count): of the pivots
  Term solution; ///< (batch, count, row, column)
};

/// 1 at the row of the greatest number in the column, of those that are free.
Term pivotRow(Operation &op, Term column, Term free) {
  int64_t n = column.type().getDimSize(2);
  Term size = where(free > 0.5, abs(column), -1);
  Term most = graph::reduceKeeping<graph::ReduceMaxOp>(size, {2});
  Term rows = where(size >= most, op.count(n), static_cast<double>(n));
  Term first = -graph::reduceKeeping<graph::ReduceMaxOp>(-rows, {2});
  return indicator(equals(op.count(n), first));
}

/// `singular`: a pivot of 0 divides nothing, for who asks for the product alone.
Elimination eliminate(Operation &op, Term x, Term right, bool singular) {
  int64_t n = x.type().getDimSize(2);
  Term column = squeezed(part(x, 3, 0, 1), {3});
  Term free = broadcastTo(x.scalar(1), column);
  Term product = broadcastTo(x.scalar(1), squeezed(part(column, 2, 0, 1), {2}));
  auto step = [&](ValueRange steps, ValueRange states) {
    Term all{&op.builder, states[0]}, left{&op.builder, states[1]}, so{&op.builder, states[2]};
    Term column = columnAt(all, {&op.builder, steps[0]});
    Term taken = pivotRow(op, column, left);
    Term pivot = graph::reduceKeeping<graph::ReduceSumOp>(taken * column, {2});
    Term row = sumOver(expanded(taken, 3) * all, 2);
    row = row / (singular ? where(equals(pivot, 0), 1, pivot) : pivot);
    Term rest = all - expanded(column, 3) * expanded(row, 2);
    Term flat = squeezed(pivot, {2});
    return graph::ScanStep{{taken.value, flat.value},
                           {where(expanded(taken, 3) > 0.5, expanded(row, 2), rest).value,
                            (left - taken).value, (so * flat).value}};
  };
  graph::ScanOp scan =
      graph::buildScan(op.builder, op.builder.getLoc(), placesOf(op, x).value,
                       {joined({x, right}, 3).value, free.value, product.value}, false, step);
  Term order{&op.builder, scan.getOutputs()[0]}, rest{&op.builder, scan.getLastStates()[0]};
  Term solved = part(rest, 3, n, rest.type().getDimSize(3));
  return {order,
          {&op.builder, scan.getOutputs()[1]},
          {&op.builder, scan.getLastStates()[2]},
          graph::einsum("bkci,bcim->bckm", order, solved)};
}

/// Whether the order of the rows is an odd permutation: -1, else 1.
Term signOf(Operation &op, Term order) {
  int64_t n = order.type().getDimSize(1);
  Term row = sumOver(order * op.count(n), 3);
  Term later = reshape(op.count(n), {1, 1, n, 1}) > reshape(op.count(n), {1, n, 1, 1});
  Term swapped = where(later, indicator(expanded(row, 2) > expanded(row, 1)), 0);
  Term count = sumOver(sumOver(swapped, 2), 1);
  Term half = graph::apply<graph::FloorOp>(count * 0.5);
  return 1.0 - 2.0 * (count - half * 2.0);
}

void importDet(Operation &op) {
  std::optional<Matrices> a = squaresOf(op, "x");
  if (!a)
    return;
  Elimination e = eliminate(op, a->x, part(a->x, 3, 0, 1), /*singular=*/true);
  op.result(a->restored(e.product * signOf(op, e.order)));
}

void importSlogdet(Operation &op) {
  std::optional<Matrices> a = squaresOf(op, "x");
  if (!a)
    return;
  Elimination e = eliminate(op, a->x, part(a->x, 3, 0, 1), /*singular=*/true);
  Term signs = sign(e.product) * signOf(op, e.order);
  op.result(a->restored(signs));
  op.result(a->restored(sumOver(log(abs(e.pivots)), 1)));
}

void importInv(Operation &op) {
  if (std::optional<Matrices> a = squaresOf(op, "x"))
    op.result(a->restored(eliminate(op, a->x, identityLike(op, a->x), false).solution));
}

/// What stands on the right of a system, one column or several; nothing, and reported, when it does
/// not fit.
std::optional<Term> rightOf(Operation &op, Term given, Term b) {
  ArrayRef<int64_t> left = given.type().getShape(), shape = b.type().getShape();
  bool one = shape.size() + 1 == left.size();
  if (one)
    b = expanded(b, b.type().getRank());
  shape = b.type().getShape();
  if (shape.size() == left.size() && shape.drop_back() == left.drop_back())
    return matricesOf(b).x;
  op.problem("b",
             fmt::format("{} is no right side for {}", shapeOf(b.value), shapeOf(given.value)));
  return std::nullopt;
}

/// Both sides of a system, solved by `solve`, which gives (batch, count, rows, columns).
void importSystem(Operation &op, llvm::function_ref<Term(Term a, Term b)> solve) {
  std::optional<Matrices> a = squaresOf(op, "a");
  Term b = op.number("b");
  if (!a || !op.ready())
    return;
  std::optional<Term> right = rightOf(op, op.number("a"), b);
  if (!right)
    return;
  Term x = a->restored(solve(a->x, *right));
  bool one = b.type().getRank() < x.type().getRank();
  op.result(one ? squeezed(x, {x.type().getRank() - 1}) : x);
}

void importSolve(Operation &op) {
  importSystem(op, [&](Term a, Term b) { return eliminate(op, a, b, false).solution; });
}

//===----------------------------------------------------------------------===//
// Triangles
//===----------------------------------------------------------------------===//

/// A row of each matrix at each step: (batch, count, rows, columns) to (batch, rows, count, …).
Term rowByRow(Term x) { return transposed(x, {0, 2, 1, 3}); }

/// The solution of triangular systems, from the row on that has one number.
Term substitute(Operation &op, Term a, Term b, bool lower) {
  Term none = broadcastTo(b.scalar(0), b);
  auto step = [&](ValueRange steps, ValueRange states) {
    Term row{&op.builder, steps[0]}, right{&op.builder, steps[1]}, at{&op.builder, steps[2]};
    Term known{&op.builder, states[0]};
    int64_t n = at.type().getDimSize(1), batch = at.type().getDimSize(0);
    Term own = graph::reduceKeeping<graph::ReduceSumOp>(row * expanded(at, 1), {2});
    // What is not known yet counts 0, and so does the other triangle.
    Term x = (right - sumOver(expanded(row, 3) * known, 2)) / own;
    Term placed = reshape(at, {batch, 1, n, 1}) * expanded(x, 2);
    return graph::ScanStep{{x.value}, {(known + placed).value}};
  };
  SmallVector<Value> sequences = {rowByRow(a).value, rowByRow(b).value, placesOf(op, a).value};
  graph::ScanOp scan = graph::buildScan(op.builder, op.builder.getLoc(), sequences, none.value,
                                        /*reverse=*/!lower, step);
  return rowByRow({&op.builder, scan.getOutputs().front()});
}

void importSolveTriangular(Operation &op) {
  bool lower = op.flag("lower", false);
  importSystem(op, [&](Term a, Term b) { return substitute(op, a, b, lower); });
}

/// Cholesky's factor of positive definite matrices, of which the lower triangle counts: its columns
/// one after the other, (batch, column, count, row). NaN where there is none.
Term columnsOfFactor(Operation &op, Term x) {
  int64_t n = x.type().getDimSize(2);
  // The step's own row and those below it.
  Term below = indicator(reshape(op.count(n), {1, n}) >= reshape(op.count(n), {n, 1}));
  Term places = placesOf(op, x);
  auto step = [&](ValueRange steps, ValueRange states) {
    Term rest{&op.builder, states[0]}, at{&op.builder, steps[0]}, rows{&op.builder, steps[1]};
    Term column = where(expanded(rows, 1) > 0.5, columnAt(rest, at), 0);
    Term pivot = graph::reduceKeeping<graph::ReduceSumOp>(column * expanded(at, 1), {2});
    Term factor = column / sqrt(pivot);
    return graph::ScanStep{{factor.value},
                           {(rest - expanded(factor, 3) * expanded(factor, 2)).value}};
  };
  graph::ScanOp scan =
      graph::buildScan(op.builder, op.builder.getLoc(),
                       {places.value, broadcastTo(below, places).value}, x.value, false, step);
  return {&op.builder, scan.getOutputs().front()};
}

void importCholesky(Operation &op) {
  bool upper = op.find("upper") && op.flag("upper", false);
  std::optional<Matrices> a = squaresOf(op, "x");
  if (!a)
    return;
  Term columns = columnsOfFactor(op, a->x);
  op.result(a->restored(transposed(columns, upper ? Axes{0, 2, 1, 3} : Axes{0, 2, 3, 1})));
}

/// Of positive definite matrices: twice the logarithms of the factor's diagonal.
void importLogdet(Operation &op) {
  std::optional<Matrices> a = squaresOf(op, "x");
  if (!a)
    return;
  Term columns = columnsOfFactor(op, a->x);
  Term places = expanded(placesOf(op, a->x), 2);
  Term diagonal = sumOver(columns * places, 3);
  op.result(a->restored(sumOver(log(diagonal), 1) * 2.0));
}

/// The inverse of the matrices that have these factors.
void importCholeskyInverse(Operation &op) {
  bool upper = op.find("upper") && op.flag("upper", false);
  std::optional<Matrices> a = squaresOf(op, "x");
  if (!a)
    return;
  Term inverse = substitute(op, a->x, identityLike(op, a->x), !upper);
  op.result(
      a->restored(graph::einsum(upper ? "bcik,bcjk->bcij" : "bcki,bckj->bcij", inverse, inverse)));
}

} // namespace

static constexpr OperationEntry table[] = {
    {"Cholesky", importCholesky},
    {"CholeskyInverse", importCholeskyInverse},
    {"Det", importDet},
    {"Inv", importInv},
    {"Logdet", importLogdet},
    {"Slogdet", importSlogdet},
    {"Solve", importSolve, "a b"},
    {"SolveTriangular", importSolveTriangular, "a b"},
};

llvm::ArrayRef<OperationEntry> linearOperations() { return table; }

} // namespace hornet::import
