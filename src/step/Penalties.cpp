#include "step/Penalties.h"

#include "keras/Spec.h"
#include "step/Losses.h"

#include <map>

using namespace mlir;
using namespace hornet::graph;
using hornet::keras::plainName;
using hornet::keras::Spec;

namespace hornet::step {
namespace {

//===----------------------------------------------------------------------===//
// Regularizers
//===----------------------------------------------------------------------===//

Term absoluteSum(Spec &config, std::string_view key, double fallback, Term x) {
  return sumOf(abs(x)) * config.number(key, fallback);
}
Term squaredSum(Spec &config, std::string_view key, double fallback, Term x) {
  return sumOf(square(x)) * config.number(key, fallback);
}

Term l1(Spec &config, Term x) { return absoluteSum(config, "l1", 0.01, x); }
Term l2(Spec &config, Term x) { return squaredSum(config, "l2", 0.01, x); }
Term l1l2(Spec &config, Term x) {
  return absoluteSum(config, "l1", 0, x) + squaredSum(config, "l2", 0, x);
}

/// How far the rows, or the columns, are from being orthogonal.
Term orthogonal(Spec &config, Term x) {
  double factor = config.number("factor", 0.01);
  bool rows = config.choice("mode", 0, {"rows", "columns"}) == 0;
  if (x.type().getRank() != 2) {
    config.refuse("", "a matrix is needed for OrthogonalRegularizer");
    return x;
  }
  ImplicitLocOpBuilder &b = *x.builder;
  Term unit = x * min(rsqrt(reduceKeeping<ReduceSumOp>(square(x), rows ? 1 : 0)), 1 / fuzz);
  Term turned{&b, TransposeOp::create(b, unit.value, ArrayRef<int64_t>{1, 0})};
  auto product = [&](Term l, Term r) { return Term{&b, MatmulOp::create(b, l.value, r.value)}; };
  Term angles = rows ? product(unit, turned) : product(turned, unit);
  int64_t size = angles.type().getDimSize(0);
  SmallVector<Attribute> off;
  for (int64_t i = 0; i < size * size; ++i)
    off.push_back(b.getFloatAttr(x.type().getElementType(), i / size == i % size ? 0 : 1));
  Term mask{&b, ConstantOp::create(b, DenseElementsAttr::get(angles.type(), off))};
  double pairs = static_cast<double>(size * (size - 1)) / 2;
  return sumOf(abs(angles * mask)) * (factor * 0.5 / pairs);
}

//===----------------------------------------------------------------------===//
// Constraints
//===----------------------------------------------------------------------===//

/// Along `axis`, which may be a number or a list of them.
Term normOf(Spec &config, Term w) {
  SmallVector<int64_t> axes;
  for (int64_t axis : config.integers("axis", {0}))
    axes.push_back(axis < 0 ? axis + w.type().getRank() : axis);
  llvm::sort(axes);
  for (int64_t axis : axes)
    if (axis < 0 || axis >= w.type().getRank()) {
      config.refuse("axis",
                    "it is out of range for " + std::to_string(w.type().getRank()) + " dimensions");
      return w;
    }
  return sqrt(reduceKeeping<ReduceSumOp>(square(w), axes));
}

Term maxNorm(Spec &config, Term w) {
  Term norm = normOf(config, w);
  return w * (clip(norm, 0, config.number("max_value", 2)) / (norm + fuzz));
}
Term nonNegative(Spec &, Term w) { return max(w, 0.0); }
Term unitNorm(Spec &config, Term w) { return w / (normOf(config, w) + fuzz); }
Term minMaxNorm(Spec &config, Term w) {
  double rate = config.number("rate", 1);
  Term norm = normOf(config, w);
  Term wanted = rate * clip(norm, config.number("min_value", 0), config.number("max_value", 1)) +
                (1 - rate) * norm;
  return w * (wanted / (norm + fuzz));
}

using Table = std::map<std::string_view, Term (*)(Spec &, Term)>;

const Table &regularizers() {
  static const Table table = {
      {"l1", l1},
      {"l1l2", l1l2},
      {"l2", l2},
      {"orthogonalregularizer", orthogonal},
  };
  return table;
}

const Table &constraints() {
  static const Table table = {
      {"maxnorm", maxNorm},         {"minmaxnorm", minMaxNorm}, {"nonneg", nonNegative},
      {"nonnegative", nonNegative}, {"unitnorm", unitNorm},
  };
  return table;
}

/// `kind` is what messages call it: "regularizer".
Expected<Term> build(const Table &table, const Json &json, const std::string &kind, Term x) {
  Spec config = HORNET_TRY(Spec::read(json, {.attribute = kind}));
  config.ignore("name");
  auto found = table.find(plainName(config.name));
  if (found == table.end()) {
    std::vector<std::string_view> names;
    for (const auto &[name, rule] : table)
      names.push_back(name);
    return config.refuseName(kind, names);
  }
  Term result = found->second(config, x);
  HORNET_TRY(config.checkAll());
  return result;
}

} // namespace

Expected<Term> penaltyOf(const Json &regularizer, Term x) {
  return build(regularizers(), regularizer, "regularizer", x);
}

Expected<Term> constrained(const Json &constraint, Term parameter) {
  return build(constraints(), constraint, "constraint", parameter);
}

} // namespace hornet::step
