// graph-to-linalg: loops over time. The loop carries tensors: what is stacked, of which each step
// inserts its own part, and the states.

#include "graph/Scan.h"
#include "lower/GraphToLinalg.h"
#include "lower/Structured.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace hornet::lower {
namespace {

bool isMask(Type type) { return getElementTypeOrSelf(type).isInteger(1); }

/// Truth values as bytes, and back: bits have no addresses, so that what reads them from memory
/// would be no vector.
Value toBytes(OpBuilder &builder, Location loc, Value mask) {
  auto type = cast<RankedTensorType>(mask.getType()).clone(builder.getI8Type());
  return elementwise(builder, loc, cast<RankedTensorType>(type), mask,
                     [&](OpBuilder &nested, Location at, ValueRange elements) -> Value {
                       return arith::ExtUIOp::create(nested, at, nested.getI8Type(), elements[0]);
                     });
}

Value fromBytes(OpBuilder &builder, Location loc, Value bytes) {
  auto type = cast<RankedTensorType>(bytes.getType()).clone(builder.getI1Type());
  return elementwise(builder, loc, cast<RankedTensorType>(type), bytes,
                     [&](OpBuilder &nested, Location at, ValueRange elements) -> Value {
                       Value zero = arith::ConstantIntOp::create(nested, at, 0, 8);
                       return arith::CmpIOp::create(nested, at, arith::CmpIPredicate::ne,
                                                    elements[0], zero);
                     });
}

/// Where the step at `time` lies in a sequence.
struct Place {
  SmallVector<OpFoldResult> offsets, sizes, strides;

  Place(OpBuilder &builder, Location loc, Value sequence, Value time)
      : sizes(tensor::getMixedSizes(builder, loc, sequence)) {
    offsets.assign(sizes.size(), builder.getIndexAttr(0));
    strides.assign(sizes.size(), builder.getIndexAttr(1));
    offsets[1] = time;
    sizes[1] = builder.getIndexAttr(1);
  }
};

struct ScanToLoop : OpRewritePattern<graph::ScanOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(graph::ScanOp op, PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    SmallVector<Value> sequences, carried;
    for (Value sequence : op.getSequences())
      sequences.push_back(isMask(sequence.getType()) ? toBytes(rewriter, loc, sequence) : sequence);
    for (Value output : op.getOutputs())
      carried.push_back(emptyTensor(rewriter, loc, cast<RankedTensorType>(output.getType()),
                                    op.getSequences().front()));
    llvm::append_range(carried, op.getStates());

    auto index = [&](int64_t value) {
      return arith::ConstantIndexOp::create(rewriter, loc, value).getResult();
    };
    Value first = index(0), last = index(op.getTime() - 1), one = index(1);
    auto loop = scf::ForOp::create(rewriter, loc, first, index(op.getTime()), one, carried);
    rewriter.setInsertionPointToStart(loop.getBody());
    Value time = loop.getInductionVar();
    if (op.getReverse())
      time = arith::SubIOp::create(rewriter, loc, last, time);

    ValueRange inside = loop.getRegionIterArgs();
    ValueRange stacked = inside.take_front(op.countOutputs());
    ValueRange states = inside.drop_front(op.countOutputs());
    SmallVector<Value> arguments;
    for (auto [sequence, step] : llvm::zip_equal(sequences, op.getSteps()))
      arguments.push_back(stepAt(rewriter, loc, sequence, time, step.getType()));
    llvm::append_range(arguments, states);
    llvm::append_range(arguments, op.getShared());

    SmallVector<Value> outputs(op.getStepOutputs()), news(op.getNewStates());
    for (Value &given : llvm::concat<Value>(outputs, news))
      if (auto argument = dyn_cast<BlockArgument>(given);
          argument && argument.getOwner() == &op.getBody().front())
        given = arguments[argument.getArgNumber()];
    Operation *yield = op.getBody().front().getTerminator();
    rewriter.inlineBlockBefore(&op.getBody().front(), loop.getBody(), loop.getBody()->end(),
                               arguments);
    rewriter.setInsertionPoint(yield);
    SmallVector<Value> yielded;
    for (auto [value, sequence] : llvm::zip_equal(outputs, stacked)) {
      Place place(rewriter, loc, sequence, time);
      // A step (batch) has no contiguous elements in its sequence: no vector can be written.
      if (cast<RankedTensorType>(value.getType()).getRank() == 1)
        value = withOneColumn(rewriter, loc, value);
      yielded.push_back(tensor::InsertSliceOp::create(rewriter, loc, value, sequence, place.offsets,
                                                      place.sizes, place.strides));
    }
    // In its place, so that the loop carries one buffer: upstream's bufferization would allocate
    // a new one in each step. A single step is no loop in the end.
    for (auto [value, state] : llvm::zip_equal(news, states))
      yielded.push_back(value == state || op.getTime() == 1
                            ? value
                            : bufferization::MaterializeInDestinationOp::create(
                                  rewriter, loc, state.getType(), value, state)
                                  .getResult());
    scf::YieldOp::create(rewriter, loc, yielded);
    rewriter.eraseOp(yield);
    rewriter.replaceOp(op, loop.getResults());
    return success();
  }

  static Value withOneColumn(OpBuilder &builder, Location loc, Value step) {
    auto type = cast<RankedTensorType>(step.getType());
    auto column = RankedTensorType::get({type.getDimSize(0), 1}, type.getElementType());
    return tensor::ExpandShapeOp::create(builder, loc, column, step,
                                         SmallVector<ReassociationIndices>{{0, 1}});
  }

  static Value stepAt(OpBuilder &builder, Location loc, Value sequence, Value time, Type type) {
    Place place(builder, loc, sequence, time);
    Type element = getElementTypeOrSelf(sequence.getType());
    auto stepType = RankedTensorType::get(cast<RankedTensorType>(type).getShape(), element);
    Value step = tensor::ExtractSliceOp::create(builder, loc, stepType, sequence, place.offsets,
                                                place.sizes, place.strides);
    return element == getElementTypeOrSelf(type) ? step : fromBytes(builder, loc, step);
  }
};

} // namespace

void addScanToLoop(RewritePatternSet &patterns) { patterns.add<ScanToLoop>(patterns.getContext()); }

} // namespace hornet::lower
