// Canonicalizations that move ops.
//
// Transposes: a channels_first model is imported as channels-last ops between two transposes each;
// they all sink towards the results, where they meet the next layer's transpose and compose to
// nothing. Activations: behind a pooling, they are computed of fewer elements; before an
// interleave, where its parts are.

#include "graph/Graph.h"

#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace hornet::graph;

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

static TransposeOp transposeOf(Value value) { return value.getDefiningOp<TransposeOp>(); }

/// What becomes of per-dimension numbers of transpose's result when the op moves to its input.
static SmallVector<int64_t> beforeTranspose(TransposeOp transpose, ArrayRef<int64_t> entries) {
  return applyPermutation(entries, invertPermutationVector(transpose.getPermutation()));
}

static bool isOne(int64_t extent) { return extent == 1; }

/// Whether a broadcast operand can be given all the dimensions of the result and be transposed
/// back.
static bool canTransposeBack(Value value, size_t rank) {
  RankedTensorType type = typeOf(value);
  return llvm::all_of(type.getShape(), isOne) || type.hasStaticShape() ||
         type.getRank() == static_cast<int64_t>(rank);
}

static Value transposeBack(PatternRewriter &rewriter, Location loc, Value value,
                           ArrayRef<int64_t> permutation) {
  RankedTensorType type = typeOf(value);
  if (llvm::all_of(type.getShape(), isOne))
    return value;
  SmallVector<int64_t> shape(permutation.size() - type.getRank(), 1);
  if (!shape.empty()) {
    llvm::append_range(shape, type.getShape());
    value = ReshapeOp::create(rewriter, loc, type.clone(shape), value);
  }
  return TransposeOp::create(rewriter, loc, value, invertPermutationVector(permutation));
}

namespace {

/// f(transpose(x), transpose(y), small) -> transpose(f(x, y, transpose back(small))). Small are
/// operands that are broadcast: moving them costs less than moving the result.
struct SinkThroughPointwise : OpTraitRewritePattern<Pointwise> {
  using OpTraitRewritePattern::OpTraitRewritePattern;

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    RankedTensorType type = typeOf(op->getResult(0));
    auto isFull = [&](Value operand) { return typeOf(operand).getShape() == type.getShape(); };
    auto full = llvm::find_if(op->getOperands(), isFull);
    TransposeOp leader = full == op->operand_end() ? TransposeOp() : transposeOf(*full);
    if (!leader)
      return failure();
    ArrayRef<int64_t> permutation = leader.getPermutation();
    auto isAlike = [&](Value operand) {
      TransposeOp transpose = transposeOf(operand);
      return transpose && transpose.getPermutation() == permutation;
    };
    for (Value operand : op->getOperands())
      if (!isAlike(operand) && (isFull(operand) || !canTransposeBack(operand, permutation.size())))
        return failure();
    auto operands = llvm::map_to_vector(op->getOperands(), [&](Value operand) -> Value {
      return isAlike(operand) ? transposeOf(operand).getInput()
                              : transposeBack(rewriter, op->getLoc(), operand, permutation);
    });
    OperationState state(op->getLoc(), op->getName(), operands,
                         type.clone(beforeTranspose(leader, type.getShape())), op->getAttrs());
    Operation *sunk = rewriter.create(state);
    rewriter.replaceOpWithNewOp<TransposeOp>(op, sunk->getResult(0), permutation);
    return success();
  }
};

/// op(transpose(x)) -> transpose(op'(x)) for ops with one input of note; `sink` builds op'.
template <class Op, Value (*sink)(Op, TransposeOp, PatternRewriter &)>
struct SinkThrough : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    TransposeOp transpose = transposeOf(op.getInput());
    if (!transpose)
      return failure();
    Value sunk = sink(op, transpose, rewriter);
    if (!sunk)
      return failure();
    rewriter.replaceOpWithNewOp<TransposeOp>(op, sunk, transpose.getPermutation());
    return success();
  }
};

Value sinkSoftmax(SoftmaxOp op, TransposeOp transpose, PatternRewriter &rewriter) {
  return SoftmaxOp::create(rewriter, op.getLoc(), transpose.getInput(),
                           transpose.getPermutation()[op.getDimension()]);
}

