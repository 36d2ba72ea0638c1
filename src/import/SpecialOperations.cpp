// keras.ops: one element at a time, by longer formulas; and numbers that stand for whole ones.

#include "import/Operation.h"

#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <numbers>

using namespace mlir;

namespace hornet::import {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

Term polynomial(Term x, ArrayRef<double> fromHighest) {
  Term y = x.scalar(fromHighest.front());
  for (double c : fromHighest.drop_front())
    y = y * x + c;
  return y;
}

Term isNumber(Term x) { return equals(x, x); }

/// The other leg of a right triangle in the unit circle.
Term leg(Term x) { return sqrt((1 - x) * (x + 1)); }

/// M. Giles, "Approximating the erfinv function", GPU Computing Gems, 2010: in float32, by the size
/// of w = -ln(1 - x^2).
Term erfinv(Term x) {
  Term w = -log1p(-(x * x));
  Term middle = polynomial(min(w, 5.0) - 2.5, {2.81022636e-08, 3.43273939e-07, -3.5233877e-06,
                                               -4.39150654e-06, 0.00021858087, -0.00125372503,
                                               -0.00417768164, 0.246640727, 1.50140941});
  Term tail = polynomial(sqrt(clip(w, 5, 100)) - 3,
                         {-0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844,
                          0.00573950773, -0.0076224613, 0.00943887047, 1.00167406, 2.83297682});
  return where(equals(abs(x), 1), x * infinity, where(w < 5, middle, tail) * x);
}

/// M. Abramowitz and I. Stegun, "Handbook of Mathematical Functions", 9.8.1 and 9.8.2.
Term besselI0(Term x) {
  Term size = abs(x), t = size * (1 / 3.75);
  Term small = polynomial(min(t * t, 1),
                          {0.0045813, 0.0360768, 0.2659732, 1.2067492, 3.0899424, 3.5156229, 1});
  Term large = max(size, 3.75);
  Term tail =
      polynomial(3.75 / large, {0.00392377, -0.01647633, 0.02635537, -0.02057706, 0.00916281,
                                -0.00157565, 0.00225319, 0.01328592, 0.39894228});
  return where(size <= 3.75, small, exp(large) * tail / sqrt(large));
}

Term fmax(Term x, Term y) { return where(isNumber(x), where(isNumber(y), max(x, y), x), y); }
Term fmin(Term x, Term y) { return where(isNumber(x), where(isNumber(y), min(x, y), x), y); }

//===----------------------------------------------------------------------===//
// Bits
//===----------------------------------------------------------------------===//

/// Float32 holds whole numbers of 24 bits, which are taken apart; what is below the last one is the
/// sign. `f` combines bits that are 0 or 1.
template <Term (*f)(Term, Term)> Term bitwise(Term x, Term y) {
  auto bit = [](Term x, double weight) {
    auto floor = [](Term t) { return graph::apply<graph::FloorOp>(t); };
    Term above = floor(x * (1 / weight));
    return above - floor(above * 0.5) * 2;
  };
  Term sign = f(indicator(x < 0), indicator(y < 0));
  Term result = sign * -0x1p24;
  for (double weight = 1; weight < 0x1p24; weight *= 2)
    result = result + f(bit(x, weight), bit(y, weight)) * weight;
  return result;
}

Term bothBits(Term p, Term q) { return p * q; }
Term anyBit(Term p, Term q) { return max(p, q); }
Term oneBit(Term p, Term q) { return abs(p - q); }

/// Of conditions, they are the logical operations.
template <Term (*f)(Term, Term)> void importBitwise(Operation &op) {
  Value x = op.value("x"), y = op.value("y");
  Term left = op.number(x), right = op.number(y);
  if (!op.ready() || !op.broadcasts({left, right}))
    return;
  bool truths = left.value != x && right.value != y;
  op.result(truths ? f(left, right) > 0.5 : bitwise<f>(left, right));
}

void importBitwiseNot(Operation &op) {
  Value x = op.value("x");
  Term number = op.number(x);
  if (op.ready())
    op.result(number.value != x ? number < 0.5 : -1 - number);
}

template <int direction> void importShift(Operation &op) {
  Term x = op.number("x"), y = op.number("y");
  if (!op.ready() || !op.broadcasts({x, y}))
    return;
  Term shifted = x * pow(2, y * double(direction));
  op.result(direction > 0 ? shifted : graph::apply<graph::FloorOp>(shifted));
}

//===----------------------------------------------------------------------===//
// Choosing
//===----------------------------------------------------------------------===//

/// The first of `choicelist` whose condition is true.
void importSelect(Operation &op) {
  SmallVector<Value> conditions = op.values("condlist"), choices = op.values("choicelist");
  Term result = op.find("default") ? op.number("default") : Term{&op.builder, op.layer.scalar(0)};
  if (op.ready() && conditions.size() != choices.size())
    op.problem("choicelist",
               fmt::format("{} conditions, but {} choices", conditions.size(), choices.size()));
  if (!op.ready())
    return;
  for (auto [condition, choice] : llvm::reverse(llvm::zip_equal(conditions, choices))) {
    Term p = op.truth(condition), x = op.number(choice);
    if (!op.broadcasts({p, x, result}))
      return;
    result = where(p, x, result);
  }
  op.result(result);
}

void importAllClose(Operation &op) {
  double relative = op.Config::number("rtol", 1e-5), absolute = op.Config::number("atol", 1e-8);
  bool nan = op.flag("equal_nan", false);
  Term x = op.number("x1"), y = op.number("x2");
  if (!op.ready() || !op.broadcasts({x, y}))
    return;
  Term near = indicator(abs(x - y) <= abs(y) * relative + absolute);
  Term close = where(equals(x, y), 1.0, near);
  if (nan)
    close = where(isNumber(x), close, where(isNumber(y), close, 1.0));
  Axes all = llvm::to_vector(llvm::seq<int64_t>(close.type().getRank()));
  Term least = -Term{&op.builder, graph::ReduceMaxOp::create(op.builder, (-close).value, all)};
  op.result(least > 0.5);
}

void importStopGradient(Operation &op) {
  Term x = op.number("variable");
  if (op.ready())
    op.result(graph::apply<graph::StopGradientOp>(x));
}

//===----------------------------------------------------------------------===//
// Made of constants
//===----------------------------------------------------------------------===//

/// What Array and View leave as it is.
void importSame(Operation &op) {
  Value x = op.value("x");
  if (op.find("dtype"))
    return callOperation(op.layer, *findOperation("Cast"),
                         {{"x", *op.find("x")}, {"dtype", *op.find("dtype")}});
  if (op.ready())
    op.result(x);
}

void importFull(Operation &op) {
  Config::Integers shape = op.positives(
      "shape", op.find("shape") && op.find("shape")->is_array() ? op.find("shape")->size() : 1);
  (void)op.find("dtype");
  Term value = op.number("fill_value");
  if (!op.ready() || !op.layer.fits(shape))
    return;
  Term ones{&op.builder, op.layer.splat(shape, 1)};
  if (op.broadcasts({value, ones}))
    op.result(broadcastTo(value, ones));
}

void importNdim(Operation &op) {
  Value x = op.value("x");
  if (op.ready())
    op.result(op.layer.scalar(static_cast<double>(toShape(x).size())));
}

void importSize(Operation &op) {
  Term x = op.number("x");
  if (!op.ready())
    return;
  double count = 1;
  Term size = x.scalar(1);
  for (auto [i, extent] : llvm::enumerate(x.type().getShape()))
    if (ShapedType::isDynamic(extent))
      size = {&op.builder, graph::ExtentOp::create(
                               op.builder, RankedTensorType::get({}, op.builder.getF32Type()),
                               x.value, static_cast<int64_t>(i))};
    else
      count *= static_cast<double>(extent);
  op.result(size * count);
}

/// start + i * (stop - start) / n, along a new axis.
std::optional<Term> evenly(Operation &op, Term start, Term stop) {
  int64_t count = op.positive("num", 50);
  bool endpoint = op.flag("endpoint", true);
  (void)op.find("dtype");
  if (!op.ready() || !op.broadcasts({start, stop}))
    return std::nullopt;
  Term both = start + stop * 0;
  int64_t rank = both.type().getRank();
  std::optional<int64_t> axis = op.oneAxis("axis", rank + 1, 0);
  if (axis && *axis == 0 && !both.type().hasStaticShape())
    op.problem("axis", "a dimension before the batch is not supported", "name another axis");
  if (!axis || !op.ready())
    return std::nullopt;
  Term step = (stop - start) * (1.0 / std::max<double>(double(count) - (endpoint ? 1 : 0), 1));
  if (op.name == "Linspace" && op.flag("retstep", false))
    op.problem("retstep", "retstep=True is not supported", "compute the step by itself");
  SmallVector<int64_t> shape(both.type().getShape());
  shape.insert(shape.begin() + *axis, count);
  if (!op.layer.fits(shape))
    return std::nullopt;
  Term places = alongDimension(op.count(count), *axis, rank + 1);
  return expanded(both, *axis) + expanded(step + both * 0, *axis) * places;
}

void importLinspace(Operation &op) {
  Term start = op.number("start"), stop = op.number("stop");
  if (!op.ready())
    return;
  if (std::optional<Term> result = evenly(op, start, stop); result && op.ready())
    op.result(*result);
}

void importLogspace(Operation &op) {
  double base = op.Config::number("base", 10);
  Term start = op.number("start"), stop = op.number("stop");
  if (!op.ready())
    return;
  if (std::optional<Term> exponents = evenly(op, start, stop))
    op.result(pow(base, *exponents));
}

} // namespace

