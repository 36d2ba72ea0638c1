// keras.ops: over some axes. Each computes with the axes kept, with an extent of 1.

#include "import/Operation.h"

#include <cmath>
#include <fmt/format.h>
#include <limits>

using namespace mlir;

namespace hornet::import {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

Term sum(Term x, const Axes &axes) { return reduceKeeping<graph::ReduceSumOp>(x, axes); }
Term greatest(Term x, const Axes &axes) { return reduceKeeping<graph::ReduceMaxOp>(x, axes); }
Term least(Term x, const Axes &axes) { return -greatest(-x, axes); }
Term mean(Term x, const Axes &axes) { return meanKeeping(x, axes); }
Term variance(Term x, const Axes &axes) { return mean(square(x - mean(x, axes)), axes); }
Term deviation(Term x, const Axes &axes) { return sqrt(variance(x, axes)); }
Term any(Term x, const Axes &axes) { return greatest(x, axes) > 0.5; }
Term all(Term x, const Axes &axes) { return least(x, axes) > 0.5; }
Term nonZeros(Term x, const Axes &axes) { return sum(where(equals(x, 0), 0.0, x.scalar(1)), axes); }

Term logSumExp(Term x, const Axes &axes) {
  Term most = greatest(x, axes);
  Term shift = where(abs(most) < infinity, most, 0);
  return log(sum(exp(x - shift), axes)) + shift;
}

/// The product of halves, as often as it takes: of a static extent alone.
Term product(Term x, const Axes &axes) {
  for (int64_t axis : axes)
    for (int64_t n = x.type().getDimSize(axis); n > 1; n = x.type().getDimSize(axis)) {
      Term halves = part(x, axis, 0, n / 2) * part(x, axis, n / 2, n / 2 * 2);
      x = n % 2 == 0
              ? halves
              : Term{x.builder, graph::ConcatenateOp::create(
                                    *x.builder,
                                    ValueRange{halves.value, part(x, axis, n - 1, n).value}, axis)};
    }
  return x;
}

/// 1 for numbers, and the other value for what is none.
Term isNumber(Term x) { return where(equals(x, x), x.scalar(1), 0); }
Term numbersOr(Term x, double other) { return where(equals(x, x), x, other); }
Term nanSum(Term x, const Axes &axes) { return sum(numbersOr(x, 0), axes); }
Term nanMean(Term x, const Axes &axes) { return nanSum(x, axes) / sum(isNumber(x), axes); }
Term nanVariance(Term x, const Axes &axes) { return nanMean(square(x - nanMean(x, axes)), axes); }

using Reduction = Term (*)(Term, const Axes &);

/// keepdims=False takes out what was reduced.
Term kept(Operation &op, Term reduced, const Axes &axes) {
  return op.flag("keepdims", false) ? reduced : squeezed(reduced, axes);
}

template <Reduction reduction> void reduce(Operation &op) {
  Term x = op.number("x");
  if (!op.ready())
    return;
  Axes axes = op.axes("axis", x.type().getRank());
  if (op.ready())
    op.result(kept(op, reduction(x, axes), axes));
}

/// Max and Min may have a first value.
template <Reduction reduction, Term (*combine)(Term, double)> void reduceFrom(Operation &op) {
  Term x = op.number("x");
  if (!op.ready())
    return;
  Axes axes = op.axes("axis", x.type().getRank());
  Term reduced = op.ready() ? reduction(x, axes) : x;
  if (op.find("initial"))
    reduced = combine(reduced, op.Config::number("initial"));
  if (op.ready())
    op.result(kept(op, reduced, axes));
}

template <bool ofNumbers> void importProd(Operation &op) {
  Term x = op.number("x");
  if (!op.ready())
    return;
  Axes axes = op.axes("axis", x.type().getRank());
  if (llvm::any_of(axes, [&](int64_t axis) { return x.type().isDynamicDim(axis); }))
    op.problem("axis", "a product over the batch is not supported", "name other axes");
  (void)op.find("dtype");
  if (op.ready())
    op.result(kept(op, product(ofNumbers ? numbersOr(x, 1) : x, axes), axes));
}

template <bool greater, bool ofNumbers> void importArg(Operation &op) {
  Term x = op.number("x");
  (void)op.find("dtype");
  if (!op.ready())
    return;
  std::optional<int64_t> axis = op.oneAxis("axis", x.type().getRank());
  if (!axis || x.type().isDynamicDim(*axis)) {
    if (axis)
      op.problem("axis", "places in the batch are not supported", "name another axis");
    return;
  }
  int64_t n = x.type().getDimSize(*axis);
  Term y = greater ? x : -x;
  if (ofNumbers)
    y = numbersOr(y, -infinity);
  SmallVector<int64_t> column(x.type().getRank(), 1);
  column[*axis] = n;
  Term places = reshape(op.count(n), column);
  // The first of equals: the least place.
  Term candidates = where(y >= greatest(y, {*axis}), places, static_cast<double>(n));
  Term place = least(candidates, {*axis});
  if (ofNumbers)
    place = where(sum(isNumber(x), {*axis}) > 0, place, -1);
  op.result(kept(op, place, {*axis}));
}

void importAverage(Operation &op) {
  Term x = op.number("x");
  if (!op.ready())
    return;
  Axes axes = op.axes("axis", x.type().getRank());
  if (!op.find("weights"))
    return op.ready() ? op.result(squeezed(mean(x, axes), axes)) : void();
  Term weights = op.number("weights");
  if (op.ready() && weights.type().getRank() == 1 && axes.size() == 1) {
    SmallVector<int64_t> column(x.type().getRank(), 1);
    column[axes.front()] = weights.type().getDimSize(0);
    weights = reshape(weights, column);
  }
  if (!op.ready() || !op.broadcasts({x, weights}))
    return;
  Term all = broadcastTo(weights, x);
  op.result(squeezed(sum(x * all, axes) / sum(all, axes), axes));
}

/// The greatest (p > 0) or least sum of a column (1) or of a row (infinity). Their axes come in the
/// order of the call.
Term matrixNorm(Operation &op, Term x, double p) {
  Config::Integers given = op.integers("axis", Config::Integers{0, 1});
  int64_t rank = x.type().getRank();
  int64_t rows = (given[0] + rank) % rank, columns = (given[1] + rank) % rank;
  if (std::abs(p) == infinity)
    std::swap(rows, columns);
  Term sums = sum(abs(x), {rows});
  return p > 0 ? greatest(sums, {columns}) : least(sums, {columns});
}

void importNorm(Operation &op) {
  Term x = op.number("x");
  if (!op.ready())
    return;
  Axes axes = op.axes("axis", x.type().getRank());
  const Json *order = op.find("ord");
  bool euclidean = !order || *order == "fro" || (*order == 2 && axes.size() == 1);
  if (!op.ready())
    return;
  if (euclidean)
    return op.result(kept(op, sqrt(sum(square(x), axes)), axes));
  double p = op.Config::number("ord");
  if (axes.size() == 2 && (std::abs(p) == 1 || std::abs(p) == infinity))
    return op.result(kept(op, matrixNorm(op, x, p), axes));
  if (axes.size() != 1)
    op.problem("ord", fmt::format("the norm {} of matrices is not supported", order->dump()),
               "use the Frobenius norm");
  if (!op.ready())
    return;
  Term size = abs(x);
  Term norm = p == infinity    ? greatest(size, axes)
              : p == -infinity ? least(size, axes)
              : p == 0         ? nonZeros(x, axes)
              : p == 1         ? sum(size, axes)
                               : pow(sum(pow(size, p), axes), 1 / p);
  op.result(kept(op, norm, axes));
}

void importMoments(Operation &op) {
  Term x = op.number("x");
  if (!op.ready())
    return;
  Axes axes = op.axes("axes", x.type().getRank());
  if (!op.ready())
    return;
  op.result(kept(op, mean(x, axes), axes));
  op.result(kept(op, variance(x, axes), axes));
}

//===----------------------------------------------------------------------===//
// Running sums
//===----------------------------------------------------------------------===//

/// y[i] = x[0] ∘ … ∘ x[i]: each step takes in twice as many, those `by` places before.
template <Term (*combine)(Term, Term), int neutral> Term running(Term x, int64_t axis) {
  int64_t n = x.type().getDimSize(axis), rank = x.type().getRank();
  for (int64_t by = 1; by < n; by *= 2) {
    SmallVector<int64_t> low(rank, 0), high(rank, 0);
    low[axis] = by;
    Term before{x.builder, graph::PadOp::create(*x.builder, part(x, axis, 0, n - by).value, low,
                                                high, APFloat(double(neutral)))};
    x = combine(x, before);
  }
  return x;
}

template <Term (*combine)(Term, Term), int neutral, bool ofNumbers>
void importRunning(Operation &op) {
  Term x = op.number("x");
  if (!op.ready())
    return;
  std::optional<int64_t> axis = op.oneAxis("axis", x.type().getRank());
  (void)op.find("dtype");
  if (axis && x.type().isDynamicDim(*axis))
    op.problem("axis", "running sums over the batch are not supported", "name another axis");
  if (op.ready())
    op.result(running<combine, neutral>(ofNumbers ? numbersOr(x, neutral) : x, *axis));
}

} // namespace

