// keras.ops: elements several times, or with a border around them.

#include "import/Operation.h"

#include <fmt/format.h>

using namespace mlir;

namespace hornet::import {
namespace {

Term anyTensor(Operation &op) { return {&op.builder, op.value("x")}; }

/// x as numbers, changed by `f`, and as conditions again if it was of them.
template <class F> Term asNumbers(Operation &op, Term x, F f) {
  Term numbers = op.number(x.value);
  Term y = f(numbers);
  return numbers.value == x.value ? y : y > 0.5;
}

bool isBatch(Term x, int64_t d) { return x.type().isDynamicDim(d); }

/// Dimension `d`, `count` times: each element beside itself, or the whole after itself.
Term repeated(Operation &op, Term x, int64_t d, int64_t count, bool each) {
  SmallVector<int64_t> split(x.type().getShape()), ones(split.size() + 1, 1), merged = split;
  split.insert(split.begin() + d + (each ? 1 : 0), 1);
  ones[d + (each ? 1 : 0)] = count;
  merged[d] *= count;
  if (count == 1 || !op.layer.fits(merged))
    return x;
  Term many = reshape(x, split) * Term{&op.builder, op.layer.splat(ones, 1)};
  return reshape(many, merged);
}

void importTile(Operation &op) {
  Config::Integers repeats = op.integers("repeats");
  Term x = anyTensor(op);
  if (!op.ready())
    return;
  auto rank = static_cast<size_t>(x.type().getRank());
  if (repeats.size() > rank)
    return op.problem("repeats",
                      fmt::format("{} numbers for the {} dimensions of {}", repeats.size(), rank,
                                  shapeOf(x.value)),
                      "give one number for each dimension");
  repeats.insert(repeats.begin(), rank - repeats.size(), 1);
  for (auto [d, count] : llvm::enumerate(repeats))
    if (count < 1 || (count > 1 && isBatch(x, static_cast<int64_t>(d))))
      return op.problem("repeats", count < 1 ? fmt::format("{} is not positive", count)
                                             : "samples of a batch cannot be repeated");
  op.result(asNumbers(op, x, [&](Term y) {
    for (auto [d, count] : llvm::enumerate(repeats))
      y = repeated(op, y, static_cast<int64_t>(d), count, false);
    return y;
  }));
}

void importRepeat(Operation &op) {
  Config::Integers repeats = op.integers("repeats");
  Term x = anyTensor(op);
  if (!op.ready())
    return;
  if (!op.find("axis"))
    return op.problem("axis", "axis=None flattens the batch", "name an axis");
  std::optional<int64_t> axis = op.oneAxis("axis", x.type().getRank());
  if (!axis)
    return;
  if (isBatch(x, *axis))
    return op.problem("axis", "samples of a batch cannot be repeated", "name another axis");
  int64_t extent = x.type().getDimSize(*axis);
  if (llvm::any_of(repeats, [](int64_t count) { return count < 0 || count > 1 << 20; }) ||
      (repeats.size() != 1 && static_cast<int64_t>(repeats.size()) != extent) ||
      llvm::all_of(repeats, [](int64_t count) { return count == 0; }))
    return op.problem("repeats", fmt::format("({}) are no counts for {} elements",
                                             fmt::join(repeats, ", "), extent));
  if (repeats.size() == 1)
    return op.result(
        asNumbers(op, x, [&](Term y) { return repeated(op, y, *axis, repeats.front(), true); }));
  SmallVector<int64_t> indices;
  for (auto [i, count] : llvm::enumerate(repeats))
    indices.append(count, static_cast<int64_t>(i));
  op.result(taken(x, *axis, indices));
}

void importRoll(Operation &op) {
  Config::Integers shifts = op.integers("shift");
  Term x = anyTensor(op);
  if (!op.ready())
    return;
  if (!op.find("axis"))
    return op.problem("axis", "axis=None rolls samples into each other", "name an axis");
  Config::Integers axes = op.integers("axis");
  if (axes.size() != shifts.size() && shifts.size() != 1)
    return op.problem("shift", fmt::format("{} shifts for {} axes", shifts.size(), axes.size()));
  for (auto [i, given] : llvm::enumerate(axes)) {
    std::optional<int64_t> d = op.layer.axis("axis", given, x.type().getRank());
    if (!d)
      return;
    if (isBatch(x, *d))
      return op.problem("axis", "samples of a batch cannot be rolled", "name another axis");
    int64_t extent = x.type().getDimSize(*d);
    int64_t shift = shifts[shifts.size() == 1 ? 0 : i] % extent;
    int64_t start = extent - (shift < 0 ? shift + extent : shift);
    if (start != extent)
      x = joined({part(x, *d, start, extent), part(x, *d, 0, start)}, *d);
  }
  op.result(x);
}

//===----------------------------------------------------------------------===//
// Padding
//===----------------------------------------------------------------------===//

/// Which element of `extent` stands at place `i`, counted from the first one.
using Mirror = int64_t (*)(int64_t i, int64_t extent);

int64_t modulo(int64_t i, int64_t n) { return ((i % n) + n) % n; }

struct Mode {
  std::string_view name;
  Mirror mirror;
};
constexpr Mode modes[] = {
    {"constant", nullptr},
    {"edge", [](int64_t i, int64_t n) { return std::clamp<int64_t>(i, 0, n - 1); }},
    {"reflect",
     [](int64_t i, int64_t n) {
       int64_t j = modulo(i, std::max<int64_t>(2 * n - 2, 1));
       return j < n ? j : 2 * n - 2 - j;
     }},
    {"symmetric",
     [](int64_t i, int64_t n) {
       int64_t j = modulo(i, 2 * n);
       return j < n ? j : 2 * n - 1 - j;
     }},
    {"wrap", modulo},
};

/// pad_width: one number for all, a pair for all, or a pair a dimension.
std::optional<SmallVector<Config::Border>> bordersOf(Operation &op, size_t rank) {
  SmallVector<Config::Border> borders;
  const Json *given = op.find("pad_width");
  auto number = [](const Json &json) -> int64_t {
    return json.is_number_integer() && json >= 0 && json < largestInteger ? json.get<int64_t>()
                                                                          : -1;
  };
  auto pair = [&](const Json &json) -> Config::Border {
    if (!json.is_array())
      return {number(json), number(json)};
    if (json.size() == 1)
      return {number(json[0]), number(json[0])};
    return json.size() == 2 ? Config::Border{number(json[0]), number(json[1])}
                            : Config::Border{-1, -1};
  };
  bool each = given && given->is_array() && !given->empty() && given->front().is_array();
  if (each)
    for (const Json &entry : *given)
      borders.push_back(pair(entry));
  else if (given)
    borders.push_back(pair(*given));
  if (borders.size() == 1)
    borders.resize(rank, borders.front());
  if (borders.size() == rank &&
      llvm::all_of(borders, [](auto b) { return b.first >= 0 && b.second >= 0; }))
    return borders;
  op.problem("pad_width",
             fmt::format("pad_width must have two numbers for each of {} dimensions, got {}", rank,
                         given ? given->dump() : "nothing"));
  return std::nullopt;
}

void importPad(Operation &op) {
  const Json *given = op.find("mode");
  std::string word =
      given && given->is_string() ? StringRef(given->get<std::string>()).lower() : "constant";
  auto mode = llvm::find_if(modes, [&](const Mode &each) { return each.name == word; });
  if (mode == std::end(modes))
    op.problem("mode", fmt::format("the padding mode {} is not supported", describe(*given)),
               "use constant, reflect, symmetric, edge or wrap");
  double value = op.find("constant_values") ? op.Config::number("constant_values") : 0;
  Term x = op.number("x");
  if (!op.ready())
    return;
  int64_t rank = x.type().getRank();
  auto borders = bordersOf(op, rank);
  if (!borders)
    return;
  SmallVector<int64_t> low, high;
  for (auto [d, border] : llvm::enumerate(*borders)) {
    low.push_back(border.first), high.push_back(border.second);
    if ((border.first || border.second) && isBatch(x, static_cast<int64_t>(d)))
      return op.problem("pad_width", "samples cannot be added to a batch",
                        "give (0, 0) for the first dimension");
  }
  if (!mode->mirror)
    return op.result(op.layer.create<graph::PadOp>(x.value, op.builder.getDenseI64ArrayAttr(low),
                                                   op.builder.getDenseI64ArrayAttr(high),
                                                   op.builder.getF64FloatAttr(value)));
  for (int64_t d = 0; d < rank; ++d) {
    int64_t extent = x.type().getDimSize(d);
    if (low[d] + high[d] == 0 || !op.layer.fits({extent, low[d] + high[d]}))
      continue;
    SmallVector<int64_t> indices;
    for (int64_t i = -low[d]; i < extent + high[d]; ++i)
      indices.push_back(mode->mirror(i, extent));
    x = taken(x, d, indices);
  }
  op.result(x);
}

void importBroadcastTo(Operation &op) {
  Config::Integers shape = op.integers("shape");
  Term x = anyTensor(op);
  if (!op.ready())
    return;
  if (!x.type().hasStaticShape())
    return op.problem("shape", "the size of the batch is not known",
                      "add zeros of the wanted shape instead");
  if (llvm::any_of(shape, [](int64_t extent) { return extent < 1; }) || !op.layer.fits(shape))
    return op.problem("shape", "the sizes must be positive");
  op.result(asNumbers(op, x, [&](Term y) {
    Term ones{&op.builder, op.layer.splat(shape, 1)};
    return op.broadcasts({y, ones}) ? y * ones : y;
  }));
}

} // namespace

static constexpr OperationEntry table[] = {
    {"BroadcastTo", importBroadcastTo},
    {"Pad", importPad, "x constant_values"},
    {"Repeat", importRepeat},
    {"Roll", importRoll},
    {"Tile", importTile},
};

llvm::ArrayRef<OperationEntry> repeatingOperations() { return table; }

} // namespace hornet::import
