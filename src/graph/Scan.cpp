#include "graph/Scan.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"

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

ScanBuilder::ScanBuilder(OpBuilder &builder, Location loc, bool reverse)
    : holder(ScanOp::create(builder, loc, TypeRange(), ValueRange(), ValueRange(), ValueRange(),
                            reverse)) {
  holder.getBody().emplaceBlock();
}

ScanBuilder::~ScanBuilder() {
  if (holder)
    holder.erase();
}

Value ScanBuilder::addSequence(Value sequence) {
  sequences.push_back(sequence);
  return body().insertArgument(static_cast<unsigned>(sequences.size() - 1),
                               stepOf(typeOf(sequence)), holder.getLoc());
}

Value ScanBuilder::addState(Value initial) {
  states.push_back(initial);
  return body().addArgument(initial.getType(), holder.getLoc());
}

/// Makes arguments of what the body uses from outside. Upstream's makeRegionIsolatedFromAbove sees
/// values of enclosing regions alone, and what a gradient takes of another body is of none.
SmallVector<Value> ScanBuilder::takeIn() {
  SmallVector<Value> shared;
  IRMapping inside;
  OpBuilder atStart = OpBuilder::atBlockBegin(&body());
  for (Operation &op : body())
    for (OpOperand &operand : op.getOpOperands()) {
      Value value = operand.get();
      if (value.getParentBlock() == &body())
        continue;
      if (!inside.contains(value)) {
        Operation *from = value.getDefiningOp();
        if (from && from->hasTrait<OpTrait::ConstantLike>()) {
          inside.map(value, atStart.clone(*from)->getResult(0));
        } else {
          shared.push_back(value);
          inside.map(value, body().addArgument(value.getType(), holder.getLoc()));
        }
      }
      operand.set(inside.lookup(value));
    }
  return shared;
}

ScanOp ScanBuilder::finish(const ScanStep &given) {
  OpBuilder rewriter(holder);
  rewriter.setInsertionPointToEnd(&body());
  SmallVector<Value> yielded(given.outputs);
  llvm::append_range(yielded, given.states);
  YieldOp::create(rewriter, holder.getLoc(), yielded);
  SmallVector<Value> shared = takeIn();
  rewriter.setInsertionPoint(holder);
  SmallVector<Type> types;
  int64_t time = typeOf(sequences.front()).getDimSize(1);
  for (Value output : given.outputs)
    types.push_back(sequenceOf(typeOf(output), time));
  llvm::append_range(types, ValueRange(states).getTypes());
  auto scan = ScanOp::create(rewriter, holder.getLoc(), types, sequences, states, shared,
                             holder.getReverse());
  scan.getBody().takeBody(holder.getBody());
  holder.erase();
  holder = {};
  return scan;
}

ScanOp buildScan(OpBuilder &builder, Location loc, ValueRange sequences, ValueRange states,
                 bool reverse, function_ref<ScanStep(ValueRange, ValueRange)> step) {
  ScanBuilder scan(builder, loc, reverse);
  SmallVector<Value> steps, carried;
  for (Value sequence : sequences)
    steps.push_back(scan.addSequence(sequence));
  for (Value state : states)
    carried.push_back(scan.addState(state));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&scan.body());
  ScanStep given = step(steps, carried);
  auto isNull = [](Value value) { return !value; };
  if (llvm::any_of(given.outputs, isNull) || llvm::any_of(given.states, isNull))
    return {};
  return scan.finish(given);
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
