#include "step/Layers.h"

#include "graph/TransposedConvolution.h"

#include <cmath>
#include <numbers>

using namespace mlir;
using namespace hornet::graph;

namespace hornet::step {
namespace {

class Expansion {
public:
  Expansion(func::FuncOp function, Value key) : function(function), key(key) {}

  Expected<LayerEffects> run() {
    for (Operation &op : llvm::make_early_inc_range(function.getBody().front())) {
      ImplicitLocOpBuilder builder(op.getLoc(), &op);
      b = &builder;
      if (auto reason = op.getAttrOfType<StringAttr>(untrainableAttr))
        refuse(reason.str(), "freeze the layer (trainable: false)");
      else if (auto dropout = dyn_cast<DropoutOp>(op))
        replace(dropout, dropped(dropout, term(dropout.getInput())));
      else if (auto scan = dyn_cast<ScanOp>(op))
        expandIn(scan);
      else if (auto noise = dyn_cast<NoiseOp>(op))
        replace(noise, expand(noise));
      else if (auto norm = dyn_cast<BatchNormOp>(op); norm && norm.getMomentum())
        replace(norm, expand(norm));
    }
    if (!error.problems.empty())
      return tl::unexpected<Error>(std::move(error));
    return std::move(effects);
  }

private:
  static void replace(Operation *op, Term by) {
    op->getResult(0).replaceAllUsesWith(by.value);
    op->erase();
  }
  Term term(Value value) { return {b, value}; }

  void refuse(std::string reason, std::string mend) {
    Problem problem{.reason = std::move(reason), .mend = std::move(mend)};
    if (auto name = dyn_cast<NameLoc>(b->getLoc()))
      problem.layer = name.getName().str();
    error.problems.push_back(std::move(problem));
  }

  //===--------------------------------------------------------------------===//
  // Dropout and noise
  //===--------------------------------------------------------------------===//

  /// From 0 to below 1, one number for all elements along the shared dimensions.
  Term uniform(Term x, ArrayRef<int64_t> shared = {}) {
    SmallVector<int64_t> shape(x.type().getShape());
    for (int64_t dimension : shared)
      shape[dimension] = 1;
    Term like = x;
    if (RankedTensorType type = x.type().clone(shape); type.hasStaticShape() && type != x.type())
      like = {b, ConstantOp::create(
                     *b, SplatElementsAttr::get(type, b->getFloatAttr(type.getElementType(), 0)))};
    else if (type != x.type())
      like = crop(x, SmallVector<int64_t>(shape.size(), 0), shape);
    return {b, RandomUniformOp::create(*b, like.type(), key, like.value, stream++)};
  }

  /// Normally distributed, by G. Box and M. Muller, "A Note on the Generation of Random Normal
  /// Deviates", 1958, https://doi.org/10.1214/aoms/1177706645.
  Term normal(Term x) {
    Term radius = sqrt(log(1.0 - uniform(x)) * -2.0);
    return radius * cos(uniform(x) * (2 * std::numbers::pi));
  }

  Term dropped(DropoutOp op, Term x) {
    double rate = op.getRate().convertToDouble();
    if (rate == 0)
      return x;
    if (rate == 1)
      return broadcastTo(x.scalar(0), x);
    return where(uniform(x, op.getShared()) >= rate, x * (1 / (1 - rate)), 0.0);
  }

  /// One mask for all steps, made before the loop.
  void expandIn(ScanOp scan) {
    Block &body = scan.getBody().front();
    for (auto op : llvm::make_early_inc_range(body.getOps<DropoutOp>())) {
      auto state = cast<BlockArgument>(op.getInput());
      Term initial = term(scan.getOperand(state.getArgNumber()));
      Value mask = dropped(op, broadcastTo(initial.scalar(1), initial)).value;
      scan.getSharedMutable().append(mask);
      Value inside = body.addArgument(mask.getType(), op.getLoc());
      ImplicitLocOpBuilder at(op.getLoc(), op);
      replace(op, Term{&at, state} * Term{&at, inside});
    }
  }

