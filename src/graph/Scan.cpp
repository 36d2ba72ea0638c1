#include "graph/Scan.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;

namespace hornet::graph {

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

RankedTensorType stepOf(RankedTensorType sequence) {
  SmallVector<int64_t> shape(sequence.getShape());
  shape.erase(shape.begin() + 1);
  return RankedTensorType::get(shape, sequence.getElementType());
}

RankedTensorType sequenceOf(RankedTensorType step, int64_t time) {
  SmallVector<int64_t> shape(step.getShape());
  shape.insert(shape.begin() + 1, time);
  return RankedTensorType::get(shape, step.getElementType());
}

ScanOp buildScan(OpBuilder &builder, Location loc, ValueRange sequences, ValueRange states,
                 bool reverse, function_ref<ScanStep(ValueRange, ValueRange)> step) {
  // What holds the body until its results are known.
  auto holder =
      ScanOp::create(builder, loc, TypeRange(), ValueRange(), ValueRange(), ValueRange(), reverse);
  Region &body = holder.getBody();
  Block &block = body.emplaceBlock();
  for (Value sequence : sequences)
    block.addArgument(stepOf(typeOf(sequence)), loc);
  for (Value state : states)
    block.addArgument(state.getType(), loc);
  ArrayRef<BlockArgument> arguments = block.getArguments();
  ScanStep given;
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&block);
    given = step(ValueRange(arguments.take_front(sequences.size())),
                 ValueRange(arguments.drop_front(sequences.size())));
    auto isNull = [](Value value) { return !value; };
    if (llvm::any_of(given.outputs, isNull) || llvm::any_of(given.states, isNull)) {
      holder.erase();
      return {};
    }
    builder.setInsertionPointToEnd(&block);
    SmallVector<Value> yielded(given.outputs);
    llvm::append_range(yielded, given.states);
    YieldOp::create(builder, loc, yielded);
  }
  IRRewriter rewriter(builder);
  SmallVector<Value> shared = makeRegionIsolatedFromAbove(
      rewriter, body, [](Operation *op) { return op->hasTrait<OpTrait::ConstantLike>(); });
  SmallVector<Type> types;
  int64_t time = typeOf(sequences.front()).getDimSize(1);
  for (Value output : given.outputs)
    types.push_back(sequenceOf(typeOf(output), time));
  llvm::append_range(types, states.getTypes());
  auto scan = ScanOp::create(builder, loc, types, sequences, states, shared, reverse);
  scan.getBody().takeBody(body);
  holder.erase();
  return scan;
}

//===----------------------------------------------------------------------===//
// The op
//===----------------------------------------------------------------------===//

int64_t ScanOp::getTime() { return typeOf(getSequences().front()).getDimSize(1); }

LogicalResult ScanOp::verify() {
  if (getSequences().empty())
    return emitOpError("(C1) must have a sequence");
  for (Value sequence : getSequences())
    if (RankedTensorType type = typeOf(sequence); type.getRank() < 2 || type.isDynamicDim(1) ||
                                                  type.getDimSize(1) < 1 ||
                                                  type.getDimSize(1) != getTime())
      return emitOpError("(C1) sequences must be (batch, time, …) with one time, got ") << type;
  return success();
}

LogicalResult ScanOp::verifyRegions() {
  SmallVector<Type> expected;
  for (Value sequence : getSequences())
    expected.push_back(stepOf(typeOf(sequence)));
  llvm::append_range(expected, getStates().getTypes());
  llvm::append_range(expected, getShared().getTypes());
  if (!llvm::equal(expected, getBody().getArgumentTypes()))
    return emitOpError("(C2) the body must take ") << expected;
  auto yield = dyn_cast<YieldOp>(getBody().front().getTerminator());
  if (!yield || yield.getNumOperands() != getNumResults() || getNumResults() < getStates().size() ||
      !llvm::equal(getNewStates().getTypes(), getStates().getTypes()))
    return emitOpError("(C3) the body must yield outputs and then states of the types ")
           << getStates().getTypes();
  for (auto [given, result] : llvm::zip_equal(getStepOutputs(), getOutputs()))
    if (sequenceOf(typeOf(given), getTime()) != result.getType())
      return emitOpError("(C4) expected the output ") << sequenceOf(typeOf(given), getTime());
  if (!llvm::equal(getLastStates().getTypes(), getStates().getTypes()))
    return emitOpError("(C4) expected the states ") << getStates().getTypes();
  return success();
}

namespace {

/// Leaves out outputs that nothing uses, states that nothing but themselves depends on, and
/// sequences and shared values that the body does not read.
struct DropUnused : OpRewritePattern<ScanOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ScanOp op, PatternRewriter &rewriter) const override {
    Block &block = op.getBody().front();
    SmallVector<Value> sequences, states, shared, yielded, kept;
    llvm::BitVector unused(block.getNumArguments());
    auto keep = [&](OperandRange operands, Block::BlockArgListType arguments,
                    SmallVectorImpl<Value> &into, function_ref<bool(size_t)> isUnused) {
      for (auto [i, operand] : llvm::enumerate(operands))
        if (isUnused(i))
          unused.set(arguments[i].getArgNumber());
        else
          into.push_back(operand);
    };
    for (auto [output, result] : llvm::zip_equal(op.getStepOutputs(), op.getOutputs()))
      if (!result.use_empty()) {
        yielded.push_back(output);
        kept.push_back(result);
      }
    auto isIdle = [&](size_t i) {
      BlockArgument state = op.getCarried()[i];
      bool isKept = op.getNewStates()[i] == state;
      bool onlyYielded =
          llvm::all_of(state.getUsers(), [](Operation *u) { return isa<YieldOp>(u); });
      return op.getLastStates()[i].use_empty() &&
             (state.use_empty() || (isKept && onlyYielded && state.hasOneUse()));
    };
    keep(op.getStates(), op.getCarried(), states, isIdle);
    for (size_t i = 0; i < op.getStates().size(); ++i)
      if (!isIdle(i)) {
        yielded.push_back(op.getNewStates()[i]);
        kept.push_back(op.getLastStates()[i]);
      }
    // One sequence must stay: it says how many steps there are.
    keep(op.getSequences(), op.getSteps(), sequences, [&](size_t i) {
      bool isLast = sequences.empty() && i + 1 == op.getSequences().size();
      return op.getSteps()[i].use_empty() && !isLast;
    });
    keep(op.getShared(), op.getSharedArguments(), shared,
         [&](size_t i) { return op.getSharedArguments()[i].use_empty(); });
    if (unused.none() && kept.size() == op.getNumResults())
      return failure();
    rewriter.modifyOpInPlace(block.getTerminator(),
                             [&] { block.getTerminator()->setOperands(yielded); });
    auto scan = ScanOp::create(rewriter, op.getLoc(), ValueRange(kept).getTypes(), sequences,
                               states, shared, op.getReverse());
    rewriter.inlineRegionBefore(op.getBody(), scan.getBody(), scan.getBody().end());
    scan.getBody().front().eraseArguments(unused);
    rewriter.replaceAllUsesWith(kept, scan.getResults());
    rewriter.eraseOp(op);
    return success();
  }
};

} // namespace

void ScanOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<DropUnused>(context);
}

} // namespace hornet::graph
