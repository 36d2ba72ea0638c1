// keras.ops: one element at a time. Each is a formula.

#include "import/Operation.h"

#include <cmath>
#include <limits>
#include <numbers>

using namespace mlir;

namespace hornet::import {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

template <Term (*f)(Term)> void logical(Operation &op) {
  Term x = op.truth("x");
  if (op.ready())
    op.result(f(x));
}

template <Term (*f)(Term, Term)> void logical2(Operation &op) {
  Term x = op.truth("x1"), y = op.truth("x2");
  if (op.ready() && op.broadcasts({x, y}))
    op.result(f(x, y));
}

//===----------------------------------------------------------------------===//
// Formulas
//===----------------------------------------------------------------------===//

Term negated(Term p) { return indicator(p) < 0.5; }
Term isNan(Term x) {
  return {x.builder, graph::CompareOp::create(*x.builder, graph::Comparison::ne, x.value, x.value)};
}
Term notEqual(Term x, Term y) {
  return {x.builder, graph::CompareOp::create(*x.builder, graph::Comparison::ne, x.value, y.value)};
}
Term floor(Term x) { return graph::apply<graph::FloorOp>(x); }
Term trunc(Term x) { return graph::apply<graph::TruncOp>(x); }

/// As NumPy rounds: towards minus infinity, and the rest has the divisor's sign.
Term floorDivide(Term x, Term y) { return floor(x / y); }
Term mod(Term x, Term y) { return x - floor(x / y) * y; }
Term fmod(Term x, Term y) { return x - trunc(x / y) * y; }

Term sinh(Term x) {
  Term e = expm1(abs(x));
  return sign(x) * (e + e / (e + 1)) * 0.5;
}
Term arcsinh(Term x) {
  Term size = abs(x);
  return sign(x) * log1p(size + size * size / (sqrt(size * size + 1) + 1));
}
Term arctanh(Term x) { return (log1p(x) - log1p(-x)) * 0.5; }
Term cbrt(Term x) { return sign(x) * pow(abs(x), 1.0 / 3); }
Term sinc(Term x) {
  Term y = x * std::numbers::pi;
  return where(equals(y, 0), 1.0, sin(y) / where(equals(y, 0), 1.0, y));
}
/// ln(e^x + e^y), without overflow.
Term logAddExp(Term x, Term y) { return max(x, y) + log1p(exp(-abs(x - y))); }

void importPower(Operation &op) {
  Term x = op.number("x1"), y = op.number("x2");
  const Json *exponent = op.find("x2");
  if (!op.ready() || !op.broadcasts({x, y}))
    return;
  double power = exponent && exponent->is_number() ? exponent->get<double>() : 0;
  if (power == 2)
    return op.result(graph::square(x));
  if (power == 0.5)
    return op.result(sqrt(x));
  op.result(pow(x, y));
}

void importClip(Operation &op) {
  Term x = op.number("x");
  for (auto [key, isLow] : {std::pair("x_min", true), {"x_max", false}})
    if (op.ready() && op.find(key)) {
      Term bound = op.number(key);
      if (!op.ready() || !op.broadcasts({x, bound}))
        return;
      x = isLow ? max(x, bound) : min(x, bound);
    }
  if (op.ready())
    op.result(x);
}

void importRound(Operation &op) {
  double factor = std::pow(10.0, op.Config::number("decimals", 0));
  Term x = op.number("x");
  if (!op.ready())
    return;
  if (factor == 1)
    return op.result(graph::apply<graph::RoundOp>(x));
  op.result(graph::apply<graph::RoundOp>(x * factor) / factor);
}

void importNanToNum(Operation &op) {
  constexpr double most = std::numeric_limits<float>::max();
  double nan = op.Config::number("nan", 0), above = op.Config::number("posinf", most);
  double below = op.Config::number("neginf", -most);
  Term x = op.number("x");
  if (op.ready())
    op.result(where(isNan(x), nan, where(x > most, above, where(x < -most, below, x))));
}

void importIsclose(Operation &op) {
  double relative = op.Config::number("rtol", 1e-5), absolute = op.Config::number("atol", 1e-8);
  Term x = op.number("x1"), y = op.number("x2");
  bool nan = op.flag("equal_nan", false);
  if (!op.ready() || !op.broadcasts({x, y}))
    return;
  Term near = where(abs(x - y) <= abs(y) * relative + absolute, x.scalar(1), 0);
  Term close = where(equals(x, y), 1.0, near);
  if (nan)
    close = where(isNan(x), indicator(isNan(y)), close);
  op.result(close > 0.5);
}

/// Rounded to `bits` of the significand, as a float of 16 bits has them: what x * 2^k makes of the
/// last bits goes away again (Veltkamp's splitting).
Term rounded(Term x, int bits, double most) {
  Term scaled = x * (std::ldexp(1.0, 24 - bits) + 1);
  Term y = scaled - (scaled - x);
  return where(abs(x) > most, sign(x) * infinity, y);
}

} // namespace

