// Gradients of the ops that only move elements: each moves them back.

#include "differentiate/Rules.h"
#include "graph/TransposedConvolution.h"

#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using namespace hornet::graph;

namespace hornet::differentiate {
namespace {

void differentiateSlice(SliceOp op, Term dy, Gradients &gradients) {
  Term spread = dilate(dy, op.getStrides());
  SmallVector<int64_t> low, high;
  for (auto [i, extent] : llvm::enumerate(op.getInput().getType().getShape())) {
    low.push_back(op.getStart()[i]);
    bool dynamic = ShapedType::isDynamic(extent);
    high.push_back(dynamic ? 0 : extent - spread.type().getDimSize(i) - low.back());
  }
  gradients.add(op.getInput(), padOrCrop(spread, low, high));
}

void differentiateConcatenate(ConcatenateOp op, Term dy, Gradients &gradients) {
  SmallVector<int64_t> start(dy.type().getRank(), 0);
  for (Value input : op.getInputs()) {
    ArrayRef<int64_t> shape = cast<RankedTensorType>(input.getType()).getShape();
    if (gradients.isNeeded(input))
      gradients.add(input, crop(dy, start, shape));
    start[op.getDimension()] += shape[op.getDimension()];
  }
}

void differentiateInterleave(InterleaveOp op, Term dy, Gradients &gradients) {
  ArrayRef<int64_t> shape = dy.type().getShape();
  SmallVector<int64_t> start(shape.size(), 0), limit, strides(shape.size(), 1);
  for (int64_t extent : shape)
    limit.push_back(ShapedType::isDynamic(extent) ? -1 : extent);
  strides[op.getDimension()] = op.getInputs().size();
  for (auto [k, input] : llvm::enumerate(op.getInputs())) {
    start[op.getDimension()] = k;
    if (gradients.isNeeded(input))
      gradients.add(input,
                    {dy.builder, SliceOp::create(*dy.builder, dy.value, start, limit, strides)});
  }
}

/// Of the indices, there is none.
void differentiateGather(GatherOp op, Term dy, Gradients &gradients) {
  if (gradients.isNeeded(op.getTable()))
    gradients.add(
        op.getTable(),
        {dy.builder, ScatterAddOp::create(*dy.builder, dy.value, op.getIndices(), op.getTable(),
                                          op.getDimension(), op.getBatch())});
}

} // namespace

void addShapeRules(MLIRContext *c) {
  rule<ReshapeOp>(c, [](ReshapeOp op, Term dy, Gradients &gradients) {
    gradients.add(op.getInput(), reshape(dy, op.getInput().getType().getShape()));
  });
  rule<TransposeOp>(c, [](TransposeOp op, Term dy, Gradients &gradients) {
    SmallVector<int64_t> back = invertPermutationVector(op.getPermutation());
    gradients.add(op.getInput(), {dy.builder, TransposeOp::create(*dy.builder, dy.value, back)});
  });
  rule<ReverseOp>(c, [](ReverseOp op, Term dy, Gradients &gradients) {
    gradients.add(op.getInput(),
                  {dy.builder, ReverseOp::create(*dy.builder, dy.value, op.getDimensions())});
  });
  // They look at shapes alone.
  rule<ExtentOp>(c, [](ExtentOp, Term, Gradients &) {});
  rule<RandomUniformOp>(c, [](RandomUniformOp, Term, Gradients &) {});
  // The rule of gradients: what was repeated is summed.
  rule<BroadcastOp>(
      c, [](BroadcastOp op, Term dy, Gradients &gradients) { gradients.add(op.getInput(), dy); });
  rule<PadOp>(c, [](PadOp op, Term dy, Gradients &gradients) {
    gradients.add(op.getInput(), crop(dy, op.getLow(), op.getInput().getType().getShape()));
  });
  rule<SliceOp>(
      c, [](SliceOp op, Term dy, Gradients &gradients) { differentiateSlice(op, dy, gradients); });
  rule<GatherOp>(c, [](GatherOp op, Term dy, Gradients &gradients) {
    differentiateGather(op, dy, gradients);
  });
  rule<InterleaveOp>(c, [](InterleaveOp op, Term dy, Gradients &gradients) {
    differentiateInterleave(op, dy, gradients);
  });
  rule<ConcatenateOp>(c, [](ConcatenateOp op, Term dy, Gradients &gradients) {
    differentiateConcatenate(op, dy, gradients);
  });
}

} // namespace hornet::differentiate
