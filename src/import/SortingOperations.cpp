// keras.ops: by size. An element's rank is how many come before it: n * n comparisons, side by
// side.

#include "import/Operation.h"

#include <fmt/format.h>
#include <limits>

using namespace mlir;

namespace hornet::import {
namespace {

Term sumOver(Term x, int64_t d) {
  return {x.builder, graph::ReduceSumOp::create(*x.builder, x.value, d)};
}

/// The last axis, sorted: what is asked for, and its places. The first of equals comes first.
struct Sorted {
  Term values, places;
};

/// The first `k` of the last axis of x.
Sorted sortLast(Operation &op, Term x, int64_t k, bool descending) {
  int64_t rank = x.type().getRank(), n = x.type().getShape().back();
  Term each = expanded(x, rank), other = expanded(x, rank - 1); // (…, n, 1) and (…, 1, n)
  Term place = reshape(op.count(n), {n, 1}), before = reshape(op.count(n), {1, n});
  Term first = descending ? other > each : other < each;
  Term tied = where(equals(other, each), indicator(before < place), 0);
  Term ranks = sumOver(where(first, 1.0, tied), rank); // (…, n)
  // (…, k, n): whether the element is the one of this rank.
  Term chosen = equals(expanded(ranks, rank - 1), reshape(op.count(k), {k, 1}));
  return {sumOver(where(chosen, other, 0), rank), sumOver(where(chosen, before, 0), rank)};
}

bool fits(Operation &op, Term x) {
  SmallVector<int64_t> shape(x.type().getShape());
  shape.push_back(shape.back());
  return op.layer.fits(shape);
}

/// x with `axis` last; nothing, and reported, when that is the batch.
std::optional<Term> withLast(Operation &op, Term x, std::optional<int64_t> axis) {
  if (!axis)
    return std::nullopt;
  if (x.type().isDynamicDim(*axis)) {
    op.problem("axis", "samples of a batch cannot be sorted", "name another axis");
    return std::nullopt;
  }
  Axes order = llvm::to_vector(llvm::seq<int64_t>(x.type().getRank()));
  std::swap(order[*axis], order.back());
  Term y = transposed(x, order);
  return fits(op, y) ? std::optional(y) : std::nullopt;
}

template <bool places> void importSort(Operation &op) {
  Term x = op.number("x");
  if (!op.ready())
    return;
  std::optional<int64_t> axis = op.oneAxis("axis", x.type().getRank(), -1);
  std::optional<Term> y = withLast(op, x, axis);
  if (!y)
    return;
  Sorted sorted = sortLast(op, *y, y->type().getShape().back(), false);
  Axes order = llvm::to_vector(llvm::seq<int64_t>(x.type().getRank()));
  std::swap(order[*axis], order.back());
  op.result(transposed(places ? sorted.places : sorted.values, order));
}

void importTopK(Operation &op) {
  int64_t k = op.positive("k");
  (void)op.flag("sorted", true);
  Term x = op.number("x");
  if (!op.ready())
    return;
  if (x.type().getRank() < 1 || x.type().isDynamicDim(x.type().getRank() - 1) ||
      k > x.type().getShape().back())
    return op.problem(
        "k", fmt::format("k is {}, the last axis of {} has fewer elements", k, shapeOf(x.value)));
  if (!fits(op, x))
    return;
  Sorted sorted = sortLast(op, x, k, true);
  op.result(sorted.values);
  op.result(sorted.places);
}

//===----------------------------------------------------------------------===//
// Quantiles
//===----------------------------------------------------------------------===//

/// x with `axes`, which increase, as one last dimension; nothing, and reported, when one of them is
/// the batch.
std::optional<Term> merged(Operation &op, Term x, const Axes &axes) {
  int64_t rank = x.type().getRank(), count = 1;
  SmallVector<int64_t> order, shape;
  for (int64_t d = 0; d < rank; ++d)
    if (!llvm::is_contained(axes, d)) {
      order.push_back(d);
      shape.push_back(x.type().getDimSize(d));
    }
  for (int64_t d : axes) {
    if (x.type().isDynamicDim(d)) {
      op.problem("axis", "samples of a batch cannot be sorted", "name other axes");
      return std::nullopt;
    }
    order.push_back(d);
    count *= x.type().getDimSize(d);
  }
  shape.push_back(count);
  Term y = reshape(transposed(x, order), shape);
  return fits(op, y) ? std::optional(y) : std::nullopt;
}

/// The elements of the sorted last dimension at the places (…), of which each row has its own.
Term elementsAt(Operation &op, Term sorted, Term places) {
  int64_t last = sorted.type().getRank() - 1, n = sorted.type().getShape().back();
  Term chosen = equals(expanded(places, last), op.count(n));
  return sumOver(where(chosen, sorted, 0), last);
}

/// The quantile q of n elements: between the places below and above (n - 1) q.
std::optional<Term> quantile(Operation &op, Term sorted, Term lastPlace, double q,
                             std::string_view method) {
  Term exact = lastPlace * q;
  auto floor = [](Term x) { return graph::apply<graph::FloorOp>(x); };
  // A place that is whole but for rounding is whole.
  Term near = graph::apply<graph::RoundOp>(exact);
  exact = where(abs(exact - near) < 1e-4, near, exact);
  Term low = floor(exact), high = -floor(-exact);
  auto at = [&](Term places) { return elementsAt(op, sorted, places); };
  if (method == "lower")
    return at(low);
  if (method == "higher")
    return at(high);
  if (method == "nearest")
    return at(graph::apply<graph::RoundOp>(exact));
  Term fraction = method == "midpoint" ? exact * 0 + 0.5 : exact - low;
  return at(low) * (1 - fraction) + at(high) * fraction;
}

template <bool skipsNan> void quantiles(Operation &op, double q) {
  static constexpr std::string_view methods[] = {"linear", "lower", "higher", "midpoint",
                                                 "nearest"};
  std::string method = op.find("method") ? op.word("method", methods) : "linear";
  // Keras 3.15 asks its backend for the linear one, whatever the node of a quantile says.
  if (op.name == "Quantile")
    method = "linear";
  bool keep = op.flag("keepdims", false);
  Term x = op.number("x");
  if (!op.ready())
    return;
  if (!(q >= 0 && q <= 1))
    return op.problem("q", fmt::format("the quantile {} is not between 0 and 1", q));
  Axes axes = op.axes("axis", x.type().getRank());
  std::optional<Term> y = op.ready() ? merged(op, x, axes) : std::nullopt;
  if (!y)
    return;
  int64_t last = y->type().getRank() - 1, n = y->type().getShape().back();
  Term isNumber = where(equals(*y, *y), y->scalar(1), 0);
  Term count = sumOver(isNumber, last);
  constexpr double most = std::numeric_limits<float>::max();
  // Those that are no numbers go to the end.
  Term sorted = sortLast(op, where(equals(*y, *y), *y, most), n, false).values;
  std::optional<Term> result =
      quantile(op, sorted, skipsNan ? max(count - 1, 0) : count * 0 + double(n - 1), q, method);
  if (!result)
    return;
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  Term valid = where(skipsNan ? count > 0.5 : count > double(n) - 0.5, *result, nan);
  SmallVector<int64_t> shape(x.type().getShape());
  for (int64_t axis : axes)
    shape[axis] = 1;
  op.result(keep ? reshape(valid, shape) : valid);
}

template <bool skipsNan> void importMedian(Operation &op) { quantiles<skipsNan>(op, 0.5); }

template <bool skipsNan, int whole> void importQuantile(Operation &op) {
  const Json *q = op.find("q");
  if (!q || !q->is_number())
    return op.problem("q", "several quantiles would stand before the batch",
                      "ask for one number at a time");
  quantiles<skipsNan>(op, q->get<double>() / whole);
}

} // namespace

static constexpr OperationEntry table[] = {
    {"Argsort", importSort<true>},
    {"Median", importMedian<false>},
    {"Nanmedian", importMedian<true>},
    {"Nanpercentile", importQuantile<true, 100>, "x q"},
    {"Nanquantile", importQuantile<true, 1>, "x q"},
    {"Percentile", importQuantile<false, 100>, "x q"},
    {"Quantile", importQuantile<false, 1>, "x q"},
    {"Sort", importSort<false>},
    {"TopK", importTopK},
};

llvm::ArrayRef<OperationEntry> sortingOperations() { return table; }

} // namespace hornet::import
