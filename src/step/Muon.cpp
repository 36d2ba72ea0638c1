// K. Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024,
// https://kellerjordan.github.io/posts/muon/; its scale by J. Liu et al.,
// https://arxiv.org/abs/2502.16982; both as Keras has them.

#include "step/Losses.h"
#include "step/Update.h"

#include "llvm/Support/Regex.h"

#include <cmath>
#include <fmt/format.h>

using namespace mlir;
using namespace hornet::graph;
using hornet::keras::Spec;

namespace hornet::step {

/// Keras searches by Python's regular expressions. What POSIX's extended ones read otherwise is
/// refused.
static bool matches(Spec &config, const std::string &pattern, StringRef path) {
  for (size_t i = 0; i + 1 < pattern.size(); ++i)
    if (pattern[i] == '\\' && llvm::isAlnum(pattern[i + 1])) {
      config.refuse("exclude_layers",
                    fmt::format("'{}' in '{}' is not supported", pattern.substr(i, 2), pattern),
                    "write it without \\d, \\w, \\b and their like");
      return false;
    }
  llvm::Regex regex(pattern);
  std::string wrong;
  if (!regex.isValid(wrong)) {
    config.refuse("exclude_layers",
                  fmt::format("'{}' is no regular expression: {}", pattern, wrong));
    return false;
  }
  return regex.match(path);
}

bool muonLeavesToAdam(Spec &config, RankedTensorType type, StringRef path) {
  bool embeddings = config.flag("exclude_embeddings", true);
  bool excluded = embeddings && path.contains_insensitive("embedding");
  for (const std::string &pattern : config.texts("exclude_layers"))
    excluded |= matches(config, pattern, path);
  return excluded || type.getRank() != 2;
}

static Term transposed(Term x) {
  return {x.builder, TransposeOp::create(*x.builder, x.value, ArrayRef<int64_t>{1, 0})};
}

/// About the orthogonal matrix that is nearest to `x`: an iteration of Newton and Schulz that
/// moves all singular values towards 1, by a polynomial of degree 5.
static Term orthogonalized(Term x, int64_t steps, double a, double b, double c) {
  bool tall = x.type().getDimSize(0) > x.type().getDimSize(1);
  if (tall)
    x = transposed(x);
  x = x / (sqrt(sumOf(square(x))) + 1e-7);
  for (int64_t i = 0; i < steps; ++i) {
    Term products = apply<MatmulOp>(x, transposed(x));
    Term polynomial = b * products + apply<MatmulOp>(c * products, products);
    x = a * x + apply<MatmulOp>(polynomial, x);
  }
  return tall ? transposed(x) : x;
}

Term muon(Update &u) {
  // All settings are read for every parameter: none of them is unknown.
  double beta1 = u.number("adam_beta_1", 0.9), beta2 = u.number("adam_beta_2", 0.999);
  double epsilon = u.number("epsilon", 1e-7), ratio = u.number("adam_lr_ratio", 1);
  double a = u.number("muon_a", 3.4445), b = u.number("muon_b", -4.775);
  double c = u.number("muon_c", 2.0315), momentum = u.number("momentum", 0.95);
  std::optional<double> rate = u.config.optionalNumber("rms_rate");
  if (!rate && !u.config.givenNull("rms_rate"))
    rate = 0.2;
  bool nesterov = u.flag("nesterov", true);
  // Each is three products of matrices in the code.
  constexpr int64_t most = 100;
  int64_t steps = u.config.integer("ns_steps", 5);
  if (steps < 0 || steps > most) {
    u.config.refuse("ns_steps", fmt::format("{} is not between 0 and {}", steps, most));
    return u.p;
  }
  RankedTensorType type = u.p.type();
  if (muonLeavesToAdam(u.config, type, u.path))
    return adamStep(u, u.lr * ratio, beta1, beta2, epsilon);
  Term m = u.slot("momentum");
  m = u.assign("momentum", u.g + m * momentum);
  Term direction = orthogonalized(nesterov ? u.g + momentum * m : m, steps, a, b, c);
  double longest = static_cast<double>(std::max(type.getDimSize(0), type.getDimSize(1)));
  return u.p - u.lr * direction * (rate ? std::sqrt(longest) * *rate : 1);
}

} // namespace hornet::step