/// What `dtype` makes of x: whole numbers and conditions are float32 and i1 here.
static void cast(Operation &op, Value x) {
  const Json *given = op.find("dtype");
  std::string dtype = given && given->is_string() ? given->get<std::string>() : "";
  if (dtype.empty() && op.ready())
    return op.problem("dtype", "dtype must be the name of a type");
  if (!op.ready())
    return;
  StringRef name = dtype;
  if (name == "bool")
    return op.result(op.truth(x));
  Term number = op.number(x);
  if (name.starts_with("int") || name.starts_with("uint"))
    return op.result(trunc(number));
  if (name == "float16")
    return op.result(rounded(number, 11, 65519.996));
  if (name == "bfloat16")
    return op.result(rounded(number, 8, 3.3961775e38));
  if (name.starts_with("float"))
    return op.result(number);
  op.problem("dtype", "numbers of type '" + dtype + "' are not supported", "cast to float32");
}

static void importCast(Operation &op) { cast(op, op.value("x")); }

static void importCopy(Operation &op) {
  Value x = op.value("x");
  if (op.find("dtype"))
    return cast(op, x);
  if (op.ready())
    op.result(x);
}

static void importWhere(Operation &op) {
  Term p = op.truth("condition");
  Value x = op.value("x1"), y = op.value("x2");
  if (!op.ready() || !op.broadcasts({p, {&op.builder, x}, {&op.builder, y}}))
    return;
  if (getElementTypeOrSelf(x) != getElementTypeOrSelf(y))
    x = op.number(x).value, y = op.number(y).value;
  op.result(where(p, Term{&op.builder, x}, Term{&op.builder, y}));
}

/// A tensor like x that has one value throughout.
template <int value> static void importLike(Operation &op) {
  Value x = op.value("x");
  const Json *dtype = op.find("dtype");
  if (!op.ready())
    return;
  Term like = op.number(x), filled = broadcastTo(like.scalar(value), like);
  bool isTruth = dtype ? *dtype == "bool" : like.value != x;
  op.result(isTruth ? filled > 0.5 : filled);
}

static void importFullLike(Operation &op) {
  Term like = op.number("x"), value = op.number("fill_value");
  (void)op.find("dtype");
  if (op.ready() && op.broadcasts({like, value}))
    op.result(broadcastTo(value, like));
}

using T = Term;

