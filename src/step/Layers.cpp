#include "step/Layers.h"

using namespace mlir;
using namespace hornet::graph;

namespace hornet::step {
namespace {

class Expansion {
public:
  Expansion(func::FuncOp function, Value key) : function(function), key(key) {}

  LayerEffects run() {
    for (Operation &op : llvm::make_early_inc_range(function.getBody().front())) {
      ImplicitLocOpBuilder builder(op.getLoc(), &op);
      b = &builder;
      if (auto dropout = dyn_cast<DropoutOp>(op))
        replace(dropout, expand(dropout));
      else if (auto norm = dyn_cast<BatchNormOp>(op); norm && norm.getMomentum())
        replace(norm, expand(norm));
    }
    return std::move(effects);
  }

private:
  static void replace(Operation *op, Term by) {
    op->getResult(0).replaceAllUsesWith(by.value);
    op->erase();
  }
  Term term(Value value) { return {b, value}; }

  Term expand(DropoutOp op) {
    double rate = op.getRate().convertToDouble();
    Term x = term(op.getInput());
    int64_t own = stream++;
    if (rate == 0)
      return x;
    if (rate == 1)
      return broadcastTo(x.scalar(0), x);
    // One number decides for all elements along the shared dimensions.
    RankedTensorType type = x.type();
    SmallVector<int64_t> start(type.getRank(), 0), limit(type.getShape()), ones(type.getRank(), 1);
    for (auto [i, extent] : llvm::enumerate(limit))
      if (ShapedType::isDynamic(extent))
        extent = -1;
      else if (llvm::is_contained(op.getShared(), static_cast<int64_t>(i)))
        extent = 1;
    Value like = b->createOrFold<SliceOp>(op.getInput(), start, limit, ones);
    Term random{b, RandomUniformOp::create(*b, like.getType(), key, like, own)};
    return where(random >= rate, x * (1 / (1 - rate)), 0.0);
  }

  /// https://keras.io/api/layers/normalization_layers/batch_normalization/
  Term expand(BatchNormOp op) {
    Term x = term(op.getInput());
    int64_t rank = x.type().getRank();
    auto others = llvm::to_vector(llvm::seq<int64_t>(rank - 1));
    Term count = x.scalar(1);
    for (int64_t i : others)
      count = count * Term{b, ExtentOp::create(*b, count.type(), x.value, i)};
    auto mean = [&](Term t) { return Term{b, ReduceSumOp::create(*b, t.value, others)} / count; };
    Term average = mean(x), centered = x - average, variance = mean(centered * centered);
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
  int64_t stream = 0;
};

} // namespace

LayerEffects expandForTraining(func::FuncOp function, Value key) {
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
