// Type inference, verifiers and folds of reductions and of the ops that only move elements.

#include "graph/Graph.h"

#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using namespace hornet::graph;

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

template <class Adaptor>
static LogicalResult inferReduce(std::optional<Location> loc, Adaptor op,
                                 SmallVectorImpl<Type> &results) {
  auto input = cast<RankedTensorType>(op.getInput().getType());
  ArrayRef<int64_t> dimensions = op.getDimensions();
  bool inRange = llvm::all_of(dimensions, [&](int64_t d) { return d >= 0 && d < input.getRank(); });
  if (!inRange || !llvm::is_sorted(dimensions, std::less_equal<>()))
    return emitOptionalError(loc, "(C1) dimensions must be in range and strictly increasing for ",
                             input);
  SmallVector<int64_t> shape;
  for (auto [i, extent] : llvm::enumerate(input.getShape()))
    if (!llvm::is_contained(dimensions, static_cast<int64_t>(i)))
      shape.push_back(extent);
  results.push_back(RankedTensorType::get(shape, input.getElementType()));
  return success();
}

LogicalResult ReduceMaxOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor op,
                                            SmallVectorImpl<Type> &results) {
  return inferReduce(loc, op, results);
}

LogicalResult ReduceSumOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor op,
                                            SmallVectorImpl<Type> &results) {
  return inferReduce(loc, op, results);
}

//===----------------------------------------------------------------------===//
// reshape
//===----------------------------------------------------------------------===//

/// Number of elements, of one sample when the leading dimension is dynamic; -1 when others are.
static int64_t elementsOf(RankedTensorType type) {
  int64_t elements = 1;
  for (auto [i, extent] : llvm::enumerate(type.getShape()))
    if (ShapedType::isStatic(extent))
      elements *= extent;
    else if (i != 0)
      return -1;
  return elements;
}

LogicalResult ReshapeOp::verify() {
  auto from = getInput().getType(), to = getType();
  bool dynamic = from.getRank() > 0 && from.isDynamicDim(0);
  bool staysDynamic = to.getRank() > 0 && to.isDynamicDim(0);
  int64_t before = elementsOf(from), after = elementsOf(to);
  // Of two open extents one may be a multiple of the other.
  bool fits = dynamic ? before > 0 && after > 0 && (before % after == 0 || after % before == 0)
                      : before == after;
  bool isEmpty = before == 0 && after == 0;
  if (from.getElementType() != to.getElementType() || dynamic != staysDynamic ||
      (!fits && !isEmpty) || before < 0 || after < 0)
    return emitOpError("(C1) cannot give ") << from << " the shape of " << to;
  return success();
}

OpFoldResult ReshapeOp::fold(FoldAdaptor adaptor) {
  if (getInput().getType() == getType())
    return getInput();
  if (auto inner = getInput().getDefiningOp<ReshapeOp>()) {
    getInputMutable().assign(inner.getInput());
    return getResult();
  }
  if (auto elements = dyn_cast_or_null<DenseElementsAttr>(adaptor.getInput()))
    return elements.reshape(getType());
  return {};
}

//===----------------------------------------------------------------------===//
// transpose
//===----------------------------------------------------------------------===//

LogicalResult TransposeOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor op,
                                            SmallVectorImpl<Type> &results) {
  auto input = cast<RankedTensorType>(op.getInput().getType());
  ArrayRef<int64_t> permutation = op.getPermutation();
  if (static_cast<int64_t>(permutation.size()) != input.getRank() ||
      !isPermutationVector(permutation))
    return emitOptionalError(loc, "(C1) not a permutation of the dimensions of ", input);
  SmallVector<int64_t> shape;
  for (int64_t dimension : permutation)
    shape.push_back(input.getDimSize(dimension));
  results.push_back(RankedTensorType::get(shape, input.getElementType()));
  return success();
}

OpFoldResult TransposeOp::fold(FoldAdaptor) {
  if (llvm::equal(getPermutation(), llvm::seq<int64_t>(getPermutation().size())))
    return getInput();
  if (auto inner = getInput().getDefiningOp<TransposeOp>()) {
    SmallVector<int64_t> composed;
    for (int64_t dimension : getPermutation())
      composed.push_back(inner.getPermutation()[dimension]);
    setPermutation(composed);
    getInputMutable().assign(inner.getInput());
    return getResult();
  }
  return {};
}

//===----------------------------------------------------------------------===//
// reverse, broadcast
//===----------------------------------------------------------------------===//

LogicalResult ReverseOp::verify() {
  auto type = getInput().getType();
  ArrayRef<int64_t> dimensions = getDimensions();
  bool fits = llvm::all_of(
      dimensions, [&](int64_t d) { return d >= 0 && d < type.getRank() && !type.isDynamicDim(d); });
  if (!fits || !llvm::is_sorted(dimensions, std::less_equal<>()))
    return emitOpError("(C1) dimensions must be in range, strictly increasing and static for ")
           << type;
  return success();
}

LogicalResult BroadcastOp::verify() {
  auto from = getInput().getType(), to = getType();
  if (from.getElementType() != to.getElementType())
    return emitOpError("(C2) element types of ") << from << " and " << to << " differ";
  bool fits = from.getRank() <= to.getRank();
  for (auto [i, extent] : llvm::enumerate(from.getShape()))
    fits = fits && (extent == 1 || extent == to.getDimSize(to.getRank() - from.getRank() + i));
  if (!fits)
    return emitOpError("(C1) cannot repeat ") << from << " to " << to;
  return success();
}

OpFoldResult BroadcastOp::fold(FoldAdaptor) {
  return getInput().getType() == getType() ? getInput() : OpFoldResult();
}