Value sinkBatchNorm(BatchNormOp op, TransposeOp transpose, PatternRewriter &rewriter) {
  ArrayRef<int64_t> permutation = transpose.getPermutation();
  bool overLast = cast<RankedTensorType>(op.getMean().getType()).getRank() == 1;
  if (!overLast || permutation.back() != static_cast<int64_t>(permutation.size()) - 1)
    return {};
  return BatchNormOp::create(rewriter, op.getLoc(), transpose.getInput(), op.getGamma(),
                             op.getBeta(), op.getMean(), op.getVariance(), op.getEpsilonAttr(),
                             op.getMomentumAttr(), op.getUnbiasedAttr());
}

Value sinkPad(PadOp op, TransposeOp transpose, PatternRewriter &rewriter) {
  return PadOp::create(rewriter, op.getLoc(), transpose.getInput(),
                       beforeTranspose(transpose, op.getLow()),
                       beforeTranspose(transpose, op.getHigh()), op.getValue());
}

Value sinkSlice(SliceOp op, TransposeOp transpose, PatternRewriter &rewriter) {
  return SliceOp::create(
      rewriter, op.getLoc(), transpose.getInput(), beforeTranspose(transpose, op.getStart()),
      beforeTranspose(transpose, op.getLimit()), beforeTranspose(transpose, op.getStrides()));
}

/// reduce(transpose(x)) -> transpose(reduce(x)); the dimensions that are left keep their order.
template <class Op> struct SinkThroughReduce : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    TransposeOp transpose = transposeOf(op.getInput());
    if (!transpose)
      return failure();
    SmallVector<int64_t> reduced, left;
    for (auto [i, source] : llvm::enumerate(transpose.getPermutation()))
      (llvm::is_contained(op.getDimensions(), i) ? reduced : left).push_back(source);
    SmallVector<int64_t> sorted = left, permutation;
    llvm::sort(reduced);
    llvm::sort(sorted);
    for (int64_t source : left)
      permutation.push_back(llvm::find(sorted, source) - sorted.begin());
    auto sunk = Op::create(rewriter, op.getLoc(), transpose.getInput(), reduced);
    rewriter.replaceOpWithNewOp<TransposeOp>(op, sunk, permutation);
    return success();
  }
};

struct SinkThroughConcatenate : OpRewritePattern<ConcatenateOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ConcatenateOp op, PatternRewriter &rewriter) const override {
    TransposeOp first = transposeOf(op.getInputs().front());
    SmallVector<Value> inputs;
    for (Value input : op.getInputs()) {
      TransposeOp transpose = transposeOf(input);
      if (!transpose || transpose.getPermutation() != first.getPermutation())
        return failure();
      inputs.push_back(transpose.getInput());
    }
    auto sunk = ConcatenateOp::create(rewriter, op.getLoc(), inputs,
                                      first.getPermutation()[op.getDimension()]);
    rewriter.replaceOpWithNewOp<TransposeOp>(op, sunk, first.getPermutation());
    return success();
  }
};

/// f(interleave(x, y), small) -> interleave(f(x, small), f(y, small)): f then is a part of the
/// kernels that compute x and y.
struct RisePastInterleave : OpTraitRewritePattern<Pointwise> {
  using OpTraitRewritePattern::OpTraitRewritePattern;

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    RankedTensorType type = typeOf(op->getResult(0));
    auto isWhole = [&](Value operand) {
      return typeOf(operand).getShape() == type.getShape() && operand.hasOneUse() &&
             operand.getDefiningOp<InterleaveOp>();
    };
    OpOperand *whole =
        llvm::find_if(op->getOpOperands(), [&](OpOperand &o) { return isWhole(o.get()); });
    if (whole == op->getOpOperands().end())
      return failure();
    auto interleave = whole->get().getDefiningOp<InterleaveOp>();
    auto dimension = static_cast<int64_t>(interleave.getDimension());
    for (OpOperand &other : op->getOpOperands()) {
      RankedTensorType small = typeOf(other.get());
      int64_t at = dimension - (type.getRank() - small.getRank());
      if (&other != whole && at >= 0 && small.getDimSize(at) != 1)
        return failure();
    }
    SmallVector<Value> parts;
    for (Value input : interleave.getInputs()) {
      SmallVector<Value> operands(op->getOperands());
      operands[whole->getOperandNumber()] = input;
      OperationState state(op->getLoc(), op->getName(), operands,
                           type.clone(typeOf(input).getShape()), op->getAttrs());
      parts.push_back(rewriter.create(state)->getResult(0));
    }
    rewriter.replaceOpWithNewOp<InterleaveOp>(op, parts, interleave.getDimension());
    return success();
  }
};

