// keras.ops: the last two dimensions as matrices, the last one as vectors.

#include "import/Operation.h"

#include <fmt/format.h>
#include <numeric>

using namespace mlir;

namespace hornet::import {
namespace {

Term sumLast(Term x) {
  return {x.builder, graph::ReduceSumOp::create(*x.builder, x.value, x.type().getRank() - 1)};
}

/// x where places (row, column) of its last two dimensions satisfy `keep`, else 0.
template <bool (*keep)(int64_t column, int64_t diagonal)> void importTriangle(Operation &op) {
  int64_t k = op.oneInteger("k", 0);
  Term x = op.number("x");
  if (!op.ready())
    return;
  ArrayRef<int64_t> shape = x.type().getShape();
  if (shape.size() < 2 || ShapedType::isDynamic(shape[shape.size() - 2]))
    return op.problem("inbound_nodes", fmt::format("needs matrices, got {}", shapeOf(x.value)));
  int64_t rows = shape[shape.size() - 2], columns = shape.back();
  SmallVector<float> mask;
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j)
      mask.push_back(keep(j, i + k) ? 1 : 0);
  op.result(where(op.constant({rows, columns}, mask) > 0.5, x, 0));
}

/// The elements of a diagonal, as the last dimension.
std::optional<Term> diagonalOf(Operation &op) {
  int64_t offset = op.oneInteger("offset", 0);
  Term x = op.number("x");
  if (!op.ready())
    return std::nullopt;
  int64_t rank = x.type().getRank();
  auto first = op.oneAxis("axis1", rank, 0), second = op.oneAxis("axis2", rank, 1);
  if (!first || !second)
    return std::nullopt;
  if (*first == *second || x.type().isDynamicDim(*first) || x.type().isDynamicDim(*second)) {
    op.problem("axis1", "the diagonal of samples and something else is not supported",
               "name two axes other than the batch");
    return std::nullopt;
  }
  Axes order = llvm::to_vector(llvm::seq<int64_t>(rank));
  llvm::erase_if(order, [&](int64_t d) { return d == *first || d == *second; });
  order.append({*first, *second});
  x = transposed(x, order);
  SmallVector<int64_t> shape(x.type().getShape()), places;
  int64_t columns = shape.pop_back_val(), rows = shape.pop_back_val();
  for (int64_t i = 0; i < rows; ++i)
    if (i + offset >= 0 && i + offset < columns)
      places.push_back(i * columns + i + offset);
  if (places.empty()) {
    op.problem("offset", fmt::format("there is no diagonal {} in {} x {}", offset, rows, columns));
    return std::nullopt;
  }
  shape.push_back(rows * columns);
  return taken(reshape(x, shape), static_cast<int64_t>(shape.size()) - 1, places);
}

void importDiagonal(Operation &op) {
  if (std::optional<Term> diagonal = diagonalOf(op))
    op.result(*diagonal);
}

void importTrace(Operation &op) {
  if (std::optional<Term> diagonal = diagonalOf(op))
    op.result(sumLast(*diagonal));
}

/// Of vectors of 3, or of 2 whose third is 0.
void importCross(Operation &op) {
  Term x = op.number("x1"), y = op.number("x2");
  if (!op.ready())
    return;
  auto axisOf = [&](const char *key, Term t) {
    return op.oneAxis(op.find("axis") ? "axis" : key, t.type().getRank(), -1);
  };
  (void)op.find("axisc"); // not of vectors of 2
  auto a = axisOf("axisa", x), b = axisOf("axisb", y);
  if (!a || !b)
    return;
  x = movedTo(x, *a, x.type().getRank() - 1), y = movedTo(y, *b, y.type().getRank() - 1);
  int64_t left = x.type().getShape().back(), right = y.type().getShape().back();
  if ((left != 2 && left != 3) || (right != 2 && right != 3))
    return op.problem("inbound_nodes", fmt::format("needs vectors of 2 or 3, got {} and {}",
                                                   shapeOf(x.value), shapeOf(y.value)));
  auto entry = [](Term t, int64_t i) {
    int64_t last = t.type().getRank() - 1;
    Term zero = part(t, last, 0, 1) * 0;
    return i < t.type().getShape().back() ? part(t, last, i, i + 1) : zero;
  };
  if (!op.broadcasts({entry(x, 0), entry(y, 0)}))
    return;
  auto minor = [&](int64_t i, int64_t j) {
    return entry(x, i) * entry(y, j) - entry(x, j) * entry(y, i);
  };
  Term z = minor(0, 1);
  int64_t last = z.type().getRank() - 1;
  if (left == 2 && right == 2)
    return op.result(squeezed(z, {last}));
  Term product = joined({minor(1, 2), minor(2, 0), z}, last);
  auto c = op.oneAxis(op.find("axis") ? "axis" : "axisc", last + 1, -1);
  if (c)
    op.result(movedTo(product, last, *c));
}

void importCDist(Operation &op) {
  Term x = op.number("x"), y = op.number("y");
  if (!op.ready())
    return;
  int64_t left = x.type().getRank(), right = y.type().getRank();
  if (left < 2 || right < 2)
    return op.problem("inbound_nodes", "needs matrices of vectors");
  Term each = expanded(x, left - 1), other = expanded(y, right - 2);
  if (op.broadcasts({each, other}))
    op.result(sqrt(sumLast(graph::square(each - other))));
}

//===----------------------------------------------------------------------===//
// Along an axis
//===----------------------------------------------------------------------===//

/// The axis of a difference: static, and of two elements or more.
std::optional<int64_t> staticAxis(Operation &op, Term x) {
  std::optional<int64_t> axis = op.oneAxis("axis", x.type().getRank(), -1);
  if (axis && x.type().isDynamicDim(*axis)) {
    op.problem("axis", "differences between samples are not supported", "name another axis");
    return std::nullopt;
  }
  return axis;
}

Term difference(Term x, int64_t axis) {
  int64_t n = x.type().getDimSize(axis);
  return part(x, axis, 1, n) - part(x, axis, 0, n - 1);
}

void importDiff(Operation &op) {
  int64_t times = op.oneInteger("n", 1);
  Term x = op.number("a");
  if (!op.ready())
    return;
  std::optional<int64_t> axis = staticAxis(op, x);
  if (!axis)
    return;
  if (times < 0 || times >= x.type().getDimSize(*axis))
    return op.problem(
        "n", fmt::format("{} differences of {} elements", times, x.type().getDimSize(*axis)));
  for (int64_t i = 0; i < times; ++i)
    x = difference(x, *axis);
  op.result(x);
}

void importTrapezoid(Operation &op) {
  double step = op.Config::number("dx", 1);
  Term y = op.number("y");
  if (!op.ready())
    return;
  std::optional<int64_t> axis = staticAxis(op, y);
  if (!axis || y.type().getDimSize(*axis) < 2)
    return;
  int64_t n = y.type().getDimSize(*axis);
  Term heights = (part(y, *axis, 0, n - 1) + part(y, *axis, 1, n)) * 0.5;
  heights = movedTo(heights, *axis, y.type().getRank() - 1);
  if (!op.find("x"))
    return op.result(sumLast(heights * step));
  Term x = op.number("x");
  if (!op.ready())
    return;
  bool isVector = x.type().getRank() == 1;
  if (x.type().getRank() != y.type().getRank() && !isVector)
    return op.problem("x",
                      fmt::format("{} are no places for {}", shapeOf(x.value), shapeOf(y.value)));
  int64_t at = isVector ? 0 : *axis;
  if (x.type().getDimSize(at) != n)
    return op.problem("x",
                      fmt::format("{} are no places for {}", shapeOf(x.value), shapeOf(y.value)));
  Term widths = movedTo(difference(x, at), at, x.type().getRank() - 1);
  if (op.broadcasts({heights, widths}))
    op.result(sumLast(heights * widths));
}

/// Powers of the elements of a batch of numbers.
void importVander(Operation &op) {
  bool increasing = op.flag("increasing", false);
  if (!op.find("N"))
    op.problem("N", "the number of powers would be the size of the batch", "give N");
  int64_t count = op.find("N") ? op.positive("N") : 1;
  Term x = op.number("x");
  if (!op.ready() || !op.layer.fits({count}))
    return;
  if (x.type().getRank() != 1)
    return op.problem("inbound_nodes", "needs one number a sample");
  SmallVector<Term> powers = {expanded(x * 0 + 1, 1)};
  for (int64_t i = 1; i < std::min<int64_t>(count, 1024); ++i)
    powers.push_back(powers.back() * expanded(x, 1));
  if (!increasing)
    std::reverse(powers.begin(), powers.end());
  op.result(joined(powers, 1));
}

} // namespace

static constexpr OperationEntry table[] = {
    {"CDist", importCDist, "x y"},
    {"Cross", importCross, "x1 x2"},
    {"Diagonal", importDiagonal},
    {"Diff", importDiff, "a"},
    {"Trace", importTrace},
    {"Trapezoid", importTrapezoid, "y"},
    {"Tril", importTriangle<[](int64_t j, int64_t i) { return j <= i; }>},
    {"Triu", importTriangle<[](int64_t j, int64_t i) { return j >= i; }>},
    {"Vander", importVander},
};

llvm::ArrayRef<OperationEntry> matrixOperations() { return table; }

} // namespace hornet::import
