#include "graph/Graph.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace hornet::graph;

#include "graph/GraphDialect.cpp.inc"
#include "graph/GraphEnums.cpp.inc"

#define GET_OP_CLASSES
#include "graph/GraphOps.cpp.inc"

void GraphDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "graph/GraphOps.cpp.inc"
      >();
}

Operation *GraphDialect::materializeConstant(OpBuilder &builder, Attribute value, Type type,
                                             Location loc) {
  auto elements = dyn_cast<ElementsAttr>(value);
  return elements ? ConstantOp::create(builder, loc, type, elements).getOperation() : nullptr;
}

//===----------------------------------------------------------------------===//
// Parameters and constants
//===----------------------------------------------------------------------===//

LogicalResult ParameterOp::verify() {
  if (!cast<ShapedType>(getType()).hasStaticShape())
    return emitOpError("(C1) must have a static type, got ") << getType();
  return success();
}

LogicalResult GetParameterOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto parameter = symbols.lookupNearestSymbolFrom<ParameterOp>(*this, getParameterAttr());
  if (!parameter)
    return emitOpError("(C1) ") << getParameterAttr() << " is no graph.parameter";
  if (parameter.getType() != getType())
    return emitOpError("(C1) ") << getParameterAttr() << " has type " << parameter.getType()
                                << ", not " << getType();
  return success();
}

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

//===----------------------------------------------------------------------===//
// Normalizations
//===----------------------------------------------------------------------===//

template <class Op> static LogicalResult verifyDimension(Op op) {
  int64_t rank = op.getInput().getType().getRank();
  if (op.getDimension() >= static_cast<uint64_t>(rank))
    return op.emitOpError("(C1) dimension ")
           << static_cast<int64_t>(op.getDimension()) << " is out of range for rank " << rank;
  return success();
}

LogicalResult SoftmaxOp::verify() { return verifyDimension(*this); }
LogicalResult LogSoftmaxOp::verify() { return verifyDimension(*this); }
LogicalResult ExtentOp::verify() { return verifyDimension(*this); }

LogicalResult BatchNormOp::verify() {
  auto type = getInput().getType();
  if (type.getRank() < 1)
    return emitOpError("(C1) input must have a channel dimension");
  for (Value statistic : getOperands().drop_front()) {
    auto shape = cast<RankedTensorType>(statistic.getType()).getShape();
    bool isRow = shape == ArrayRef<int64_t>(type.getShape().back());
    bool keeps = shape.size() == type.getShape().size() && shape.front() == 1 &&
                 llvm::all_of_zip(shape, type.getShape(),
                                  [](int64_t one, int64_t of) { return one == 1 || one == of; });
    if (!isRow && !keeps)
      return emitOpError("(C1) expected ")
             << type.getShape().back() << " channels, got " << statistic.getType();
  }
  return success();
}

LogicalResult RandomUniformOp::verify() {
  auto key = cast<RankedTensorType>(getKey().getType());
  if (key.getShape() != ArrayRef<int64_t>(4))
    return emitOpError("(C1) expected a key of four words, got ") << key;
  return success();
}

template <class Op> static LogicalResult verifyShared(Op op) {
  int64_t rank = op.getInput().getType().getRank();
  ArrayRef<int64_t> shared = op.getShared();
  bool inRange = llvm::all_of(shared, [&](int64_t d) { return d >= 0 && d < rank; });
  if (!inRange || !llvm::is_sorted(shared, std::less_equal<>()))
    return op.emitOpError("(C2) shared dimensions must be in range and strictly increasing for ")
           << op.getType();
  return success();
}

LogicalResult NoiseOp::verify() {
  double amount = getAmount().convertToDouble();
  bool isRate = getKind() != Noise::gaussian;
  if (!(amount >= 0) || (isRate && amount > 1))
    return emitOpError("(C1) amount must ")
           << (isRate ? "be between 0 and 1" : "not be negative") << ", got " << amount;
  return verifyShared(*this);
}

LogicalResult DropoutOp::verify() {
  double rate = getRate().convertToDouble();
  if (!(rate >= 0 && rate <= 1))
    return emitOpError("(C1) rate must be between 0 and 1, got ") << rate;
  if (auto scan = dyn_cast<ScanOp>((*this)->getParentOp());
      scan && !llvm::is_contained(scan.getCarried(), getInput()))
    return emitOpError("(C3) in the body of a loop, the input must be a state");
  return verifyShared(*this);
}