/// concat(x a, x b) -> x concat(a, b), also of convolutions: gates of a recurrent layer, each of
/// which dropout would have changed the input of.
struct JoinProducts : OpRewritePattern<ConcatenateOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ConcatenateOp op, PatternRewriter &rewriter) const override {
    Operation *first = op.getInputs().front().getDefiningOp();
    bool isLast = static_cast<int64_t>(op.getDimension()) == op.getType().getRank() - 1;
    if (!isLast || !isa_and_nonnull<MatmulOp, ConvolutionOp>(first))
      return failure();
    if (auto convolution = dyn_cast<ConvolutionOp>(first);
        convolution && convolution.getGroups() > 1)
      return failure();
    SmallVector<Value> right;
    for (Value input : op.getInputs()) {
      Operation *product = input.getDefiningOp();
      if (!product || product->getName() != first->getName() || !input.hasOneUse() ||
          product->getOperand(0) != first->getOperand(0) ||
          product->getAttrDictionary() != first->getAttrDictionary())
        return failure();
      right.push_back(product->getOperand(1));
    }
    Value joined = ConcatenateOp::create(
        rewriter, op.getLoc(), right, static_cast<uint64_t>(typeOf(right.front()).getRank() - 1));
    OperationState state(first->getLoc(), first->getName(), {first->getOperand(0), joined},
                         op.getType(), first->getAttrs());
    rewriter.replaceOp(op, rewriter.create(state));
    return success();
  }
};

/// A transpose that moves dimensions of extent 1 alone moves no element: it is a reshape.
struct TransposeOfUnitDimensions : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(TransposeOp op, PatternRewriter &rewriter) const override {
    auto type = typeOf(op.getInput());
    SmallVector<int64_t> moved;
    for (int64_t dimension : op.getPermutation())
      if (type.getDimSize(dimension) != 1)
        moved.push_back(dimension);
    bool batchStays = type.hasStaticShape() || op.getPermutation().front() == 0;
    if (!batchStays || !llvm::is_sorted(moved))
      return failure();
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), op.getInput());
    return success();
  }
};

/// max_pool(f(x)) -> f(max_pool(x)) for an f that keeps the order of the elements of a window: an
/// activation, or a bias. A gradient then needs neither the whole of f(x) nor a mask of its size.
struct SinkThroughMaxPool : OpRewritePattern<MaxPoolOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(MaxPoolOp op, PatternRewriter &rewriter) const override {
    Operation *f = op.getInput().getDefiningOp();
    if (!f || !f->hasOneUse() || !keepsOrder(f) || all(op.getStrides(), isOne))
      return failure();
    Value pooled = MaxPoolOp::create(rewriter, op.getLoc(), f->getOperand(0), op.getWindow(),
                                     op.getStrides(), op.getLow(), op.getHigh());
    Operation *sunk = rewriter.clone(*f);
    sunk->setOperand(0, pooled);
    sunk->getResult(0).setType(pooled.getType());
    rewriter.replaceOp(op, sunk);
    return success();
  }

private:
  static bool all(ArrayRef<int64_t> values, bool (*is)(int64_t)) {
    return llvm::all_of(values, is);
  }

  static bool keepsOrder(Operation *f) {
    if (f->hasTrait<NonDecreasing>())
      return true;
    if (!isa<AddOp>(f) || f->getOperand(0).getType() != f->getResult(0).getType())
      return false;
    RankedTensorType bias = typeOf(f->getOperand(1));
    return bias.getRank() == 0 || all(bias.getShape().drop_back(), isOne);
  }
};

} // namespace

void MaxPoolOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<SinkThroughMaxPool>(context);
}

void GraphDialect::getCanonicalizationPatterns(RewritePatternSet &patterns) const {
  patterns.add<SinkThroughPointwise, RisePastInterleave, SinkThrough<SoftmaxOp, sinkSoftmax>,
               SinkThrough<BatchNormOp, sinkBatchNorm>, SinkThrough<PadOp, sinkPad>,
               SinkThrough<SliceOp, sinkSlice>, SinkThroughReduce<ReduceMaxOp>,
               SinkThroughReduce<ReduceSumOp>, SinkThroughConcatenate, JoinProducts,
               TransposeOfUnitDimensions>(getContext());
}