static constexpr OperationEntry table[] = {
    {"All", reduce<all>},
    {"Amax", reduce<greatest>},
    {"Amin", reduce<least>},
    {"Any", reduce<any>},
    {"Argmax", importArg<true, false>},
    {"Argmin", importArg<false, false>},
    {"Average", importAverage, "x weights"},
    {"CountNonzero", reduce<nonZeros>},
    {"Cumprod", importRunning<graph::operator*, 1, false>},
    {"Cumsum", importRunning<graph::operator+, 0, false>},
    {"Logsumexp", reduce<logSumExp>},
    {"Max", reduceFrom<greatest, graph::max>},
    {"Mean", reduce<mean>},
    {"Min", reduceFrom<least, graph::min>},
    {"Moments", importMoments},
    {"Nanargmax", importArg<true, true>},
    {"Nanargmin", importArg<false, true>},
    {"Nancumprod", importRunning<graph::operator*, 1, true>},
    {"Nancumsum", importRunning<graph::operator+, 0, true>},
    {"Nanmax", reduce<[](Term x, const Axes &a) { return greatest(numbersOr(x, -infinity), a); }>},
    {"Nanmean", reduce<nanMean>},
    {"Nanmin", reduce<[](Term x, const Axes &a) { return least(numbersOr(x, infinity), a); }>},
    {"Nanprod", importProd<true>},
    {"Nanstd", reduce<[](Term x, const Axes &a) { return sqrt(nanVariance(x, a)); }>},
    {"Nansum", reduce<nanSum>},
    {"Nanvar", reduce<nanVariance>},
    {"Norm", importNorm},
    {"Prod", importProd<false>},
    {"Ptp", reduce<[](Term x, const Axes &a) { return greatest(x, a) - least(x, a); }>},
    {"Std", reduce<deviation>},
    {"Sum", reduce<sum>},
    {"Var", reduce<variance>},
};

llvm::ArrayRef<OperationEntry> reducingOperations() { return table; }

} // namespace hornet::import
