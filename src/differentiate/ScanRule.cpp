// The gradient of a loop over time: a loop in the other direction, whose body is what the rules
// make of the forward one's. What it uses of a forward step is stacked by the forward loop, which
// becomes one with more outputs.

#include "differentiate/Rules.h"
#include "graph/Scan.h"

#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace hornet::graph;

namespace hornet::differentiate {
namespace {

bool isFloat(Value value) { return isa<FloatType>(getElementTypeOrSelf(value)); }

/// Whether the op sums over the leading dimension of all operands: for all steps at once, it takes
/// (batch * time, …) instead.
bool sumsOverBatch(Operation *op) {
  if (auto sum = dyn_cast<ReduceSumOp>(op))
    return llvm::is_contained(sum.getDimensions(), 0);
  return isa<FilterGradientOp>(op);
}

/// Whether a sum of its results is its result of sums.
bool isLinear(Operation *op) {
  if (auto pad = dyn_cast<PadOp>(op))
    return pad.getValue().isZero();
  if (auto add = dyn_cast<AddOp>(op))
    return add.getLhs().getType() == add.getRhs().getType();
  return isa<NegateOp, ReshapeOp, ReverseOp, SliceOp, TransposeOp>(op);
}

class ScanGradient {
public:
  ScanGradient(ScanOp forward, Gradients &gradients)
      : forward(forward), gradients(gradients),
        builder(*gradients.term(forward.getResult(0)).builder),
        backward(builder, forward.getLoc(), !forward.getReverse()) {}

  void run() {
    findVariables();
    if (failed(differentiateStep()))
      return gradients.fail();
    hoistInvariants();
    addSums();
    dropUnused();
    if (failed(findKept()))
      return gradients.fail();
    keep();
    takeIn();
    finish();
  }

private:
  Operation *yield() { return forward.getBody().front().getTerminator(); }
  bool isForward(Value value) { return value.getParentBlock() == &forward.getBody().front(); }
  bool isBackward(Value value) { return value.getParentBlock() == &backward.body(); }
  /// Rank 0 has no place for the time, and truth values are cheaper to compute again than to keep.
  bool canBeStacked(Value value) {
    return isFloat(value) && cast<RankedTensorType>(value.getType()).getRank() > 0 &&
           rowsOfASample(value) == 1;
  }

  /// How many rows each sample has along an open leading dimension, into which a loop within this
  /// one may have folded its time.
  int64_t rowsOfASample(Value value) {
    Operation *op = value.getDefiningOp();
    auto type = cast<RankedTensorType>(value.getType());
    if (!op || type.getRank() == 0 || !type.isDynamicDim(0))
      return 1;
    if (auto known = rowsOf.find(value); known != rowsOf.end())
      return known->second;
    int64_t rows = 1;
    for (Value operand : op->getOperands())
      rows = std::max(rows, rowsOfASample(operand));
    if (auto reshape = dyn_cast<ReshapeOp>(op)) {
      auto size = [](RankedTensorType of) { return llvm::product_of(of.getShape().drop_front()); };
      rows = rows * size(reshape.getInput().getType()) / size(type);
    }
    rowsOf[value] = rows;
    return rows;
  }

  /// Before the loop.
  Value zeros(Value like) {
    ImplicitLocOpBuilder before(builder.getLoc(), backward.place());
    return zerosLike({&before, like}).value;
  }

  //===--------------------------------------------------------------------===//
  // One step
  //===--------------------------------------------------------------------===//

  /// Arguments of the forward body that depend on a variable: states also by the steps before.
  void findVariables() {
    for (auto [operand, argument] :
         llvm::zip_equal(forward.getOperands(), forward.getBody().getArguments()))
      if (isFloat(operand) && gradients.isNeeded(operand))
        variables.insert(argument);
    for (size_t known = 0; known != variables.size();) {
      known = variables.size();
      auto dependents = Gradients::dependents(yield(), variables.getArrayRef());
      for (auto [after, state] : llvm::zip_equal(forward.getNewStates(), forward.getCarried()))
        if (isFloat(after) && dependents.contains(after))
          variables.insert(state);
    }
  }

