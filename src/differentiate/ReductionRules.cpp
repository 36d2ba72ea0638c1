// Gradients of reductions, of softmax and of batch normalization.

#include "differentiate/Rules.h"

using namespace mlir;
using namespace hornet::graph;

namespace hornet::differentiate {
namespace {

/// `x` with the dimensions that were reduced back in, with an extent of 1.
Term keeping(Term x, RankedTensorType from, ArrayRef<int64_t> dimensions) {
  SmallVector<int64_t> shape(from.getShape());
  for (int64_t dimension : dimensions)
    shape[dimension] = 1;
  // A batch that was summed over is none any more.
  return reshape(x, shape);
}

Term sumAlong(Term x, int64_t dimension) { return reduceKeeping<ReduceSumOp>(x, dimension); }

/// With given statistics: of layers that are frozen. A step has expanded the others.
void differentiateBatchNorm(BatchNormOp op, Term dy, Gradients &gradients) {
  auto term = [&](Value value) { return gradients.term(value); };
  Term scale = rsqrt(term(op.getVariance()) + op.getEpsilon().convertToDouble());
  Term dx = dy * (scale * term(op.getGamma()));
  gradients.add(op.getInput(), dx);
  gradients.add(op.getBeta(), dy);
  if (gradients.isNeeded(op.getMean()))
    gradients.add(op.getMean(), -dx);
  if (!gradients.isNeeded(op.getGamma()) && !gradients.isNeeded(op.getVariance()))
    return;
  Term centered = term(op.getInput()) - term(op.getMean());
  gradients.add(op.getGamma(), dy * centered * scale);
  gradients.add(op.getVariance(), dx * centered * (scale * scale * -0.5));
}

} // namespace

void addReductionRules(MLIRContext *c) {
  rule<ReduceSumOp>(c, [](ReduceSumOp op, Term dy, Gradients &gradients) {
    gradients.add(op.getInput(),
                  broadcastTo(keeping(dy, op.getInput().getType(), op.getDimensions()),
                              gradients.term(op.getInput())));
  });
  // Equal maxima share it.
  rule<ReduceMaxOp>(c, [](ReduceMaxOp op, Term dy, Gradients &gradients) {
    Term x = gradients.term(op.getInput());
    auto kept = [&](Term t) { return keeping(t, op.getInput().getType(), op.getDimensions()); };
    Term greatest = kept(gradients.term(op.getResult()));
    Term one = broadcastTo(x.scalar(1), x);
    Term taken = where(x >= greatest, one, 0.0);
    Term count{dy.builder, ReduceSumOp::create(*dy.builder, taken.value, op.getDimensions())};
    gradients.add(op.getInput(), taken * kept(dy / count));
  });
  rule<SoftmaxOp>(c, [](SoftmaxOp op, Term dy, Gradients &gradients) {
    Term y = gradients.term(op.getResult());
    gradients.add(op.getInput(), y * (dy - sumAlong(dy * y, op.getDimension())));
  });
  rule<LogSoftmaxOp>(c, [](LogSoftmaxOp op, Term dy, Gradients &gradients) {
    Term x = gradients.term(op.getInput());
    Term softmax{dy.builder, SoftmaxOp::create(*dy.builder, x.value, op.getDimension())};
    gradients.add(op.getInput(), dy - softmax * sumAlong(dy, op.getDimension()));
  });
  rule<BatchNormOp>(c, [](BatchNormOp op, Term dy, Gradients &gradients) {
    differentiateBatchNorm(op, dy, gradients);
  });
}

} // namespace hornet::differentiate