//===----------------------------------------------------------------------===//
// pad
//===----------------------------------------------------------------------===//

LogicalResult PadOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor op,
                                      SmallVectorImpl<Type> &results) {
  auto input = cast<RankedTensorType>(op.getInput().getType());
  size_t rank = input.getRank();
  if (op.getLow().size() != rank || op.getHigh().size() != rank)
    return emitOptionalError(loc, "(C1) expected ", rank, " entries, got ", op.getLow().size(),
                             " and ", op.getHigh().size());
  SmallVector<int64_t> shape;
  for (auto [extent, low, high] : llvm::zip_equal(input.getShape(), op.getLow(), op.getHigh())) {
    if (low < 0 || high < 0 || (ShapedType::isDynamic(extent) && low + high > 0))
      return emitOptionalError(loc,
                               "(C1) paddings must not be negative, and 0 for a dynamic dimension");
    shape.push_back(ShapedType::isDynamic(extent) ? extent : extent + low + high);
  }
  results.push_back(RankedTensorType::get(shape, input.getElementType()));
  return success();
}

OpFoldResult PadOp::fold(FoldAdaptor) {
  return getInput().getType() == getType() ? getInput() : OpFoldResult();
}

//===----------------------------------------------------------------------===//
// slice
//===----------------------------------------------------------------------===//

LogicalResult SliceOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor op,
                                        SmallVectorImpl<Type> &results) {
  auto input = cast<RankedTensorType>(op.getInput().getType());
  size_t rank = input.getRank();
  for (ArrayRef<int64_t> entries : {op.getStart(), op.getLimit(), op.getStrides()})
    if (entries.size() != rank)
      return emitOptionalError(loc, "(C1) expected ", rank, " entries, got ", entries.size());
  SmallVector<int64_t> shape;
  for (auto [i, extent] : llvm::enumerate(input.getShape())) {
    int64_t start = op.getStart()[i], limit = op.getLimit()[i], stride = op.getStrides()[i];
    if (ShapedType::isDynamic(extent)) {
      if (start != 0 || limit != -1 || stride != 1)
        return emitOptionalError(loc, "(C3) dynamic dimension ", i, " must be taken whole");
      shape.push_back(extent);
      continue;
    }
    if (stride < 1 || start < 0 || limit < start || limit > extent)
      return emitOptionalError(loc, "(C2) cannot take ", start, " to ", limit, " by ", stride,
                               " of the ", extent, " elements in dimension ", i);
    shape.push_back((limit - start) / stride + ((limit - start) % stride != 0));
  }
  results.push_back(RankedTensorType::get(shape, input.getElementType()));
  return success();
}

OpFoldResult SliceOp::fold(FoldAdaptor) {
  return getInput().getType() == getType() ? getInput() : OpFoldResult();
}

//===----------------------------------------------------------------------===//
// concatenate
//===----------------------------------------------------------------------===//

/// The first input's type with as many places along `dimension` as all inputs have together.
template <class Adaptor>
static FailureOr<RankedTensorType> joinedType(std::optional<Location> loc, Adaptor op) {
  if (op.getInputs().empty())
    return emitOptionalError(loc, "(C1) expected at least one input");
  auto first = cast<RankedTensorType>(op.getInputs().front().getType());
  int64_t dimension = op.getDimension();
  if (dimension < 0 || dimension >= first.getRank())
    return emitOptionalError(loc, "(C2) dimension ", dimension, " is out of range for ", first);
  SmallVector<int64_t> shape(first.getShape());
  shape[dimension] = 0;
  for (Type type : op.getInputs().getTypes()) {
    auto input = cast<RankedTensorType>(type);
    if (input.getRank() != first.getRank() || input.getElementType() != first.getElementType())
      return emitOptionalError(loc, "(C1) cannot join ", first, " and ", input);
    if (input.isDynamicDim(dimension))
      return emitOptionalError(loc, "(C2) dimension ", dimension, " of ", input, " is dynamic");
    for (int64_t i = 0; i < first.getRank(); ++i)
      if (i != dimension && input.getDimSize(i) != first.getDimSize(i))
        return emitOptionalError(loc, "(C3) extents of ", first, " and ", input,
                                 " differ in dimension ", i);
    shape[dimension] += input.getDimSize(dimension);
  }
  return RankedTensorType::get(shape, first.getElementType());
}

LogicalResult ConcatenateOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                                              Adaptor op, SmallVectorImpl<Type> &results) {
  FailureOr<RankedTensorType> type = joinedType(loc, op);
  if (failed(type))
    return failure();
  results.push_back(*type);
  return success();
}

OpFoldResult ConcatenateOp::fold(FoldAdaptor) {
  return getInputs().size() == 1 ? getInputs().front() : OpFoldResult();
}

LogicalResult InterleaveOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor op,
                                             SmallVectorImpl<Type> &results) {
  FailureOr<RankedTensorType> type = joinedType(loc, op);
  if (failed(type))
    return failure();
  int64_t count = op.getInputs().size(), places = type->getDimSize(op.getDimension());
  for (auto [k, input] : llvm::enumerate(op.getInputs().getTypes())) {
    int64_t expected = (places + count - 1 - static_cast<int64_t>(k)) / count;
    if (cast<RankedTensorType>(input).getDimSize(op.getDimension()) != expected)
      return emitOptionalError(loc, "(C4) input ", k, " of ", count, " is ", input,
                               ", which should have ", expected, " places in dimension ",
                               op.getDimension());
  }
  results.push_back(*type);
  return success();
}

OpFoldResult InterleaveOp::fold(FoldAdaptor) {
  return getInputs().size() == 1 ? getInputs().front() : OpFoldResult();
}
