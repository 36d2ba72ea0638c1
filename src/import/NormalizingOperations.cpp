// keras.ops.nn: normalization, attention, and losses as numbers of a graph.

#include "import/Attention.h"
#include "import/Operation.h"

#include <cmath>
#include <fmt/format.h>

using namespace mlir;

namespace hornet::import {
namespace {

double epsilonOf(Operation &op, double fallback) {
  double epsilon = op.find("epsilon") ? op.Config::number("epsilon") : fallback;
  if (!(epsilon >= 0))
    op.problem("epsilon", fmt::format("epsilon must not be negative, got {}", epsilon));
  return epsilon;
}

Term sum(Term x, const Axes &axes) { return reduceKeeping<graph::ReduceSumOp>(x, axes); }

/// Axes as a normalization's config has them; the last without any.
std::optional<Axes> axesOf(Operation &op, Term x) {
  if (!op.find("axis"))
    return Axes{x.type().getRank() - 1};
  Axes axes = op.axes("axis", x.type().getRank());
  return op.ready() ? std::optional(axes) : std::nullopt;
}

void importNormalize(Operation &op) {
  double epsilon = epsilonOf(op, graph::fuzz), order = op.Config::number("order", 2);
  Term x = op.number("x");
  if (!op.ready())
    return;
  std::optional<Axes> axes = axesOf(op, x);
  if (!axes)
    return;
  if (order < 1)
    return op.problem("order", fmt::format("order must be 1 or more, got {}", order));
  if (order == 2)
    return op.result(x * min(rsqrt(sum(square(x), *axes)), 1 / epsilon));
  Term norm = order == 1 ? sum(abs(x), *axes) : pow(sum(pow(abs(x), order), *axes), 1 / order);
  op.result(x / max(norm, epsilon));
}

/// `key` (weights along `axes`) with x's rank; nothing where it is not there.
std::optional<Term> alongAxes(Operation &op, std::string_view key, Term x, const Axes &axes) {
  Value given = op.optional(key);
  if (!given || !op.ready())
    return std::nullopt;
  Term weights = op.number(given);
  SmallVector<int64_t> shape(x.type().getRank(), 1);
  int64_t count = 1;
  for (int64_t axis : axes)
    count *= shape[axis] = x.type().getDimSize(axis);
  bool whole = weights.type().getRank() == x.type().getRank();
  if (!whole && weights.type().hasStaticShape() && weights.type().getNumElements() == count)
    weights = reshape(weights, shape);
  return op.broadcasts({x, weights}) ? std::optional(weights) : std::nullopt;
}

void importLayerNorm(Operation &op) {
  double epsilon = epsilonOf(op, graph::fuzz);
  bool byVarianceAlone = op.flag("rms_scaling", false);
  Term x = op.number("x");
  std::optional<Axes> axes = op.ready() ? axesOf(op, x) : std::nullopt;
  if (!axes)
    return;
  Term centered = x - meanKeeping(x, *axes);
  Term scale = rsqrt(meanKeeping(square(centered), *axes) + epsilon);
  Term y = (byVarianceAlone ? x : centered) * scale;
  if (auto gamma = alongAxes(op, "gamma", x, *axes))
    y = y * *gamma;
  if (auto beta = alongAxes(op, "beta", x, *axes); beta && !byVarianceAlone)
    y = y + *beta;
  if (op.ready())
    op.result(y);
}

void importRmsNorm(Operation &op) {
  double epsilon = epsilonOf(op, graph::fuzz);
  Term x = op.number("x");
  std::optional<Axes> axes = op.ready() ? axesOf(op, x) : std::nullopt;
  if (!axes)
    return;
  Term y = x * rsqrt(meanKeeping(square(x), *axes) + epsilon);
  if (auto scale = alongAxes(op, "scale", x, *axes))
    y = y * *scale;
  if (op.ready())
    op.result(y);
}

void importBatchNorm(Operation &op) {
  double epsilon = epsilonOf(op, 1e-3);
  Term x = op.number("x");
  std::optional<Axes> axes = op.ready() ? axesOf(op, x) : std::nullopt;
  if (!axes)
    return;
  auto mean = alongAxes(op, "mean", x, *axes), variance = alongAxes(op, "variance", x, *axes);
  auto offset = alongAxes(op, "offset", x, *axes), scale = alongAxes(op, "scale", x, *axes);
  if (op.ready() && (!mean || !variance))
    op.problem("mean", "mean and variance are missing");
  if (!op.ready())
    return;
  Term factor = rsqrt(*variance + epsilon);
  Term y = (x - *mean) * (scale ? factor * *scale : factor);
  op.result(offset ? y + *offset : y);
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

/// (batch, steps, heads, features), each head of `key` and `value` for as many of `query`.
void importDotProductAttention(Operation &op) {
  bool causal = op.flag("is_causal", false);
  (void)op.find("flash_attention");
  if (op.find("attn_logits_soft_cap"))
    op.problem("attn_logits_soft_cap", "a soft cap on the logits is not supported", "leave it out");
  Term query = op.number("query"), key = op.number("key"), value = op.number("value");
  Value bias = op.optional("bias"), mask = op.optional("mask");
  if (!op.ready())
    return;
  ArrayRef<int64_t> q = query.type().getShape(), k = key.type().getShape(),
                    v = value.type().getShape();
  if (q.size() != 4 || k.size() != 4 || v.size() != 4 || q[3] != k[3] || k[1] != v[1] ||
      k[2] != v[2] || q[0] != k[0] || k[0] != v[0] || q[2] % k[2] != 0)
    return op.problem("inbound_nodes",
                      fmt::format("query {}, key {} and value {} do not fit together",
                                  shapeOf(query.value), shapeOf(key.value), shapeOf(value.value)),
                      "give (batch, steps, heads, features)");
  if (int64_t groups = q[2] / k[2]; groups > 1)
    for (Term *heads : {&key, &value}) {
      SmallVector<int64_t> indices;
      for (int64_t i = 0; i < q[2]; ++i)
        indices.push_back(i / groups);
      *heads = taken(*heads, 2, indices);
    }
  double scale = op.find("scale") ? op.Config::number("scale") : 1 / std::sqrt(double(q[3]));
  Term scores = graph::einsum("btnh,bsnh->bnts", query * scale, key);
  if (bias) {
    Term more = op.number(bias);
    if (!op.broadcasts({scores, more}))
      return;
    scores = scores + more;
  }
  SmallVector<Value> masks;
  if (mask)
    masks.push_back(op.truth(mask).value);
  if (mask && !op.broadcasts({scores, {&op.builder, masks.front()}}))
    return;
  if (causal)
    masks.push_back(causalMask(op.layer, q[1], k[1]));
  // Keras: 0.7 of the greatest number that there is.
  for (Value each : masks)
    scores = where(Term{&op.builder, each}, scores, -0.7 * 3.4028234663852886e38);
  Term weights{&op.builder, graph::SoftmaxOp::create(op.builder, scores.value, 3)};
  op.result(graph::einsum("bnts,bsnh->btnh", weights, value));
}

//===----------------------------------------------------------------------===//
// Losses
//===----------------------------------------------------------------------===//

void importBinaryCrossentropy(Operation &op) {
  bool logits = op.flag("from_logits", false);
  Term target = op.number("target"), y = op.number("output");
  if (!op.ready() || !op.broadcasts({target, y}))
    return;
  if (logits)
    return op.result(relu(y) - y * target + log1p(exp(-abs(y))));
  y = clip(y, graph::fuzz, 1 - graph::fuzz);
  op.result(-(target * log(y) + (1 - target) * log(1 - y)));
}

/// Logarithms of probabilities along `axis`.
Term logOf(Operation &op, Term y, int64_t axis, bool logits, bool normalized) {
  if (logits)
    return {&op.builder, graph::LogSoftmaxOp::create(op.builder, y.value, axis)};
  if (!normalized)
    y = y / sum(y, {axis});
  return log(clip(y, graph::fuzz, 1 - graph::fuzz));
}

void importCategoricalCrossentropy(Operation &op) {
  bool logits = op.flag("from_logits", false);
  Term target = op.number("target"), y = op.number("output");
  if (!op.ready() || !op.broadcasts({target, y}))
    return;
  std::optional<int64_t> axis = op.oneAxis("axis", y.type().getRank(), -1);
  if (axis)
    op.result(-squeezed(sum(target * logOf(op, y, *axis, logits, false), {*axis}), {*axis}));
}

void importSparseCategoricalCrossentropy(Operation &op) {
  bool logits = op.flag("from_logits", false);
  Term target = op.number("target"), y = op.number("output");
  if (!op.ready())
    return;
  int64_t rank = y.type().getRank();
  std::optional<int64_t> axis = op.oneAxis("axis", rank, -1);
  if (!axis)
    return;
  if (*axis != rank - 1)
    return op.problem("axis", "only the last axis is supported");
  if (target.type().getRank() == rank && target.type().getShape().back() == 1)
    target = squeezed(target, {rank - 1});
  if (target.type().getShape() != y.type().getShape().drop_back())
    return op.problem("inbound_nodes", fmt::format("{} does not name a class for each of {}",
                                                   shapeOf(target.value), shapeOf(y.value)));
  // What is clipped is no distribution any more: TensorFlow normalizes it again.
  if (!logits)
    y = logOf(op, y, *axis, false, true);
  Term logs = logOf(op, y, *axis, true, true);
  int64_t classes = y.type().getShape().back();
  Term hot = equals(expanded(target, rank - 1), op.count(classes));
  op.result(-Term{&op.builder,
                  graph::ReduceSumOp::create(op.builder, where(hot, logs, 0).value, rank - 1)});
}

void importPsnr(Operation &op) {
  double most = op.Config::number("max_val");
  Term x = op.number("x1"), y = op.number("x2");
  if (!op.ready() || !op.broadcasts({x, y}))
    return;
  Term error = square(x - y);
  Axes all = llvm::to_vector(llvm::seq<int64_t>(error.type().getRank()));
  Term mean = squeezed(meanKeeping(error, all), all);
  op.result(20 * std::log10(most) - log(mean) * (10 / std::log(10.0)));
}

} // namespace

static constexpr OperationEntry table[] = {
    {"BatchNorm", importBatchNorm, "x mean variance offset scale"},
    {"BinaryCrossentropy", importBinaryCrossentropy, "target output"},
    {"CategoricalCrossentropy", importCategoricalCrossentropy, "target output"},
    {"DotProductAttention", importDotProductAttention, "query key value bias mask scale"},
    {"LayerNorm", importLayerNorm, "x gamma beta"},
    {"Normalize", importNormalize},
    {"PSNR", importPsnr, "x1 x2"},
    {"RMSNorm", importRmsNorm, "x scale"},
    {"SparseCategoricalCrossentropy", importSparseCategoricalCrossentropy, "target output"},
};

llvm::ArrayRef<OperationEntry> normalizingOperations() { return table; }

} // namespace hornet::import