  Term expand(NoiseOp op) {
    double amount = op.getAmount().convertToDouble();
    Term x = term(op.getInput());
    if (amount == 0)
      return x;
    if (op.getKind() == Noise::gaussian)
      return x + normal(x) * amount;
    if (amount == 1) {
      refuse("with a rate of 1 nothing is left to train on", "give a rate below 1");
      return x;
    }
    if (op.getKind() == Noise::gaussian_dropout)
      return x * (1.0 + normal(x) * std::sqrt(amount / (1 - amount)));
    // https://arxiv.org/abs/1706.02515: selu's limit at minus infinity, and what keeps the moments.
    constexpr double limit = -1.7580993408473766; // minus its alpha times its scale
    double scale = 1 / std::sqrt((1 - amount) * (1 + amount * limit * limit));
    Term kept = where(uniform(x, op.getShared()) >= amount, x, limit);
    return kept * scale - scale * limit * amount;
  }

  //===--------------------------------------------------------------------===//
  // Batch normalization
  //===--------------------------------------------------------------------===//

  /// The dimensions that share statistics.
  static SmallVector<int64_t> withoutChannels(BatchNormOp op) {
    int64_t rank = op.getInput().getType().getRank();
    ArrayRef<int64_t> shape = cast<RankedTensorType>(op.getMean().getType()).getShape();
    SmallVector<int64_t> dimensions;
    for (int64_t i = 0; i < rank; ++i)
      if (shape.size() == 1 ? i < rank - 1 : shape[i] == 1)
        dimensions.push_back(i);
    return dimensions;
  }

  /// https://keras.io/api/layers/normalization_layers/batch_normalization/
  Term expand(BatchNormOp op) {
    Term x = term(op.getInput());
    SmallVector<int64_t> others = withoutChannels(op);
    ArrayRef<int64_t> channels = term(op.getMean()).type().getShape();
    Term count = x.scalar(1);
    for (int64_t i : others)
      count = count * Term{b, ExtentOp::create(*b, count.type(), x.value, i)};
    auto mean = [&](Term t) {
      return reshape({b, ReduceSumOp::create(*b, t.value, others)}, channels) / count;
    };
    Term average = mean(x), centered = x - average, variance = mean(square(centered));
    double momentum = op.getMomentum()->convertToDouble();
    Term moved = variance;
    if (op.getUnbiased())
      moved = variance * (count / max(count - 1.0, 1.0));
    move(op.getMean(), average, momentum);
    move(op.getVariance(), moved, momentum);
    Term scale = rsqrt(variance + op.getEpsilon().convertToDouble()) * term(op.getGamma());
    return centered * scale + term(op.getBeta());
  }

  /// A layer that is called twice moves them twice.
  void move(Value statistic, Term batch, double momentum) {
    Value &now = effects.statistics[statistic];
    Term before = term(now ? now : statistic);
    now = (before * momentum + batch * (1 - momentum)).value;
  }

  func::FuncOp function;
  Value key;
  ImplicitLocOpBuilder *b = nullptr;
  LayerEffects effects;
  InputError error;
  int64_t stream = 0;
};

} // namespace

Expected<LayerEffects> expandForTraining(func::FuncOp function, Value key) {
  return Expansion(function, key).run();
}

std::vector<std::pair<Value, std::string>> takePenalties(func::FuncOp function) {
  std::vector<std::pair<Value, std::string>> penalties;
  for (auto op : llvm::make_early_inc_range(function.getBody().front().getOps<PenalizeOp>())) {
    penalties.emplace_back(op.getInput(), op.getRegularizer().str());
    op.replaceAllUsesWith(op.getInput());
    op.erase();
  }
  return penalties;
}

} // namespace hornet::step
