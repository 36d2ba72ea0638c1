// keras.ops: parts of tensors, by Python's indices.

#include "import/Operation.h"

#include <fmt/format.h>

using namespace mlir;

namespace hornet::import {
namespace {

/// One entry of `x[…]` for one dimension.
struct Range {
  int64_t start, count, step;
};

bool isClass(const Json &json, std::string_view name) {
  return json.is_object() && json.value("class_name", "") == name;
}

/// start:stop:step of an extent, as Python has it; nothing, and reported, when that is no slice.
std::optional<Range> rangeOf(Operation &op, const Json &slice, int64_t extent) {
  Json config = slice.value("config", Json::object());
  auto integer = [&](const char *key, int64_t fallback) -> std::optional<int64_t> {
    Json found = config.is_object() && config.contains(key) ? config[key] : Json();
    if (found.is_null())
      return fallback;
    if (!found.is_number_integer() || std::abs(found.get<double>()) > largestInteger)
      return std::nullopt;
    return found.get<int64_t>();
  };
  std::optional<int64_t> step = integer("step", 1);
  if (!step || *step == 0) {
    op.problem("key", fmt::format("{} is no slice", slice.dump()), "give integers, or nothing");
    return std::nullopt;
  }
  bool forward = *step > 0;
  int64_t low = forward ? 0 : -1, high = forward ? extent : extent - 1;
  // What stands for "from the end" or "to the end" is not counted from the last.
  auto bound = [&](const char *key, int64_t fallback) -> std::optional<int64_t> {
    constexpr int64_t none = largestInteger + 1;
    std::optional<int64_t> given = integer(key, none);
    if (!given || *given == none)
      return given ? std::optional(fallback) : std::nullopt;
    return std::clamp(*given < 0 ? *given + extent : *given, low, high);
  };
  std::optional<int64_t> start = bound("start", forward ? low : high);
  std::optional<int64_t> stop = bound("stop", forward ? high : low);
  if (!start || !stop) {
    op.problem("key", fmt::format("{} is no slice", slice.dump()), "give integers, or nothing");
    return std::nullopt;
  }
  int64_t span = forward ? *stop - *start : *start - *stop;
  int64_t count = span <= 0 ? 0 : static_cast<int64_t>(llvm::divideCeil(span, std::abs(*step)));
  return Range{*start, count, *step};
}

Term select(Term x, int64_t d, Range range) {
  if (range.step == 1)
    return part(x, d, range.start, range.start + range.count);
  SmallVector<int64_t> indices;
  for (int64_t i = 0; i < range.count; ++i)
    indices.push_back(range.start + i * range.step);
  return taken(x, d, indices);
}

bool isWhole(const Json &slice) {
  for (const char *key : {"start", "stop", "step"})
    if (Json config = slice.value("config", Json::object());
        !config.is_object() || (config.contains(key) && !config[key].is_null()))
      return false;
  return true;
}

/// The entries of a key, with as many whole slices as an ellipsis, or what is left out, stands for.
std::optional<std::vector<Json>> entriesOf(Operation &op, const Json &key, int64_t rank) {
  std::vector<Json> given, entries;
  if (key.is_array())
    given.assign(key.begin(), key.end());
  else
    given.push_back(key);
  int64_t dimensions = 0, ellipses = 0;
  for (const Json &entry : given)
    if (isClass(entry, "__ellipsis__"))
      ++ellipses;
    else if (entry.is_number_integer() || isClass(entry, "__slice__"))
      ++dimensions;
    else if (!entry.is_null()) {
      op.problem("key", fmt::format("the index {} is not supported", describe(entry)),
                 "use integers, slices, None and ...");
      return std::nullopt;
    }
  if (ellipses > 1 || dimensions > rank) {
    op.problem("key", fmt::format("{} indices do not fit {} dimensions", dimensions, rank));
    return std::nullopt;
  }
  if (ellipses == 0)
    given.push_back({{"class_name", "__ellipsis__"}});
  for (const Json &entry : given)
    if (isClass(entry, "__ellipsis__"))
      entries.insert(entries.end(), rank - dimensions, Json{{"class_name", "__slice__"}});
    else
      entries.push_back(entry);
  return entries;
}

/// x[key]
void importGetItem(Operation &op) {
  Term x{&op.builder, op.value("x")};
  const Json *key = op.find("key");
  if (!key && op.ready())
    op.problem("key", "the index is missing");
  if (!op.ready())
    return;
  auto entries = entriesOf(op, *key, x.type().getRank());
  if (!entries)
    return;
  bool batchStays =
      x.type().hasStaticShape() ||
      (!entries->empty() && isClass(entries->front(), "__slice__") && isWhole(entries->front()));
  if (!batchStays)
    return op.problem("key", "takes samples out of the batch, which is not supported",
                      "begin the index with ':'");
  int64_t d = 0;
  for (const Json &entry : *entries) {
    if (entry.is_null()) {
      x = expanded(x, d++);
      continue;
    }
    int64_t extent = x.type().getDimSize(d);
    if (entry.is_number_integer()) {
      std::optional<int64_t> index = op.layer.axis("key", entry.get<int64_t>(), extent);
      if (!index)
        return;
      x = squeezed(part(x, d, *index, *index + 1), {d});
      continue;
    }
    if (!isWhole(entry)) {
      std::optional<Range> range = rangeOf(op, entry, extent);
      if (!range)
        return;
      if (range->count == 0)
        return op.problem("key",
                          fmt::format("{} takes nothing of {} elements", entry.dump(), extent));
      x = select(x, d, *range);
    }
    ++d;
  }
  op.result(x);
}

} // namespace

static constexpr OperationEntry table[] = {
    {"GetItem", importGetItem, "x key"},
};

llvm::ArrayRef<OperationEntry> slicingOperations() { return table; }

} // namespace hornet::import
