// keras.ops: dimensions moved, joined and taken apart; parts put into a whole.

#include "import/Operation.h"

#include <fmt/format.h>
#include <map>

using namespace mlir;

namespace hornet::import {
namespace {

Term anyTensor(Operation &op) { return {&op.builder, op.value("x")}; }

/// Reports dimension `d` of x where that is the batch.
bool isFixed(Operation &op, Term x, int64_t d, std::string_view key) {
  if (d < x.type().getRank() && !x.type().isDynamicDim(d))
    return true;
  op.problem(std::string(key), "the batch must stay the first dimension", "name other axes");
  return false;
}

void importMoveaxis(Operation &op) {
  Config::Integers source = op.integers("source"), destination = op.integers("destination");
  Term x = anyTensor(op);
  if (!op.ready())
    return;
  int64_t rank = x.type().getRank();
  if (source.size() != destination.size())
    return op.problem("destination",
                      fmt::format("{} axes go to {} places", source.size(), destination.size()));
  std::map<int64_t, int64_t> places; // by destination
  Axes rest = llvm::to_vector(llvm::seq<int64_t>(rank)), order;
  for (auto [from, to] : llvm::zip_equal(source, destination)) {
    auto start = op.layer.axis("source", from, rank), end = op.layer.axis("destination", to, rank);
    if (!start || !end)
      return;
    places[*end] = *start;
    llvm::erase(rest, *start);
  }
  if (places.size() != source.size() || rest.size() + source.size() != static_cast<size_t>(rank))
    return op.problem("source", "names an axis twice", "name each axis once");
  auto next = rest.begin();
  for (int64_t i = 0; i < rank; ++i)
    order.push_back(places.contains(i) ? places[i] : *next++);
  if (order.front() == 0 || isFixed(op, x, 0, "source"))
    op.result(transposed(x, order));
}

void importRot90(Operation &op) {
  int64_t turns = op.oneInteger("k", 1);
  Config::Integers axes = op.integers("axes", Config::Integers{0, 1});
  Term x{&op.builder, op.value("array")};
  if (!op.ready())
    return;
  int64_t rank = x.type().getRank();
  if (axes.size() != 2)
    return op.problem("axes", "axes must be two");
  auto first = op.layer.axis("axes", axes[0], rank), second = op.layer.axis("axes", axes[1], rank);
  if (!first || !second || !isFixed(op, x, *first, "axes") || !isFixed(op, x, *second, "axes"))
    return;
  if (*first == *second)
    return op.problem("axes", "names an axis twice", "name each axis once");
  Axes order = llvm::to_vector(llvm::seq<int64_t>(rank));
  std::swap(order[*first], order[*second]);
  auto flipped = [](Term t, Axes axes) {
    llvm::sort(axes);
    return Term{t.builder, graph::ReverseOp::create(*t.builder, t.value, axes)};
  };
  switch (((turns % 4) + 4) % 4) {
  case 0: return op.result(x);
  case 1: return op.result(transposed(flipped(x, {*second}), order));
  case 2: return op.result(flipped(x, {*first, *second}));
  default: return op.result(flipped(transposed(x, order), {*second}));
  }
}

template <int64_t axis> void importFlipAxis(Operation &op) {
  Term x = anyTensor(op);
  if (op.ready() && isFixed(op, x, axis, "inbound_nodes"))
    op.result(graph::ReverseOp::create(op.builder, x.value, axis).getResult());
}

//===----------------------------------------------------------------------===//
// Joining and taking apart
//===----------------------------------------------------------------------===//

/// Joins along `axis`, with as many dimensions as that takes at least.
template <int64_t axis> void importStackAlong(Operation &op) {
  SmallVector<Term> terms;
  for (Value value : op.values("xs"))
    terms.push_back(op.number(value));
  if (!op.ready())
    return;
  for (Term &x : terms) {
    while (x.type().getRank() > 0 && x.type().getRank() <= axis)
      x = expanded(x, x.type().getRank());
    if (x.type().getRank() == 0 || !isFixed(op, x, axis, "inbound_nodes"))
      return op.ready() ? op.problem("inbound_nodes", "cannot join scalars") : void();
  }
  SmallVector<Value> values = llvm::map_to_vector(terms, [](Term x) { return x.value; });
  op.result(op.layer.create<graph::ConcatenateOp>(ValueRange(values), axis));
}

void importAppend(Operation &op) {
  Term x = op.number("x1"), y = op.number("x2");
  if (!op.ready())
    return;
  if (!op.find("axis"))
    return op.problem("axis", "axis=None flattens the batch", "name an axis");
  std::optional<int64_t> axis = op.oneAxis("axis", x.type().getRank());
  if (axis && isFixed(op, x, *axis, "axis"))
    op.result(op.layer.create<graph::ConcatenateOp>(ValueRange({x.value, y.value}), *axis));
}

void importUnstack(Operation &op) {
  Term x = anyTensor(op);
  if (!op.ready())
    return;
  std::optional<int64_t> axis = op.oneAxis("axis", x.type().getRank(), 0);
  if (!axis || !isFixed(op, x, *axis, "axis"))
    return;
  int64_t extent = x.type().getDimSize(*axis);
  if (op.find("num") && op.positive("num") != extent)
    op.problem("num", fmt::format("the axis has {} elements", extent));
  for (int64_t i = 0; op.ready() && i < extent; ++i)
    op.result(squeezed(part(x, *axis, i, i + 1), {*axis}));
}

/// `indices_or_sections` parts that differ by one element at most, or parts between indices, of
/// which some may be empty in NumPy, and none here.
void split(Operation &op, std::optional<int64_t> axis) {
  Config::Integers given = op.integers("indices_or_sections");
  const Json *sections = op.find("indices_or_sections");
  Term x = anyTensor(op);
  if (!op.ready())
    return;
  if (!axis)
    axis = op.oneAxis("axis", x.type().getRank(), 0);
  if (!axis || !isFixed(op, x, *axis, "axis"))
    return;
  int64_t extent = x.type().getDimSize(*axis);
  SmallVector<int64_t> ends;
  if (given.empty())
    return op.problem("indices_or_sections", "there are none");
  if (sections->is_number())
    for (int64_t i = 0, n = given.front(), end = 0; i < n && n <= extent; ++i)
      ends.push_back(end += extent / n + (i < extent % n ? 1 : 0));
  else
    ends.assign(given.begin(), given.end()), ends.push_back(extent);
  bool uneven = sections->is_number() && op.name != "ArraySplit" && given.front() > 0 &&
                extent % given.front() != 0;
  int64_t start = 0;
  if (ends.empty() || uneven)
    return op.problem("indices_or_sections",
                      fmt::format("{} elements do not split into {}", extent, given.front()));
  for (int64_t end : ends) {
    if (end <= start || end > extent)
      return op.problem(
          "indices_or_sections",
          fmt::format("({}) do not increase from 1 to below {}", fmt::join(given, ", "), extent));
    op.result(part(x, *axis, std::exchange(start, end), end));
  }
}

void importSplit(Operation &op) { split(op, std::nullopt); }
template <int64_t axis> void importSplitAlong(Operation &op) { split(op, axis); }

//===----------------------------------------------------------------------===//
// Parts
//===----------------------------------------------------------------------===//

/// `start_indices`, which must be constant.
std::optional<Config::Integers> startsOf(Operation &op, Term x) {
  Config::Integers starts = op.integers("start_indices");
  if (!op.ready())
    return std::nullopt;
  if (static_cast<int64_t>(starts.size()) == x.type().getRank() &&
      llvm::all_of(starts, [](int64_t start) { return start >= 0; }) &&
      (x.type().hasStaticShape() || starts.front() == 0))
    return starts;
  op.problem("start_indices",
             fmt::format("({}) are no places in {}", fmt::join(starts, ", "), shapeOf(x.value)),
             "give one number a dimension, and 0 for the batch");
  return std::nullopt;
}

void importSlice(Operation &op) {
  Term x{&op.builder, op.value("inputs")};
  Config::Integers sizes = op.integers("shape");
  auto starts = op.ready() ? startsOf(op, x) : std::nullopt;
  if (!starts)
    return;
  if (sizes.size() != starts->size())
    return op.problem("shape", "shape must have one number a dimension");
  for (auto [i, start, size] : llvm::enumerate(*starts, sizes)) {
    auto d = static_cast<int64_t>(i);
    if (x.type().isDynamicDim(d)) {
      if (size != -1)
        return op.problem("shape", "takes samples out of the batch, which is not supported",
                          "give -1 for the first dimension");
      continue;
    }
    int64_t extent = x.type().getDimSize(d), end = size == -1 ? extent : start + size;
    if (end > extent || end <= start)
      return op.problem("shape", fmt::format("{} elements from {} on are not in {}", size, start,
                                             shapeOf(x.value)));
    x = part(x, d, start, end);
  }
  op.result(x);
}

/// `x` with `updates` in place of the part that begins at `low`; of dimensions before `d`, that
/// part is all that `x` has.
Term replaced(Term x, Term updates, ArrayRef<int64_t> low, int64_t d) {
  if (d == x.type().getRank())
    return updates;
  int64_t extent = x.type().getDimSize(d), begin = low[d],
          end = begin + updates.type().getDimSize(d);
  if (x.type().isDynamicDim(d) || (begin == 0 && end == extent))
    return replaced(x, updates, low, d + 1);
  SmallVector<Value> parts;
  if (begin > 0)
    parts.push_back(part(x, d, 0, begin).value);
  parts.push_back(replaced(part(x, d, begin, end), updates, low, d + 1).value);
  if (end < extent)
    parts.push_back(part(x, d, end, extent).value);
  return {x.builder, graph::ConcatenateOp::create(*x.builder, parts, static_cast<uint64_t>(d))};
}

void importSliceUpdate(Operation &op) {
  Term x = op.number("inputs"), updates = op.number("updates");
  auto starts = op.ready() ? startsOf(op, x) : std::nullopt;
  if (!starts)
    return;
  int64_t rank = x.type().getRank();
  if (updates.type().getRank() != rank)
    return op.problem("updates", "must have as many dimensions as the whole");
  for (int64_t d = 0; d < rank; ++d) {
    bool open = x.type().isDynamicDim(d);
    if (open != updates.type().isDynamicDim(d) ||
        (!open && (*starts)[d] + updates.type().getDimSize(d) > x.type().getDimSize(d)))
      return op.problem("updates", fmt::format("{} do not fit into {}", shapeOf(updates.value),
                                               shapeOf(x.value)));
  }
  op.result(replaced(x, updates, *starts, 0));
}

//===----------------------------------------------------------------------===//
// Rearrange
//===----------------------------------------------------------------------===//

/// "b (h w) c" as groups of names; nothing when it is none.
std::optional<std::vector<std::vector<std::string>>> groupsOf(StringRef side) {
  std::vector<std::vector<std::string>> groups;
  bool inside = false;
  while (!(side = side.ltrim()).empty()) {
    if (side.consume_front("(")) {
      if (std::exchange(inside, true))
        return std::nullopt;
      groups.emplace_back();
    } else if (side.consume_front(")")) {
      if (!std::exchange(inside, false))
        return std::nullopt;
    } else {
      StringRef name = side.take_while([](char c) { return llvm::isAlnum(c) || c == '_'; });
      if (name.empty())
        return std::nullopt;
      side = side.drop_front(name.size());
      if (!inside)
        groups.emplace_back();
      groups.back().push_back(name.str());
    }
  }
  return inside ? std::nullopt : std::optional(groups);
}

void importRearrange(Operation &op) {
  const Json *pattern = op.find("pattern");
  Term x{&op.builder, op.value("tensor")};
  if (op.ready() && (!pattern || !pattern->is_string()))
    op.problem("pattern", "the pattern is missing");
  if (!op.ready())
    return;
  std::string text = pattern->get<std::string>();
  auto refuse = [&] {
    op.problem("pattern", fmt::format("'{}' cannot rearrange {}", text, shapeOf(x.value)),
               "name each dimension once on both sides, and give the sizes that are not known");
  };
  auto [left, right] = StringRef(text).split("->");
  auto from = groupsOf(left), to = groupsOf(right);
  if (!from || !to || static_cast<int64_t>(from->size()) != x.type().getRank())
    return refuse();
  std::vector<std::string> names;
  SmallVector<int64_t> extents, order, result;
  for (auto [group, extent] : llvm::zip_equal(*from, x.type().getShape())) {
    int64_t known = 1, *open = nullptr;
    size_t first = extents.size();
    extents.resize(first + group.size(), 0);
    for (auto [i, name] : llvm::enumerate(group)) {
      names.push_back(name);
      int64_t &size = extents[first + i];
      if (group.size() == 1)
        size = extent;
      else if (op.find(name))
        known *= size = op.positive(name);
      else if (!open)
        open = &size;
      else
        return refuse();
    }
    if (group.size() == 1) {
      (void)op.find(names.back());
      continue;
    }
    if (ShapedType::isDynamic(extent) || known == 0 || (open && extent % known) ||
        (!open && known != extent))
      return refuse();
    if (open)
      *open = extent / known;
  }
  for (const auto &group : *to) {
    int64_t extent = 1;
    for (const std::string &name : group) {
      auto found = llvm::find(names, name);
      if (found == names.end() || llvm::is_contained(order, found - names.begin()))
        return refuse();
      int64_t size = extents[found - names.begin()];
      order.push_back(found - names.begin());
      if (ShapedType::isDynamic(size) && (group.size() > 1 || order.size() > 1))
        return refuse();
      extent = ShapedType::isDynamic(size) ? size : extent * size;
    }
    result.push_back(extent);
  }
  if (order.size() != names.size())
    return refuse();
  op.result(reshape(transposed(reshape(x, extents), order), result));
}

} // namespace

static constexpr OperationEntry table[] = {
    {"Append", importAppend, "x1 x2"},
    {"ArraySplit", importSplit},
    {"Dsplit", importSplitAlong<2>},
    {"Dstack", importStackAlong<2>, "xs"},
    {"Fliplr", importFlipAxis<1>},
    {"Flipud", importFlipAxis<0>},
    {"Hsplit", importSplitAlong<1>},
    {"Hstack", importStackAlong<1>, "xs"},
    {"Moveaxis", importMoveaxis},
    {"Rearrange", importRearrange, "tensor pattern"},
    {"Rot90", importRot90, "array"},
    {"Slice", importSlice, "inputs start_indices"},
    {"SliceUpdate", importSliceUpdate, "inputs start_indices updates"},
    {"Split", importSplit},
    {"Unstack", importUnstack},
    {"Vsplit", importSplitAlong<0>},
    {"Vstack", importStackAlong<0>, "xs"},
};

llvm::ArrayRef<OperationEntry> placingOperations() { return table; }

} // namespace hornet::import