  Value addSequence(Value sequence) {
    Value step = backward.addSequence(sequence);
    sequenceOfStep[step] = sequence;
    return step;
  }

  LogicalResult differentiateStep() {
    SmallVector<std::pair<Value, Value>> known;
    for (auto [result, given] : llvm::zip_equal(forward.getOutputs(), forward.getStepOutputs()))
      if (Value dy = gradients.ofResult(result).value)
        known.emplace_back(given, addSequence(dy));
    for (auto [initial, last, after, state] :
         llvm::zip_equal(forward.getStates(), forward.getLastStates(), forward.getNewStates(),
                         forward.getCarried()))
      if (variables.contains(state)) {
        Value dy = gradients.ofResult(last).value;
        carried.push_back({initial, backward.addState(dy ? dy : zeros(initial)), Value()});
        known.emplace_back(after, carried.back().before);
      }
    OpBuilder body = OpBuilder::atBlockEnd(&backward.body());
    auto found = Gradients::of(known, yield(), variables.getArrayRef(), body);
    if (failed(found))
      return failure();
    for (auto [variable, gradient] : llvm::zip_equal(variables, *found))
      gradientOf[variable] = gradient;
    auto *state = carried.begin();
    for (Value argument : forward.getCarried())
      if (variables.contains(argument)) {
        Value gradient = gradientOf.lookup(argument);
        ImplicitLocOpBuilder b(builder.getLoc(), body);
        state->after = gradient ? gradient : zerosLike({&b, state->before}).value;
        ++state;
      }
    return success();
  }

  //===--------------------------------------------------------------------===//
  // What is the same for all steps
  //===--------------------------------------------------------------------===//

  /// `value` before the loop, if it depends on no step.
  Value outside(Value value) {
    if (isBackward(value))
      return {};
    if (!isForward(value))
      return value;
    if (auto known = outsideOf.find(value); known != outsideOf.end())
      return known->second;
    Value computed = computedOutside(value);
    outsideOf[value] = computed;
    return computed;
  }

  Value computedOutside(Value value) {
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      size_t varying = forward.getSequences().size() + forward.getStates().size();
      return argument.getArgNumber() < varying ? Value()
                                               : forward.getOperand(argument.getArgNumber());
    }
    IRMapping mapping;
    for (Value operand : value.getDefiningOp()->getOperands()) {
      Value there = outside(operand);
      if (!there)
        return {};
      mapping.map(operand, there);
    }
    return cloned(value, OpBuilder(backward.place()), mapping);
  }

  static Value cloned(Value value, OpBuilder at, IRMapping &mapping) {
    auto result = cast<OpResult>(value);
    return at.clone(*result.getOwner(), mapping)->getResult(result.getResultNumber());
  }

  void hoistInvariants() {
    for (Operation &op : llvm::make_early_inc_range(backward.body())) {
      SmallVector<Value> operands =
          llvm::map_to_vector(op.getOperands(), [&](Value v) { return outside(v); });
      if (llvm::is_contained(operands, Value()))
        continue;
      op.setOperands(operands);
      op.moveBefore(backward.place());
    }
  }

  //===--------------------------------------------------------------------===//
  // Gradients to what is shared
  //===--------------------------------------------------------------------===//

  /// Whether the sum of `value` over all steps can be made behind the loop, at once.
  bool isSummedBehind(Value value) {
    Operation *op = value.getDefiningOp();
    if (!op || !isBackward(value))
      return false;
    if (sumsOverBatch(op))
      return llvm::all_of(op->getOperands(),
                          [&](Value v) { return !outside(v) && canBeStacked(v); });
    return isLinear(op) &&
           llvm::all_of(op->getOperands(), [&](Value v) { return isSummedBehind(v); });
  }

