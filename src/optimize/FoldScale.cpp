#include "optimize/Passes.h"

#include "graph/Arithmetic.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;
using namespace hornet::graph;

namespace hornet::optimize {
#define GEN_PASS_DEF_FOLDSCALE
#include "optimize/Passes.h.inc"
} // namespace hornet::optimize

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// Whether `value` comes from parameters and constants. Gives up on formulas of more than a few
/// ops: those of layers are short, and the way from an activation back to the input is long.
static bool dependsOnParametersAlone(Value value) {
  constexpr size_t most = 64;
  SmallVector<Value> pending = {value};
  llvm::SmallPtrSet<Operation *, 16> seen;
  while (!pending.empty()) {
    Operation *op = pending.pop_back_val().getDefiningOp();
    if (!op || !isPure(op) || op->getNumRegions() != 0)
      return false;
    if (!seen.insert(op).second)
      continue;
    if (seen.size() > most)
      return false;
    llvm::append_range(pending, op->getOperands());
  }
  return true;
}

/// Whether `value` is broadcast along all dimensions but, perhaps, the last.
static bool isPerChannel(Value value) {
  RankedTensorType type = typeOf(value);
  return type.hasStaticShape() &&
         (type.getRank() == 0 ||
          llvm::all_of(type.getShape().drop_back(), [](int64_t extent) { return extent == 1; }));
}

/// Whether `value` is a convolution or product of its own, with parameters as its weight.
static bool takesScale(Value value) {
  Operation *op = value.getDefiningOp();
  return isa_and_nonnull<ConvolutionOp, MatmulOp>(op) && op->hasOneUse() &&
         dependsOnParametersAlone(op->getOperand(1));
}

/// The same op on another input and another weight.
static Operation *withOperands(PatternRewriter &rewriter, Operation *contraction, Value input,
                               Value weight) {
  Operation *result = rewriter.clone(*contraction);
  result->setOperands({input, weight});
  return result;
}

namespace {

#include "optimize/Patterns.h.inc"

/// conv(x, w) * s -> conv(x, w * s): the filters are w's last dimension, grouped or not.
struct FoldScaleAfter : OpRewritePattern<MultiplyOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(MultiplyOp op, PatternRewriter &rewriter) const override {
    Value s = op.getRhs();
    if (!takesScale(op.getLhs()) || op.getType() != op.getLhs().getType() || !isPerChannel(s) ||
        !dependsOnParametersAlone(s))
      return failure();
    Operation *contraction = op.getLhs().getDefiningOp();
    ImplicitLocOpBuilder at(op.getLoc(), rewriter);
    Term scale{&at, s}, weight{&at, contraction->getOperand(1)};
    if (scale.type().getRank() > 1)
      scale = reshape(scale, scale.type().getShape().back());
    rewriter.replaceOp(op, withOperands(rewriter, contraction, contraction->getOperand(0),
                                        (weight * scale).value));
    return success();
  }
};

/// `weight` with its input channels scaled by `scale`, of shape (1) or (channels). Group g of the
/// filters reads group g of the channels.
Term scaleInputs(Term weight, Term scale, int64_t groups) {
  ArrayRef<int64_t> shape = weight.type().getShape();
  int64_t channels = shape[shape.size() - 2], filters = shape.back();
  if (scale.type().getNumElements() == 1)
    return weight * scale;
  if (groups == 1)
    return weight * reshape(scale, {channels, 1});
  SmallVector<int64_t> split(shape.drop_back());
  split.append({groups, filters / groups});
  Term grouped = reshape(scale, {groups, channels});
  grouped = {scale.builder,
             TransposeOp::create(*scale.builder, grouped.value, ArrayRef<int64_t>{1, 0})};
  return reshape(reshape(weight, split) * reshape(grouped, {channels, groups, 1}), shape);
}

/// conv(x * s, w) -> conv(x, s * w), also with zero padding: zeros have no scale.
template <class Op> struct FoldScaleBefore : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    Value weight = op->getOperand(1);
    auto product = op->getOperand(0).template getDefiningOp<MultiplyOp>();
    if (!product || !product->hasOneUse() || product.getType() != product.getLhs().getType() ||
        !isPerChannel(product.getRhs()) || !dependsOnParametersAlone(product.getRhs()) ||
        !dependsOnParametersAlone(weight))
      return failure();
    ImplicitLocOpBuilder at(product.getLoc(), rewriter);
    Term scale{&at, product.getRhs()};
    scale = reshape(scale, scale.type().getNumElements());
    int64_t groups = 1;
    if constexpr (std::is_same_v<Op, ConvolutionOp>)
      groups = op.getGroups();
    rewriter.replaceOp(op, withOperands(rewriter, op, product.getLhs(),
                                        scaleInputs({&at, weight}, scale, groups).value));
    return success();
  }
};

struct FoldScale : hornet::optimize::impl::FoldScaleBase<FoldScale> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateWithGenerated(patterns);
    patterns.add<FoldScaleAfter, FoldScaleBefore<ConvolutionOp>, FoldScaleBefore<MatmulOp>>(
        &getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
