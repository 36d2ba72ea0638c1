#include "graph/Graph.h"
#include "lower/Passes.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;

namespace hornet::lower {
#define GEN_PASS_DEF_HOISTPARAMETERS
#include "lower/Passes.h.inc"

namespace {

/// Elements of a tensor of constants from which on it is not computed in each call.
constexpr int64_t largeConstant = 4096;

/// Splits @predict in two.
class Split {
public:
  explicit Split(func::FuncOp predict) : predict(predict), builder(predict) {}

  void run() {
    collect();
    makePrepare();
    takePrepared();
    takeParameters(predict);
  }

private:
  /// Pure, computes something, and uses nothing but what was collected before.
  bool dependsOnParametersAlone(Operation &op) {
    if (isa<graph::GetParameterOp>(op))
      return true;
    bool isConstant = op.hasTrait<OpTrait::ConstantLike>();
    if (!isMemoryEffectFree(&op) || op.hasTrait<OpTrait::IsTerminator>() || op.getNumResults() != 1)
      return false;
    if (isConstant || isa<tensor::EmptyOp>(op))
      return op.getNumOperands() == 0;
    bool operands = llvm::all_of(op.getOperands(), [&](Value v) { return known.contains(v); });
    bool captures = false;
    op.walk([&](Operation *inner) {
      for (Value operand : inner->getOperands())
        captures |= inner != &op && operand.getParentRegion() == op.getParentRegion() &&
                    !known.contains(operand);
    });
    return operands && !captures;
  }

  void collect() {
    for (Operation &op : predict.getBody().front())
      if (dependsOnParametersAlone(op)) {
        known.insert(op.getResult(0));
        hoistable.push_back(&op);
      }
  }

  /// A value that is worth preparing: a tensor computed from parameters, and not just a view of
  /// one, or a large one computed from constants (the waves of a Fourier transform).
  bool isPrepared(Value value) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type || !isComputed(value))
      return false;
    if (!reachesParameter(value) &&
        (!type.hasStaticShape() || type.getNumElements() < largeConstant || isFilled(value)))
      return false;
    return llvm::any_of(value.getUsers(), [&](Operation *user) {
      return !known.contains(user->getNumResults() ? user->getResult(0) : Value());
    });
  }

  /// Names, constants, empty tensors and reshapes of these are free: @predict has them by itself.
  static bool isComputed(Value value) {
    Operation *op = value.getDefiningOp();
    if (isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(op))
      return isComputed(op->getOperand(0));
    return !op->hasTrait<OpTrait::ConstantLike>() &&
           !isa<graph::GetParameterOp, tensor::EmptyOp>(op);
  }

  /// Whether it is one number everywhere: @predict fills it itself.
  static bool isFilled(Value value) { return isa<linalg::FillOp>(value.getDefiningOp()); }

  static bool reachesParameter(Value value) {
    Operation *op = value.getDefiningOp();
    return isa<graph::GetParameterOp>(op) || llvm::any_of(op->getOperands(), reachesParameter);
  }

  void makePrepare() {
    for (Operation *op : hoistable)
      if (isPrepared(op->getResult(0)))
        prepared.push_back(op->getResult(0));
    SmallVector<Type> types = llvm::to_vector(ValueRange(prepared).getTypes());
    builder.setInsertionPoint(predict);
    prepare = func::FuncOp::create(builder, predict.getLoc(), graph::prepareName,
                                   builder.getFunctionType({}, types));
    builder.setInsertionPointToStart(prepare.addEntryBlock());
    IRMapping mapping;
    for (Operation *op : hoistable)
      builder.clone(*op, mapping);
    SmallVector<Value> results;
    for (Value value : prepared)
      results.push_back(mapping.lookup(value));
    func::ReturnOp::create(builder, predict.getLoc(), results);
    eraseUnused(prepare);
    takeParameters(prepare);
  }

  static void eraseUnused(func::FuncOp function) {
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(function.getBody().front())))
      if (isOpTriviallyDead(&op))
        op.erase();
  }

  void takePrepared() {
    for (auto [i, value] : llvm::enumerate(prepared)) {
      Value argument = addArgument(predict, value.getType(), value.getLoc(), preparedAttr,
                                   builder.getI64IntegerAttr(i));
      value.replaceAllUsesWith(argument);
    }
    eraseUnused(predict);
  }

  /// Each parameter that the function reads becomes one argument.
  void takeParameters(func::FuncOp function) {
    DenseMap<Attribute, Value> arguments;
    for (auto get :
         llvm::make_early_inc_range(function.getBody().front().getOps<graph::GetParameterOp>())) {
      Value &argument = arguments[get.getParameterAttr()];
      if (!argument)
        argument = addArgument(function, get.getType(), get.getLoc(), parameterAttr,
                               get.getParameterAttr());
      get.replaceAllUsesWith(argument);
      get.erase();
    }
  }

  Value addArgument(func::FuncOp function, Type type, Location loc, StringRef name,
                    Attribute value) {
    unsigned index = function.getNumArguments();
    (void)function.insertArgument(
        index, type, builder.getDictionaryAttr(builder.getNamedAttr(name, value)), loc);
    return function.getArgument(index);
  }

  func::FuncOp predict, prepare;
  OpBuilder builder;
  SmallVector<Operation *> hoistable;
  DenseSet<Value> known;
  SmallVector<Value> prepared;
};

struct HoistParameters : impl::HoistParametersBase<HoistParameters> {
  void runOnOperation() override {
    if (auto predict = getOperation().lookupSymbol<func::FuncOp>(graph::predictName))
      Split(predict).run();
    for (auto parameter : llvm::make_early_inc_range(getOperation().getOps<graph::ParameterOp>()))
      parameter.erase();
  }
};

} // namespace
} // namespace hornet::lower
