// keras.ops: by size. An element's rank is how many come before it: n * n comparisons, side by
// side.

#include "import/Operation.h"

#include <fmt/format.h>

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

void importMedian(Operation &op) {
  Term x = op.number("x");
  if (!op.ready())
    return;
  int64_t rank = x.type().getRank();
  std::optional<int64_t> axis = op.oneAxis("axis", rank);
  std::optional<Term> y = withLast(op, x, axis);
  if (!y)
    return;
  int64_t n = y->type().getShape().back();
  Term sorted = sortLast(op, *y, n, false).values;
  Term middle = (part(sorted, rank - 1, (n - 1) / 2, (n - 1) / 2 + 1) +
                 part(sorted, rank - 1, n / 2, n / 2 + 1)) *
                0.5;
  Axes order = llvm::to_vector(llvm::seq<int64_t>(rank));
  std::swap(order[*axis], order.back());
  middle = transposed(middle, order);
  op.result(op.flag("keepdims", false) ? middle : squeezed(middle, {*axis}));
}

} // namespace

static constexpr OperationEntry table[] = {
    {"Argsort", importSort<true>},
    {"Median", importMedian},
    {"Sort", importSort<false>},
    {"TopK", importTopK},
};

llvm::ArrayRef<OperationEntry> sortingOperations() { return table; }

} // namespace hornet::import