  /// That sum; what it takes from steps is put in when it is stacked.
  Value summedBehind(Value value) {
    Operation *op = value.getDefiningOp();
    IRMapping mapping;
    if (!sumsOverBatch(op))
      for (Value operand : op->getOperands())
        mapping.map(operand, summedBehind(operand));
    Operation *behind = builder.clone(*op, mapping);
    if (sumsOverBatch(op))
      for (OpOperand &operand : behind->getOpOperands())
        open.push_back(&operand);
    return behind->getResult(0);
  }

  /// Products and sums that are the gradients to parameters become one for all steps; others are
  /// summed by the loop, as a state.
  void addSums() {
    for (auto [operand, argument] :
         llvm::zip_equal(forward.getShared(), forward.getSharedArguments())) {
      Value gradient = gradientOf.lookup(argument);
      if (gradient && isSummedBehind(gradient)) {
        gradients.add(operand, gradients.term(summedBehind(gradient)));
      } else if (gradient) {
        Value sum = backward.addState(zeros(operand));
        auto body = ImplicitLocOpBuilder::atBlockEnd(builder.getLoc(), &backward.body());
        carried.push_back({operand, sum, AddOp::create(body, sum, gradient)});
      }
    }
  }

  /// Takes out of the body what only those sums were made of.
  void dropUnused() {
    llvm::DenseSet<Value> given;
    for (Value step : forward.getSteps())
      given.insert(gradientOf.lookup(step));
    for (const Carried &state : carried)
      given.insert(state.after);
    auto isGiven = [&](Value value) { return given.contains(value); };
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(backward.body())))
      if (op.use_empty() && llvm::none_of(op.getResults(), isGiven))
        op.erase();
  }

  //===--------------------------------------------------------------------===//
  // What the forward loop keeps
  //===--------------------------------------------------------------------===//

  LogicalResult findKept() {
    auto find = [&](Value value) { return findKept(value); };
    for (Operation &op : backward.body())
      if (!llvm::all_of(op.getOperands(), find))
        return failure();
    return success(llvm::all_of(open, [&](OpOperand *operand) { return find(operand->get()); }));
  }

  bool findKept(Value value) {
    if (!isForward(value) || outside(value) || llvm::is_contained(forward.getSteps(), value))
      return true;
    if (canBeStacked(value))
      return kept.insert(value), true;
    Operation *op = value.getDefiningOp();
    if (!op) {
      forward.emitError() << "a state of " << value.getType() << " has no gradient";
      return false;
    }
    return llvm::all_of(op->getOperands(), [&](Value operand) { return findKept(operand); });
  }

  /// Makes the forward loop one that gives these values, too.
  void keep() {
    if (!kept.empty())
      stackKept();
    for (auto [step, sequence] : llvm::zip_equal(forward.getSteps(), forward.getSequences()))
      stackOf[step] = sequence;
  }

  void stackKept() {
    SmallVector<Value> yielded(forward.getStepOutputs());
    llvm::append_range(yielded, kept);
    llvm::append_range(yielded, forward.getNewStates());
    SmallVector<Type> types(forward.getOutputs().getTypes());
    for (Value value : kept)
      types.push_back(
          graph::sequenceOf(cast<RankedTensorType>(value.getType()), forward.getTime()));
    llvm::append_range(types, forward.getLastStates().getTypes());
    yield()->setOperands(yielded);
    OpBuilder here(forward);
    auto keeping = ScanOp::create(here, forward.getLoc(), types, forward.getSequences(),
                                  forward.getStates(), forward.getShared(), forward.getReverse());
    SmallVector<Value> same(keeping.getResults().take_front(forward.countOutputs()));
    llvm::append_range(same, keeping.getLastStates());
    auto stacks = keeping.getOutputs().drop_front(forward.countOutputs());
    for (auto [value, stack] : llvm::zip_equal(kept, stacks))
      stackOf[value] = stack;
    keeping.getBody().takeBody(forward.getBody());
    gradients.replace(forward, same);
    forward = keeping;
  }

  /// Lets the backward body use what was kept, and compute the rest again.
  void takeIn() {
    for (Operation &op : llvm::make_early_inc_range(backward.body()))
      for (OpOperand &operand : op.getOpOperands())
        operand.set(inside(operand.get(), OpBuilder(&op)));
  }

  Value inside(Value value, OpBuilder at) {
    if (!isForward(value))
      return value;
    Value &known = insideOf[value];
    if (known)
      return known;
    if (Value same = outside(value))
      return known = same;
    if (Value stack = stackOf.lookup(value))
      return known = addSequence(stack);
    IRMapping mapping;
    for (Value operand : value.getDefiningOp()->getOperands())
      mapping.map(operand, inside(operand, at));
    return insideOf[value] = cloned(value, at, mapping);
  }

  //===--------------------------------------------------------------------===//
  // The backward loop
  //===--------------------------------------------------------------------===//

  void finish() {
    ScanStep step;
    auto outputOf = [&](Value value) {
      auto *found = llvm::find(step.outputs, value);
      if (found == step.outputs.end())
        step.outputs.push_back(value);
      return static_cast<size_t>(found - step.outputs.begin());
    };
    SmallVector<std::pair<Value, size_t>> sequences;
    for (auto [sequence, argument] : llvm::zip_equal(forward.getSequences(), forward.getSteps()))
      if (Value gradient = gradientOf.lookup(argument))
        sequences.emplace_back(sequence, outputOf(gradient));
    SmallVector<std::pair<OpOperand *, size_t>> summed;
    for (OpOperand *operand : open)
      if (Value known = stackedNow(operand->get()))
        putIn(*operand, known);
      else
        summed.emplace_back(operand, outputOf(operand->get()));
    for (const Carried &state : carried)
      step.states.push_back(state.after);
    if (sequenceOfStep.empty()) // it says how many steps there are
      addSequence(forward.getSequences().front());
    ScanOp scan = backward.finish(step);
    for (auto [operand, output] : summed)
      putIn(*operand, scan.getResult(output));
    for (auto [sequence, output] : sequences)
      gradients.add(sequence, gradients.term(scan.getResult(output)));
    for (auto [state, sum] : llvm::zip_equal(carried, scan.getLastStates()))
      gradients.add(state.of, gradients.term(sum));
  }

  /// All steps of `value`, where there is a tensor of them besides the outputs of the loop.
  Value stackedNow(Value value) {
    return isForward(value) ? stackOf.lookup(value) : sequenceOfStep.lookup(value);
  }

  /// Steps and samples are all the same to a sum.
  void putIn(OpOperand &operand, Value stack) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(operand.getOwner());
    ArrayRef<int64_t> shape = cast<RankedTensorType>(stack.getType()).getShape();
    bool isOpen = ShapedType::isDynamic(shape[0]);
    SmallVector<int64_t> folded = {isOpen ? ShapedType::kDynamic : shape[0] * shape[1]};
    llvm::append_range(folded, shape.drop_front(2));
    operand.set(reshape(gradients.term(stack), folded).value);
  }

  /// A state of the backward loop: the gradient to `of`.
  struct Carried {
    Value of, before, after;
  };

  ScanOp forward;
  Gradients &gradients;
  ImplicitLocOpBuilder &builder;
  ScanBuilder backward;
  llvm::SetVector<Value> variables, kept;
  llvm::DenseMap<Value, int64_t> rowsOf;
  llvm::DenseMap<Value, Value> gradientOf, outsideOf, insideOf;
  llvm::DenseMap<Value, Value> sequenceOfStep; ///< of a step of the backward body
  llvm::DenseMap<Value, Value> stackOf;        ///< of a value of the forward body
  SmallVector<Carried> carried;
  SmallVector<OpOperand *> open; ///< of sums behind the loop
};

} // namespace

void addScanRule(MLIRContext *context) {
  struct Model : Differentiable::ExternalModel<Model, ScanOp> {
    void differentiate(Operation *op, Gradients &gradients) const {
      ScanGradient(cast<ScanOp>(op), gradients).run();
    }
  };
  ScanOp::attachInterface<Model>(*context);
}

} // namespace hornet::differentiate