static constexpr OperationEntry table[] = {
    {"Abs", numeric<graph::abs>},
    {"Absolute", numeric<graph::abs>},
    {"Add", numeric2<graph::operator+ >, "x1 x2"},
    {"Angle", numeric<[](T x) { return where(x < 0, std::numbers::pi, x * 0); }>},
    {"Arccosh", numeric<[](T x) { return log(x + sqrt((x - 1) * (x + 1))); }>},
    {"Arcsinh", numeric<arcsinh>},
    {"Arctanh", numeric<arctanh>},
    {"Cast", importCast, "x dtype"},
    {"Cbrt", numeric<cbrt>},
    {"Ceil", numeric<[](T x) { return graph::apply<graph::CeilOp>(x); }>},
    {"Clip", importClip, "x x_min x_max"},
    {"Conj", importCopy},
    {"Conjugate", importCopy},
    {"ConvertToTensor", importCopy, "x dtype"},
    {"Copy", importCopy},
    {"Cos", numeric<graph::cos>},
    {"Cosh", numeric<[](T x) { return (exp(x) + exp(-x)) * 0.5; }>},
    {"Deg2rad", numeric<[](T x) { return x * (std::numbers::pi / 180); }>},
    {"Divide", numeric2<graph::operator/ >, "x1 x2"},
    {"DivideNoNan",
     numeric2<[](T x, T y) { return where(equals(y, 0), 0.0, x / where(equals(y, 0), 1.0, y)); }>,
     "x1 x2"},
    {"Equal", numeric2<[](T x, T y) { return equals(x, y); }>, "x1 x2"},
    {"Erf", numeric<graph::erf>},
    {"Erfc", numeric<[](T x) { return 1 - erf(x); }>},
    {"Exp", numeric<graph::exp>},
    {"Exp2", numeric<[](T x) { return exp(x * std::numbers::ln2); }>},
    {"Expm1", numeric<graph::expm1>},
    {"Fabs", numeric<graph::abs>},
    {"Floor", numeric<floor>},
    {"FloorDivide", numeric2<floorDivide>, "x1 x2"},
    {"Fmod", numeric2<fmod>, "x1 x2"},
    {"FullLike", importFullLike, "x fill_value dtype"},
    {"Greater", numeric2<[](T x, T y) { return x > y; }>, "x1 x2"},
    {"GreaterEqual", numeric2<[](T x, T y) { return x >= y; }>, "x1 x2"},
    {"Heaviside",
     numeric2<[](T x, T y) { return where(x < 0, 0.0, where(x > 0, 1.0, y + x * 0)); }>, "x1 x2"},
    {"Hypot", numeric2<[](T x, T y) { return sqrt(x * x + y * y); }>, "x1 x2"},
    {"Imag", numeric<[](T x) { return x * 0; }>},
    {"Isclose", importIsclose, "x1 x2 rtol atol"},
    {"Isfinite", numeric<[](T x) { return abs(x) < infinity; }>},
    {"Isinf", numeric<[](T x) { return equals(abs(x), infinity); }>},
    {"Isnan", numeric<isNan>},
    {"Isneginf", numeric<[](T x) { return equals(x, -infinity); }>},
    {"Isposinf", numeric<[](T x) { return equals(x, infinity); }>},
    {"Ldexp", numeric2<[](T x, T y) { return x * exp(y * std::numbers::ln2); }>, "x1 x2"},
    {"Less", numeric2<[](T x, T y) { return x < y; }>, "x1 x2"},
    {"LessEqual", numeric2<[](T x, T y) { return x <= y; }>, "x1 x2"},
    {"Log", numeric<graph::log>},
    {"Log10", numeric<[](T x) { return log(x) * (1 / std::numbers::ln10); }>},
    {"Log1p", numeric<graph::log1p>},
    {"Log2", numeric<[](T x) { return log(x) * (1 / std::numbers::ln2); }>},
    {"Logaddexp", numeric2<logAddExp>, "x1 x2"},
    {"Logaddexp2", numeric2<[](T x, T y) {
       return logAddExp(x * std::numbers::ln2, y * std::numbers::ln2) * (1 / std::numbers::ln2);
     }>,
     "x1 x2"},
    {"LogicalAnd", logical2<[](T p, T q) { return indicator(p) * indicator(q) > 0.5; }>, "x1 x2"},
    {"LogicalNot", logical<negated>},
    {"LogicalOr", logical2<[](T p, T q) { return indicator(p) + indicator(q) > 0.5; }>, "x1 x2"},
    {"LogicalXor", logical2<[](T p, T q) { return notEqual(indicator(p), indicator(q)); }>,
     "x1 x2"},
    {"Maximum", numeric2<graph::max>, "x1 x2"},
    {"Minimum", numeric2<graph::min>, "x1 x2"},
    {"Mod", numeric2<mod>, "x1 x2"},
    {"Multiply", numeric2<graph::operator*>, "x1 x2"},
    {"NanToNum", importNanToNum},
    {"Negative", numeric<graph::operator- >},
    {"NotEqual", numeric2<notEqual>, "x1 x2"},
    {"OnesLike", importLike<1>, "x dtype"},
    {"Power", importPower, "x1 x2"},
    {"Rad2deg", numeric<[](T x) { return x * (180 / std::numbers::pi); }>},
    {"Real", importCopy},
    {"Reciprocal", numeric<[](T x) { return 1 / x; }>},
    {"Round", importRound},
    {"Rsqrt", numeric<graph::rsqrt>},
    {"SaturateCast", importCast, "x dtype"},
    {"Sign", numeric<graph::sign>},
    {"Signbit", numeric<[](T x) { return x < 0; }>},
    {"Sin", numeric<graph::sin>},
    {"Sinc", numeric<sinc>},
    {"Sinh", numeric<sinh>},
    {"Sqrt", numeric<graph::sqrt>},
    {"Square", numeric<graph::square>},
    {"Subtract", numeric2<graph::operator- >, "x1 x2"},
    {"Tan", numeric<[](T x) { return sin(x) / cos(x); }>},
    {"Tanh", numeric<graph::tanh>},
    {"TrueDivide", numeric2<graph::operator/ >, "x1 x2"},
    {"Trunc", numeric<trunc>},
    {"Where", importWhere, "condition x1 x2"},
    {"ZerosLike", importLike<0>, "x dtype"},
};

llvm::ArrayRef<OperationEntry> elementwiseOperations() { return table; }

} // namespace hornet::import
