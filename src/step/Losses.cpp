#include "step/Losses.h"

#include "keras/Spec.h"
#include "step/Ctc.h"

#include <map>
#include <numbers>

using namespace mlir;
using namespace hornet::graph;
using hornet::keras::plainName;
using hornet::keras::Spec;

namespace hornet::step {
namespace {

/// One call of a loss.
struct Call {
  Spec &config;
  Term truth, prediction;
  /// 1 for the values that count, where not all do.
  std::optional<Term> valid;

  int64_t last() const { return prediction.type().getRank() - 1; }
};

//===----------------------------------------------------------------------===//
// Means and sums
//===----------------------------------------------------------------------===//

Term sumAlong(Term x, int64_t dimension) {
  return {x.builder, ReduceSumOp::create(*x.builder, x.value, dimension)};
}
Term sumLast(Term x) { return sumAlong(x, x.type().getRank() - 1); }
Term meanLast(Term x) { return sumLast(x) / static_cast<double>(x.type().getShape().back()); }
Term keepLast(Term x) { return reduceKeeping<ReduceSumOp>(x, x.type().getRank() - 1); }

/// How many elements `x` has, rank 0.
Term countOf(Term x) {
  double fixed = 1;
  std::optional<Term> open;
  for (auto [i, extent] : llvm::enumerate(x.type().getShape()))
    if (ShapedType::isDynamic(extent))
      open = Term{x.builder, ExtentOp::create(*x.builder, x.scalar(0).type(), x.value,
                                              static_cast<uint64_t>(i))};
    else
      fixed *= static_cast<double>(extent);
  return open ? *open * fixed : x.scalar(fixed);
}

//===----------------------------------------------------------------------===//
// Crossentropies
//===----------------------------------------------------------------------===//

/// What stands before the activation `Op` that made the predictions, if one did.
template <class Op> std::optional<Term> logitsBehind(Term prediction) {
  auto op = prediction.value.getDefiningOp<Op>();
  if (!op)
    return std::nullopt;
  if constexpr (std::is_same_v<Op, SoftmaxOp>)
    if (static_cast<int64_t>(op.getDimension()) != prediction.type().getRank() - 1)
      return std::nullopt;
  return Term{prediction.builder, op->getOperand(0)};
}

/// Of numbers before a sigmoid.
Term binaryFromLogits(Term truth, Term logits) { return softplus(logits) - logits * truth; }

Term binaryFromProbabilities(Term truth, Term p) {
  p = clip(p, fuzz, 1 - fuzz);
  return -(truth * log(p) + (1.0 - truth) * log(1.0 - p));
}

Term smoothedBinary(Call &c) {
  double smoothing = c.config.number("label_smoothing", 0);
  return smoothing == 0 ? c.truth : c.truth * (1 - smoothing) + 0.5 * smoothing;
}

Term smoothedCategorical(Call &c) {
  double smoothing = c.config.number("label_smoothing", 0);
  double classes = static_cast<double>(c.prediction.type().getShape().back());
  return smoothing == 0 ? c.truth : c.truth * (1 - smoothing) + smoothing / classes;
}

Term binaryCrossentropy(Call &c) {
  Term truth = smoothedBinary(c);
  std::optional<Term> logits =
      c.config.flag("from_logits", false) ? c.prediction : logitsBehind<SigmoidOp>(c.prediction);
  return meanLast(logits ? binaryFromLogits(truth, *logits)
                         : binaryFromProbabilities(truth, c.prediction));
}

/// Of labels that are probabilities of the classes.
Term categorical(Call &c, Term truth) {
  std::optional<Term> logits =
      c.config.flag("from_logits", false) ? c.prediction : logitsBehind<SoftmaxOp>(c.prediction);
  if (logits) {
    Term logarithms{truth.builder, LogSoftmaxOp::create(*truth.builder, logits->value,
                                                        static_cast<uint64_t>(c.last()))};
    return -sumLast(truth * logarithms);
  }
  Term p = clip(c.prediction / keepLast(c.prediction), fuzz, 1 - fuzz);
  return -sumLast(truth * log(p));
}

Term categoricalCrossentropy(Call &c) { return categorical(c, smoothedCategorical(c)); }

/// Numbers of classes (…) as rows of 0 and 1 (…, classes).
Term oneHot(Term labels, RankedTensorType prediction) {
  SmallVector<int64_t> shape(prediction.getShape());
  int64_t classes = shape.back();
  shape.back() = 1;
  SmallVector<Attribute> numbers;
  ImplicitLocOpBuilder &b = *labels.builder;
  for (int64_t i = 0; i < classes; ++i)
    numbers.push_back(b.getFloatAttr(prediction.getElementType(), static_cast<double>(i)));
  auto type = RankedTensorType::get(classes, prediction.getElementType());
  Value row = ConstantOp::create(b, DenseElementsAttr::get(type, numbers));
  return where(equals(reshape(labels, shape), {&b, row}), labels.scalar(1), 0.0);
}

Term sparseCategoricalCrossentropy(Call &c) {
  // A class that is none has a row of zeros, and so no loss.
  std::optional<double> ignored = c.config.optionalNumber("ignore_class");
  Term loss = categorical(c, oneHot(c.truth, c.prediction.type()));
  if (!ignored)
    return loss;
  Term labels = reshape(c.truth, loss.type().getShape());
  c.valid = where(equals(labels, *ignored), 0.0, broadcastTo(labels.scalar(1), labels));
  return loss;
}

Term binaryFocalCrossentropy(Call &c) {
  Term truth = smoothedBinary(c), p = c.prediction;
  if (c.config.flag("from_logits", false))
    p = sigmoid(p);
  std::optional<Term> logits = logitsBehind<SigmoidOp>(p);
  Term crossentropy = logits ? binaryFromLogits(truth, *logits) : binaryFromProbabilities(truth, p);
  Term right = truth * p + (1.0 - truth) * (1.0 - p);
  Term loss = pow(1.0 - right, c.config.number("gamma", 2)) * crossentropy;
  double alpha = c.config.number("alpha", 0.25);
  if (c.config.flag("apply_class_balancing", false))
    loss = (truth * alpha + (1.0 - truth) * (1 - alpha)) * loss;
  return meanLast(loss);
}

Term categoricalFocalCrossentropy(Call &c) {
  Term truth = smoothedCategorical(c), p = c.prediction;
  if (c.config.flag("from_logits", false))
    p = {p.builder, SoftmaxOp::create(*p.builder, p.value, static_cast<uint64_t>(c.last()))};
  p = clip(p / keepLast(p), fuzz, 1 - fuzz);
  Term factor = pow(1.0 - p, c.config.number("gamma", 2)) * c.config.number("alpha", 0.25);
  return sumLast(factor * (-truth * log(p)));
}

//===----------------------------------------------------------------------===//
// Regression and margins
//===----------------------------------------------------------------------===//

Term meanSquaredError(Call &c) { return meanLast(square(c.truth - c.prediction)); }
Term meanAbsoluteError(Call &c) { return meanLast(abs(c.truth - c.prediction)); }
Term meanAbsolutePercentageError(Call &c) {
  return 100.0 * meanLast(abs((c.truth - c.prediction) / max(abs(c.truth), fuzz)));
}
Term meanSquaredLogarithmicError(Call &c) {
  auto logarithm = [](Term x) { return log(max(x, fuzz) + 1.0); };
  return meanLast(square(logarithm(c.prediction) - logarithm(c.truth)));
}

Term huber(Call &c) {
  double delta = c.config.number("delta", 1);
  Term error = abs(c.prediction - c.truth);
  return meanLast(where(error <= delta, 0.5 * square(error), delta * error - 0.5 * delta * delta));
}

Term logCosh(Call &c) {
  Term error = c.prediction - c.truth;
  return meanLast(error + softplus(error * -2.0) - std::numbers::ln2);
}

Term divergence(Call &c) {
  Term truth = clip(c.truth, fuzz, 1), p = clip(c.prediction, fuzz, 1);
  return sumLast(truth * log(truth / p));
}

Term poisson(Call &c) { return meanLast(c.prediction - c.truth * log(c.prediction + fuzz)); }

/// Labels 0 and 1 mean -1 and 1, if there are no others.
Term signs(Term truth) {
  Term one = broadcastTo(truth.scalar(1), truth);
  Term other = where(equals(truth, 0), 0.0, where(equals(truth, 1), 0.0, one));
  return where(sumOf(other) <= 0.0, 2.0 * truth - 1.0, truth);
}

Term hinge(Call &c) { return meanLast(relu(1.0 - signs(c.truth) * c.prediction)); }
Term squaredHinge(Call &c) { return meanLast(square(relu(1.0 - signs(c.truth) * c.prediction))); }
Term categoricalHinge(Call &c) {
  Term right = sumLast(c.truth * c.prediction), others = (1.0 - c.truth) * c.prediction;
  Term wrong{right.builder, ReduceMaxOp::create(*right.builder, others.value, c.last())};
  return relu(wrong - right + 1.0);
}

Term cosineSimilarity(Call &c) {
  auto normalized = [](Term x) { return x * min(rsqrt(keepLast(square(x))), 1 / fuzz); };
  return -sumLast(normalized(c.truth) * normalized(c.prediction));
}

Term dice(Call &c) {
  Term both = sumOf(c.truth * c.prediction);
  return 1.0 - 2.0 * both / (sumOf(c.truth) + sumOf(c.prediction) + fuzz);
}

Term tversky(Call &c) {
  Term both = sumOf(c.truth * c.prediction);
  Term missed = sumOf((1.0 - c.prediction) * c.truth);
  Term invented = sumOf(c.prediction * (1.0 - c.truth));
  double alpha = c.config.number("alpha", 0.5), beta = c.config.number("beta", 0.5);
  return 1.0 - both / (both + missed * alpha + invented * beta + fuzz);
}

Term generalizedCrossEntropy(Call &c) {
  double q = c.config.number("q", 0.5);
  Term p = sumLast(c.prediction * oneHot(c.truth, c.prediction.type()));
  return (1.0 - pow(p, q)) / q;
}

Term alignments(Call &c) {
  if (c.prediction.type().getRank() == 3)
    return ctc(c.truth, c.prediction);
  c.config.refuse("loss",
                  "takes sequences of logits, an output of 3 dimensions (batch, time, classes)");
  return c.prediction;
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

enum class Labels { likePredictions, classes };

struct Loss {
  Term (*build)(Call &);
  Labels labels = Labels::likePredictions;
};

/// By Keras's name; the values are of the samples (…), or of the batch.
const std::map<std::string_view, Loss> &losses() {
  static const std::map<std::string_view, Loss> table = {
      {"binary_crossentropy", {binaryCrossentropy}},
      {"binary_focal_crossentropy", {binaryFocalCrossentropy}},
      {"categorical_crossentropy", {categoricalCrossentropy}},
      {"categorical_focal_crossentropy", {categoricalFocalCrossentropy}},
      {"categorical_generalized_cross_entropy", {generalizedCrossEntropy, Labels::classes}},
      {"categorical_hinge", {categoricalHinge}},
      {"cosine_similarity", {cosineSimilarity}},
      {"ctc", {alignments, Labels::classes}},
      {"dice", {dice}},
      {"hinge", {hinge}},
      {"huber", {huber}},
      {"kl_divergence", {divergence}},
      {"log_cosh", {logCosh}},
      {"mean_absolute_error", {meanAbsoluteError}},
      {"mean_absolute_percentage_error", {meanAbsolutePercentageError}},
      {"mean_squared_error", {meanSquaredError}},
      {"mean_squared_logarithmic_error", {meanSquaredLogarithmicError}},
      {"poisson", {poisson}},
      {"sparse_categorical_crossentropy", {sparseCategoricalCrossentropy, Labels::classes}},
      {"squared_hinge", {squaredHinge}},
      {"tversky", {tversky}},
  };
  return table;
}

/// What Keras has besides, by plain name, and why a step has not.
Expected<void> checkPossible(const std::string &name) {
  static const std::map<std::string_view, std::string_view> reasons = {
      {"circle", "'Circle' compares every sample of a batch with every other, and of a batch only "
                 "the number of samples may be open, not that of pairs"},
  };
  auto found = reasons.find(name);
  if (found == reasons.end())
    return {};
  return inputError({.attribute = "loss",
                     .reason = std::string(found->second),
                     .mend = "train with another loss"});
}

/// Keras's short names.
std::string resolved(Spec &config) {
  static const std::map<std::string_view, std::string_view> aliases = {
      {"bce", "binarycrossentropy"},
      {"kld", "kldivergence"},
      {"kullbackleiblerdivergence", "kldivergence"},
      {"mae", "meanabsoluteerror"},
      {"mape", "meanabsolutepercentageerror"},
      {"mse", "meansquarederror"},
      {"msle", "meansquaredlogarithmicerror"},
      {"huberloss", "huber"},
  };
  std::string name = plainName(config.name);
  auto alias = aliases.find(name);
  return alias == aliases.end() ? name : std::string(alias->second);
}

Expected<const Loss *> find(Spec &config) {
  std::string wanted = resolved(config);
  HORNET_TRY(checkPossible(wanted));
  std::vector<std::string_view> names;
  for (const auto &[name, loss] : losses()) {
    if (plainName(name) == wanted)
      return &loss;
    names.push_back(name);
  }
  return config.refuseName("loss", names);
}

/// The values of the samples as one number.
Expected<Term> reduced(Call &call, Term values, std::optional<Term> weights) {
  Spec &config = call.config;
  std::string reduction = config.text("reduction", "sum_over_batch_size");
  static constexpr std::string_view known[] = {"sum_over_batch_size", "mean", "auto", "sum",
                                               "mean_with_sample_weight"};
  if (!llvm::is_contained(known, reduction))
    config.refuse("reduction", "'" + reduction + "' is not known",
                  "give sum_over_batch_size, sum or mean_with_sample_weight");
  HORNET_TRY(config.checkAll());
  if (values.type().getRank() == 0)
    return values;
  if (weights && weights->type().getRank() == 1) {
    SmallVector<int64_t> shape(values.type().getRank(), 1);
    shape.front() = weights->type().getDimSize(0);
    weights = reshape(*weights, shape);
  }
  bool byWeight = reduction == "mean_with_sample_weight";
  if (std::optional<Term> valid = call.valid) {
    // In a mean over the batch, those that count do so as if they were all of it.
    if (reduction != "sum" && !byWeight)
      valid = *valid * (countOf(*valid) / max(sumOf(*valid), 1.0));
    weights = weights ? *weights * *valid : valid;
  }
  if (weights)
    values = values * *weights;
  Term sum = sumOf(values);
  if (reduction == "sum")
    return sum;
  if (!weights || !byWeight)
    return sum / countOf(values);
  // Weights that are all 0 make a loss of 0, as in Keras.
  Term total = sumOf(*weights);
  return sum / where(equals(total, total.scalar(0)), total.scalar(1), total);
}

} // namespace

Term sumOf(Term x) {
  // Rows first: vectors, and short sums.
  int64_t rank = x.type().getRank();
  if (rank > 1)
    x = {x.builder,
         ReduceSumOp::create(*x.builder, x.value, llvm::to_vector(llvm::seq<int64_t>(1, rank)))};
  return rank == 0 ? x : sumAlong(x, 0);
}

Expected<SmallVector<int64_t>> targetShape(const Json &loss, ArrayRef<int64_t> prediction) {
  Spec config = HORNET_TRY(Spec::read(loss, {.attribute = "loss"}));
  const Loss *found = HORNET_TRY(find(config));
  if (found->labels == Labels::classes)
    return SmallVector<int64_t>(prediction.drop_back());
  return SmallVector<int64_t>(prediction);
}

Expected<Term> lossOf(const Json &loss, Term truth, Term prediction, std::optional<Term> weights) {
  Spec config = HORNET_TRY(Spec::read(loss, {.attribute = "loss"}));
  for (const char *neutral : {"name", "fn", "dtype"})
    config.ignore(neutral);
  const Loss *found = HORNET_TRY(find(config));
  Call call{config, truth, prediction, std::nullopt};
  if (double axis = config.number("axis", -1);
      axis != -1 && axis != static_cast<double>(call.last()))
    config.refuse("axis", "only the last axis is supported");
  Term values = found->build(call);
  return reduced(call, values, weights);
}

} // namespace hornet::step