static constexpr OperationEntry table[] = {
    {"AllClose", importAllClose, "x1 x2"},
    {"Arccos", numeric<[](Term x) { return atan2(leg(x), x); }>},
    {"Arcsin", numeric<[](Term x) { return atan2(x, leg(x)); }>},
    {"Arctan", numeric<[](Term x) { return atan2(x, 1); }>},
    {"Arctan2", numeric2<graph::atan2>, "x1 x2"},
    {"Array", importSame, "x dtype"},
    {"BitwiseAnd", importBitwise<bothBits>, "x y"},
    {"BitwiseInvert", importBitwiseNot},
    {"BitwiseLeftShift", importShift<1>, "x y"},
    {"BitwiseNot", importBitwiseNot},
    {"BitwiseOr", importBitwise<anyBit>, "x y"},
    {"BitwiseRightShift", importShift<-1>, "x y"},
    {"BitwiseXor", importBitwise<oneBit>, "x y"},
    {"Erfinv", numeric<erfinv>},
    {"Fmax", numeric2<fmax>, "x1 x2"},
    {"Fmin", numeric2<fmin>, "x1 x2"},
    {"Full", importFull, "fill_value"},
    {"I0", numeric<besselI0>},
    {"Isreal", numeric<[](Term x) { return broadcastTo(x.scalar(1), x) > 0.5; }>},
    {"LeftShift", importShift<1>, "x y"},
    {"Linspace", importLinspace, "start stop"},
    {"Logspace", importLogspace, "start stop"},
    {"Ndim", importNdim},
    {"RightShift", importShift<-1>, "x y"},
    {"Select", importSelect, "condlist choicelist default"},
    {"Size", importSize},
    {"StopGradient", importStopGradient, "variable"},
};

llvm::ArrayRef<OperationEntry> specialOperations() { return table; }

} // namespace hornet::import
