// keras.ops: elements that numbers name, and numbers that name places.

#include "import/Operation.h"

#include <fmt/format.h>

using namespace mlir;

namespace hornet::import {
namespace {

Term gather(Term table, Term indices, int64_t dimension, int64_t batch) {
  return {table.builder,
          graph::GatherOp::create(*table.builder, table.value, indices.value, dimension, batch)};
}

/// Indices below 0 count from the end.
Term wrapped(Term indices, int64_t extent) {
  return where(indices < 0, indices + double(extent), indices);
}

/// Whether dimension `axis` of x is static; reports when it is not.
bool isFixed(Operation &op, Term x, int64_t axis) {
  if (!x.type().isDynamicDim(axis))
    return true;
  op.problem("axis", "samples cannot be taken out of a batch by their numbers",
             "name another axis");
  return false;
}

/// TensorFlow's gather has batch_dims, too: leading dimensions of both.
void importTake(Operation &op) {
  Term x = op.number("x"), indices = op.number("indices");
  int64_t batch = op.oneInteger("batch_dims", 0);
  if (!op.ready())
    return;
  if (!op.find("axis"))
    return op.problem("axis", "axis=None flattens the batch", "name an axis");
  std::optional<int64_t> axis = op.oneAxis("axis", x.type().getRank());
  if (!axis || !isFixed(op, x, *axis))
    return;
  ArrayRef<int64_t> rows = x.type().getShape(), places = indices.type().getShape();
  bool fits = batch >= 0 && batch <= *axis && batch <= static_cast<int64_t>(places.size()) &&
              rows.take_front(batch) == places.take_front(batch);
  if (!fits)
    return op.problem("batch_dims", fmt::format("{} and {} do not begin with the same {} sizes",
                                                shapeOf(x.value), shapeOf(indices.value), batch));
  SmallVector<int64_t> shape(rows.take_front(*axis));
  llvm::append_range(shape, places.drop_front(batch));
  llvm::append_range(shape, rows.drop_front(*axis + 1));
  for (int64_t extent : ArrayRef(shape).drop_front(std::min<size_t>(shape.size(), 1)))
    if (ShapedType::isDynamic(extent))
      return op.problem("inbound_nodes", fmt::format("takes {} out of {}: the batch of one would "
                                                     "stand within the other",
                                                     shapeOf(indices.value), shapeOf(x.value)));
  if (op.layer.fits(shape))
    op.result(gather(x, wrapped(indices, rows[*axis]), *axis, batch));
}

void importTakeAlongAxis(Operation &op) {
  Term x = op.number("x"), indices = op.number("indices");
  if (!op.ready())
    return;
  int64_t rank = x.type().getRank();
  if (!op.find("axis"))
    return op.problem("axis", "axis=None flattens the batch", "name an axis");
  std::optional<int64_t> axis = op.oneAxis("axis", rank);
  if (!axis || !isFixed(op, x, *axis))
    return;
  SmallVector<int64_t> rows(x.type().getShape()), places(indices.type().getShape());
  if (places.size() != rows.size())
    return op.problem("inbound_nodes", fmt::format("{} cannot name places in {}",
                                                   shapeOf(indices.value), shapeOf(x.value)));
  // Where one of both has an extent of 1, it is repeated.
  for (int64_t d = 0; d < rank; ++d)
    if (d != *axis && rows[d] != places[d]) {
      bool repeatRows = rows[d] == 1, repeatPlaces = places[d] == 1;
      if (!repeatRows && !repeatPlaces)
        return op.problem("inbound_nodes", fmt::format("{} cannot name places in {}",
                                                       shapeOf(indices.value), shapeOf(x.value)));
      Term &small = repeatRows ? x : indices, like = repeatRows ? indices : x;
      SmallVector<int64_t> zero(rank, 1);
      zero[d] = repeatRows ? places[d] : rows[d];
      if (ShapedType::isDynamic(zero[d])) {
        Term column =
            reduceKeeping<graph::ReduceMaxOp>(like, llvm::to_vector(llvm::seq<int64_t>(1, rank)));
        small = small + (column - column);
      } else {
        small = small + Term{&op.builder, op.layer.splat(zero, 0)};
      }
    }
  Term taken = gather(swappedToLast(x, *axis), swappedToLast(wrapped(indices, rows[*axis]), *axis),
                      rank - 1, rank - 1);
  op.result(swappedToLast(taken, *axis));
}

//===----------------------------------------------------------------------===//
// One-hot
//===----------------------------------------------------------------------===//

/// 1 where the number is that of the place along a new axis `axis`.
std::optional<Term> oneHot(Operation &op, Term x, int64_t axis) {
  int64_t count = op.positive("num_classes");
  if (op.flag("sparse", false))
    op.problem("sparse", "sparse tensors are not supported", "set sparse to False");
  SmallVector<int64_t> shape(x.type().getShape());
  shape.push_back(count);
  if (!op.ready() || !op.layer.fits(shape))
    return std::nullopt;
  Term whole = graph::apply<graph::TruncOp>(x);
  return indicator(
      equals(expanded(whole, axis), alongDimension(op.count(count), axis, shape.size())));
}

/// As the type that the call asks for.
void resultAs(Operation &op, Term numbers) {
  const Json *dtype = op.find("dtype");
  op.result(dtype && *dtype == "bool" ? numbers > 0.5 : numbers);
}

void importOneHot(Operation &op) {
  double on = op.Config::number("on_value", 1), off = op.Config::number("off_value", 0);
  Term x = op.number("x");
  if (!op.ready())
    return;
  std::optional<int64_t> axis = op.oneAxis("axis", x.type().getRank() + 1, -1);
  if (axis && *axis == 0 && !x.type().hasStaticShape())
    return op.problem("axis", "a dimension before the batch is not supported", "name another axis");
  std::optional<Term> hot = axis ? oneHot(op, x, *axis) : std::nullopt;
  if (hot)
    resultAs(op, on == 1 && off == 0 ? *hot : *hot * (on - off) + off);
}

void importMultiHot(Operation &op) {
  Term x = op.number("inputs");
  if (!op.ready())
    return;
  int64_t rank = x.type().getRank();
  std::optional<int64_t> axis = op.oneAxis("axis", rank + 1, -1);
  std::optional<Term> hot = axis ? oneHot(op, x, *axis) : std::nullopt;
  if (hot)
    resultAs(op, {&op.builder,
                  graph::ReduceMaxOp::create(op.builder, hot->value, int64_t(rank > 1 ? 1 : 0))});
}

//===----------------------------------------------------------------------===//
// Segments
//===----------------------------------------------------------------------===//

/// How many segments there are, which must be known.
std::optional<int64_t> segmentsOf(Operation &op, Term data, Term ids) {
  (void)op.flag("sorted", false);
  if (!op.find("num_segments"))
    op.problem("num_segments", "the number of segments depends on the numbers",
               "give num_segments");
  int64_t count = op.find("num_segments") ? op.positive("num_segments") : 1;
  if (op.ready() && (ids.type().getRank() != 1 || data.type().getRank() < 1 ||
                     data.type().getShape().front() != ids.type().getShape().front()))
    op.problem("inbound_nodes", fmt::format("{} does not name a segment for each row of {}",
                                            shapeOf(ids.value), shapeOf(data.value)));
  return op.ready() ? std::optional(count) : std::nullopt;
}

void importSegmentSum(Operation &op) {
  Term data = op.number("data"), ids = op.number("segment_ids");
  std::optional<int64_t> count = op.ready() ? segmentsOf(op, data, ids) : std::nullopt;
  if (!count)
    return;
  SmallVector<int64_t> shape(data.type().getShape());
  shape.front() = *count;
  if (!op.layer.fits(shape))
    return;
  // A product with the one-hot segments, whose gradient is a product again.
  Term hot = indicator(equals(expanded(ids, 1), reshape(op.count(*count), {1, *count})));
  std::string letters = "n";
  for (int64_t i = 1; i < data.type().getRank(); ++i)
    letters += static_cast<char>('A' + i);
  op.result(graph::einsum("ns," + letters + "->s" + letters.substr(1), hot, data));
}

template <bool greatest> void importSegmentEnd(Operation &op) {
  Term data = op.number("data"), ids = op.number("segment_ids");
  std::optional<int64_t> count = op.ready() ? segmentsOf(op, data, ids) : std::nullopt;
  if (!count)
    return;
  int64_t rank = data.type().getRank();
  SmallVector<int64_t> shape(data.type().getShape());
  shape.insert(shape.begin() + 1, *count);
  if (!op.layer.fits(shape))
    return;
  SmallVector<int64_t> column(rank + 1, 1);
  column[0] = ids.type().getDimSize(0);
  Term inside = equals(reshape(ids, column), alongDimension(op.count(*count), 1, rank + 1));
  // Of an empty segment, TensorFlow gives the least (or greatest) number that there is.
  Term rows = expanded(greatest ? data : -data, 1);
  Term each = where(inside, rows, -double(std::numeric_limits<float>::max()));
  Term most{&op.builder, graph::ReduceMaxOp::create(op.builder, each.value, int64_t{0})};
  op.result(greatest ? most : -most);
}

//===----------------------------------------------------------------------===//
// Bins
//===----------------------------------------------------------------------===//

/// How many of the constant `bounds` are below x, or not above it.
void countBounds(Operation &op, Term x, Term bounds, bool orEqual) {
  if (!op.ready())
    return;
  int64_t rank = x.type().getRank();
  SmallVector<int64_t> shape(x.type().getShape());
  if (bounds.type().getRank() != 1 || !bounds.type().hasStaticShape())
    return op.problem("inbound_nodes", fmt::format("the bounds {} must be a list of known length",
                                                   shapeOf(bounds.value)));
  shape.push_back(bounds.type().getDimSize(0));
  if (!op.layer.fits(shape))
    return;
  Term each = expanded(x, rank);
  Term below = indicator(orEqual ? each >= bounds : each > bounds);
  op.result(graph::ReduceSumOp::create(op.builder, below.value, rank).getResult());
}

void importDigitize(Operation &op) {
  Term x = op.number("x"), bins = op.number("bins");
  countBounds(op, x, bins, true);
}

void importSearchSorted(Operation &op) {
  static constexpr std::string_view sides[] = {"left", "right"};
  bool right = op.find("side") && op.word("side", sides) == "right";
  Term sorted = op.number("sorted_sequence"), x = op.number("values");
  countBounds(op, x, sorted, right);
}

/// Whether an element of x1 is one of the numbers of x2.
void importIsIn(Operation &op) {
  bool invert = op.flag("invert", false);
  (void)op.flag("assume_unique", false);
  Term x = op.number("x1"), set = op.number("x2");
  if (!op.ready())
    return;
  if (!set.type().hasStaticShape())
    return op.problem("x2", "looks for its numbers in all samples of a batch",
                      "give constants as the second argument");
  int64_t rank = x.type().getRank(), count = set.type().getNumElements();
  SmallVector<int64_t> shape(x.type().getShape());
  shape.push_back(count);
  if (!op.layer.fits(shape))
    return;
  Term same = indicator(equals(expanded(x, rank), reshape(set, {count})));
  Term found{&op.builder, graph::ReduceMaxOp::create(op.builder, same.value, rank)};
  op.result(invert ? found < 0.5 : found > 0.5);
}

/// Whether fewer than k predictions are greater than the target's, and that is finite.
void importInTopK(Operation &op) {
  int64_t k = op.positive("k");
  Term targets = op.number("targets"), predictions = op.number("predictions");
  if (!op.ready())
    return;
  if (targets.type().getRank() != 1 || predictions.type().getRank() != 2)
    return op.problem("inbound_nodes",
                      fmt::format("needs (batch) and (batch, classes), got {} and {}",
                                  shapeOf(targets.value), shapeOf(predictions.value)));
  Term own = expanded(gather(predictions, targets, 1, 1), 1);
  Term above{&op.builder, graph::ReduceSumOp::create(op.builder, indicator(predictions > own).value,
                                                     int64_t{1})};
  Term finite = abs(squeezed(own, {1})) < std::numeric_limits<double>::infinity();
  op.result(where(finite, indicator(above < double(k)), 0) > 0.5);
}

} // namespace

static constexpr OperationEntry table[] = {
    {"Digitize", importDigitize, "x bins"},
    {"InTopK", importInTopK, "targets predictions"},
    {"IsIn", importIsIn, "x1 x2"},
    {"MultiHot", importMultiHot, "inputs"},
    {"OneHot", importOneHot},
    {"SearchSorted", importSearchSorted, "sorted_sequence values"},
    {"SegmentMax", importSegmentEnd<true>, "data segment_ids"},
    {"SegmentMin", importSegmentEnd<false>, "data segment_ids"},
    {"SegmentSum", importSegmentSum, "data segment_ids"},
    {"Take", importTake, "x indices"},
    {"TakeAlongAxis", importTakeAlongAxis, "x indices"},
};

llvm::ArrayRef<OperationEntry> gatheringOperations() { return table; }

} // namespace hornet::import
