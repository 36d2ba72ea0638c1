// Type inference and folds of the elementwise ops and of matmul.

#include "graph/Graph.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace hornet::graph;

/// NumPy's broadcasting of two aligned extents; nothing when they do not fit.
static std::optional<int64_t> broadcastExtent(int64_t a, int64_t b) {
  if (a == b || b == 1)
    return a;
  if (a == 1)
    return b;
  return std::nullopt;
}

static LogicalResult broadcast(std::optional<Location> loc, ArrayRef<Type> types,
                               SmallVectorImpl<int64_t> &result) {
  for (Type type : types) {
    ArrayRef<int64_t> shape = cast<RankedTensorType>(type).getShape();
    if (shape.size() > result.size())
      result.insert(result.begin(), shape.size() - result.size(), 1);
    auto aligned = MutableArrayRef<int64_t>(result).take_back(shape.size());
    for (auto [extent, other] : llvm::zip_equal(aligned, shape)) {
      std::optional<int64_t> common = broadcastExtent(extent, other);
      if (!common)
        return emitOptionalError(loc, "(C1) cannot broadcast these shapes together: ", types);
      extent = *common;
    }
  }
  return success();
}

static LogicalResult inferBroadcast(std::optional<Location> loc, ValueRange operands, Type element,
                                    SmallVectorImpl<Type> &results) {
  SmallVector<int64_t> shape;
  if (failed(broadcast(loc, llvm::to_vector(operands.getTypes()), shape)))
    return failure();
  results.push_back(RankedTensorType::get(shape, element));
  return success();
}

#define INFER_BROADCASTING(Op)                                                                     \
  LogicalResult Op::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor adaptor,  \
                                     SmallVectorImpl<Type> &results) {                             \
    return inferBroadcast(loc, adaptor.getOperands(),                                              \
                          getElementTypeOrSelf(adaptor.getLhs().getType()), results);              \
  }
INFER_BROADCASTING(AddOp)
INFER_BROADCASTING(DivideOp)
INFER_BROADCASTING(MaximumOp)
INFER_BROADCASTING(MinimumOp)
INFER_BROADCASTING(MultiplyOp)
INFER_BROADCASTING(PowerOp)
INFER_BROADCASTING(Atan2Op)
INFER_BROADCASTING(SubtractOp)
#undef INFER_BROADCASTING

LogicalResult CompareOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc,
                                          Adaptor adaptor, SmallVectorImpl<Type> &results) {
  return inferBroadcast(loc, adaptor.getOperands(), IntegerType::get(context, 1), results);
}

LogicalResult SelectOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                                         Adaptor adaptor, SmallVectorImpl<Type> &results) {
  Type element = getElementTypeOrSelf(adaptor.getOnTrue().getType());
  if (element != getElementTypeOrSelf(adaptor.getOnFalse().getType()))
    return emitOptionalError(loc, "(C2) the values have different element types");
  return inferBroadcast(loc, adaptor.getOperands(), element, results);
}

LogicalResult MatmulOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                                         Adaptor adaptor, SmallVectorImpl<Type> &results) {
  auto lhs = cast<RankedTensorType>(adaptor.getLhs().getType());
  auto rhs = cast<RankedTensorType>(adaptor.getRhs().getType());
  if (lhs.getRank() < 1 || rhs.getRank() != 2)
    return emitOptionalError(loc, "(C1) expected lhs of rank 1 or more and rhs of rank 2, got ",
                             lhs, " and ", rhs);
  if (lhs.getShape().back() != rhs.getDimSize(0) || rhs.isDynamicDim(0))
    return emitOptionalError(loc, "(C2) cannot contract ", lhs, " with ", rhs);
  SmallVector<int64_t> shape(lhs.getShape().drop_back());
  shape.push_back(rhs.getDimSize(1));
  results.push_back(RankedTensorType::get(shape, lhs.getElementType()));
  return success();
}

//===----------------------------------------------------------------------===//
// Folds
//===----------------------------------------------------------------------===//

/// `lhs` when `rhs` is a splat of `neutral` that does not change lhs's shape.
template <class Op> static OpFoldResult foldNeutral(Op op, Attribute rhs, double neutral) {
  auto splat = dyn_cast_or_null<SplatElementsAttr>(rhs);
  if (!splat || op.getLhs().getType() != op.getType() || !isa<FloatType>(splat.getElementType()))
    return {};
  return splat.template getSplatValue<APFloat>().isExactlyValue(neutral) ? op.getLhs()
                                                                         : OpFoldResult();
}

/// `function` of two float constants, each of them one number throughout.
template <class Op, class F>
static OpFoldResult foldConstants(Op op, typename Op::FoldAdaptor adaptor, F function) {
  auto lhs = dyn_cast_or_null<SplatElementsAttr>(adaptor.getLhs());
  auto rhs = dyn_cast_or_null<SplatElementsAttr>(adaptor.getRhs());
  if (!lhs || !rhs || !op.getType().hasStaticShape() || !isa<FloatType>(lhs.getElementType()))
    return {};
  return SplatElementsAttr::get(op.getType(), function(lhs.template getSplatValue<APFloat>(),
                                                       rhs.template getSplatValue<APFloat>()));
}

// x + -0.0 is x for every x; x + 0.0 turns -0.0 into 0.0, which no Keras user can tell apart.
OpFoldResult AddOp::fold(FoldAdaptor adaptor) {
  OpFoldResult same = foldNeutral(*this, adaptor.getRhs(), 0.0);
  return same ? same : foldConstants(*this, adaptor, std::plus<APFloat>());
}
OpFoldResult SubtractOp::fold(FoldAdaptor adaptor) {
  OpFoldResult same = foldNeutral(*this, adaptor.getRhs(), 0.0);
  return same ? same : foldConstants(*this, adaptor, std::minus<APFloat>());
}
OpFoldResult MultiplyOp::fold(FoldAdaptor adaptor) {
  OpFoldResult same = foldNeutral(*this, adaptor.getRhs(), 1.0);
  return same ? same : foldConstants(*this, adaptor, std::multiplies<APFloat>());
}
OpFoldResult DivideOp::fold(FoldAdaptor adaptor) {
  OpFoldResult same = foldNeutral(*this, adaptor.getRhs(), 1.0);
  return same ? same : foldConstants(*this, adaptor, std::divides<APFloat>());
}
OpFoldResult MaximumOp::fold(FoldAdaptor adaptor) {
  return foldConstants(*this, adaptor,
                       [](const APFloat &x, const APFloat &y) { return llvm::maximum(x, y); });
}
OpFoldResult MinimumOp::fold(FoldAdaptor adaptor) {
  return foldConstants(*this, adaptor,
                       [](const APFloat &x, const APFloat &y) { return llvm::minimum(x, y); });
}

OpFoldResult NegateOp::fold(FoldAdaptor adaptor) {
  if (auto inner = getOperand().getDefiningOp<NegateOp>())
    return inner.getOperand();
  auto splat = dyn_cast_or_null<SplatElementsAttr>(adaptor.getOperand());
  return splat ? SplatElementsAttr::get(getType(), -splat.getSplatValue<APFloat>())
               : OpFoldResult();
}

OpFoldResult ReluOp::fold(FoldAdaptor) {
  return getOperand().getDefiningOp<ReluOp>() ? getOperand() : OpFoldResult();
}
