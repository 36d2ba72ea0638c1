// Type inference of the ops that slide a window: convolution and pooling.

#include "graph/Graph.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace hornet::graph;

namespace {
/// A window along every spatial dimension.
struct Window {
  ArrayRef<int64_t> size, strides, low, high, dilations;
};
} // namespace

static bool all(ArrayRef<int64_t> values, int64_t least) {
  return llvm::all_of(values, [least](int64_t value) { return value >= least; });
}

/// Appends the spatial extents of the result; `constraint` is cited when a window does not fit.
static LogicalResult slide(std::optional<Location> loc, StringRef constraint,
                           RankedTensorType input, const Window &window,
                           SmallVectorImpl<int64_t> &shape) {
  for (size_t i = 0; i < window.size.size(); ++i) {
    int64_t extent = input.getDimSize(i + 1);
    int64_t dilation = window.dilations.empty() ? 1 : window.dilations[i];
    int64_t span = (window.size[i] - 1) * dilation + 1;
    int64_t padded = extent + window.low[i] + window.high[i];
    if (ShapedType::isDynamic(extent) || ShapedType::isDynamic(window.size[i]))
      return emitOptionalError(loc, constraint, " spatial dimension ", i, " must be static");
    if (span > padded)
      return emitOptionalError(loc, constraint, " the window spans ", span,
                               " in spatial dimension ", i, ", the padded input has ", padded);
    shape.push_back((padded - span) / window.strides[i] + 1);
  }
  return success();
}

LogicalResult ConvolutionOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                                              Adaptor op, SmallVectorImpl<Type> &results) {
  auto input = cast<RankedTensorType>(op.getInput().getType());
  auto filter = cast<RankedTensorType>(op.getFilter().getType());
  int64_t rank = input.getRank();
  if (rank < 3 || filter.getRank() != rank)
    return emitOptionalError(loc, "(C1) expected input and filter of one rank, 3 or more, got ",
                             input, " and ", filter);
  size_t spatial = rank - 2;
  for (ArrayRef<int64_t> entries : {op.getStrides(), op.getLow(), op.getHigh(), op.getDilations()})
    if (entries.size() != spatial)
      return emitOptionalError(loc, "(C2) expected ", spatial, " entries, got ", entries.size());
  if (!all(op.getStrides(), 1) || !all(op.getDilations(), 1) || !all(op.getLow(), 0) ||
      !all(op.getHigh(), 0) || static_cast<int64_t>(op.getGroups()) < 1)
    return emitOptionalError(
        loc, "(C3) strides, dilations and groups must be positive, paddings not negative");
  int64_t groups = op.getGroups(), filters = filter.getDimSize(rank - 1);
  if (input.isDynamicDim(rank - 1) || ShapedType::isDynamic(filters) ||
      input.getDimSize(rank - 1) != filter.getDimSize(rank - 2) * groups || filters % groups)
    return emitOptionalError(loc, "(C4) channels of ", input, " and ", filter,
                             " do not fit together in ", groups, " groups");
  SmallVector<int64_t> shape = {input.getDimSize(0)};
  Window window = {filter.getShape().take_front(spatial), op.getStrides(), op.getLow(),
                   op.getHigh(), op.getDilations()};
  if (failed(slide(loc, "(C5)", input, window, shape)))
    return failure();
  shape.push_back(filters);
  results.push_back(RankedTensorType::get(shape, input.getElementType()));
  return success();
}

LogicalResult WinogradConvolutionOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                                                      Adaptor op, SmallVectorImpl<Type> &results) {
  auto input = cast<RankedTensorType>(op.getInput().getType());
  auto filter = cast<RankedTensorType>(op.getFilter().getType());
  int64_t span = static_cast<int64_t>(op.getTile()) + 2;
  if (input.getRank() != 4 || filter.getRank() != 3 || filter.getDimSize(0) != span * span ||
      filter.getDimSize(1) != input.getDimSize(3))
    return emitOptionalError(loc, "(C1) expected input (N, H, W, I) and filter (", span * span,
                             ", I, O), got ", input, " and ", filter);
  SmallVector<int64_t> shape = {input.getDimSize(0)};
  for (int64_t extent : input.getShape().slice(1, 2)) {
    if (ShapedType::isDynamic(extent) || extent < span)
      return emitOptionalError(loc, "(C2) expected static extents of ", span, " or more, got ",
                               input);
    shape.push_back(extent - 2);
  }
  shape.push_back(filter.getDimSize(2));
  results.push_back(RankedTensorType::get(shape, input.getElementType()));
  return success();
}

LogicalResult WinogradConvolutionOp::reifyResultShapes(OpBuilder &builder,
                                                       ReifiedRankedShapedTypeDims &shapes) {
  SmallVector<OpFoldResult> &shape = shapes.emplace_back();
  shape.push_back(tensor::getMixedSize(builder, getLoc(), getInput(), 0));
  for (int64_t extent : getType().getShape().drop_front())
    shape.push_back(builder.getIndexAttr(extent));
  return success();
}

LogicalResult WinogradFilterGradientOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                                                         Adaptor op,
                                                         SmallVectorImpl<Type> &results) {
  auto input = cast<RankedTensorType>(op.getInput().getType());
  auto gradient = cast<RankedTensorType>(op.getGradient().getType());
  if (input.getRank() != 4 || gradient.getRank() != 4 ||
      input.getDimSize(0) != gradient.getDimSize(0))
    return emitOptionalError(loc,
                             "(C1) expected input (N, H, W, I) and gradient (N, H - 2, W - 2, ",
                             "O) of one batch, got ", input, " and ", gradient);
  int64_t tile = static_cast<int64_t>(op.getTile()), span = tile + 2;
  for (int64_t i : {1, 2}) {
    int64_t extent = gradient.getDimSize(i);
    if (ShapedType::isDynamic(extent) || extent % tile || input.getDimSize(i) != extent + 2)
      return emitOptionalError(loc, "(C2) expected static extents that are multiples of ", tile,
                               ", and 2 more for the input, got ", input, " and ", gradient);
  }
  SmallVector<int64_t> shape = {static_cast<int64_t>(op.getParts()), span * span,
                                input.getDimSize(3), gradient.getDimSize(3)};
  results.push_back(RankedTensorType::get(shape, input.getElementType()));
  return success();
}

template <class Adaptor>
static LogicalResult inferPool(std::optional<Location> loc, Adaptor op,
                               SmallVectorImpl<Type> &results) {
  auto input = cast<RankedTensorType>(op.getInput().getType());
  int64_t spatial = input.getRank() - 2;
  for (ArrayRef<int64_t> entries : {op.getWindow(), op.getStrides(), op.getLow(), op.getHigh()})
    if (static_cast<int64_t>(entries.size()) != spatial)
      return emitOptionalError(loc, "(C1) expected ", spatial, " entries, got ", entries.size());
  Window window = {op.getWindow(), op.getStrides(), op.getLow(), op.getHigh(), {}};
  bool paddingFits =
      llvm::all_of(llvm::zip_equal(window.size, window.low, window.high), [](auto t) {
        auto [size, low, high] = t;
        return low >= 0 && high >= 0 && low < size && high < size;
      });
  if (!all(window.size, 1) || !all(window.strides, 1) || !paddingFits)
    return emitOptionalError(loc, "(C2) window and strides must be positive, paddings smaller than "
                                  "the window and not negative");
  SmallVector<int64_t> shape = {input.getDimSize(0)};
  if (failed(slide(loc, "(C3)", input, window, shape)))
    return failure();
  shape.push_back(input.getShape().back());
  results.push_back(RankedTensorType::get(shape, input.getElementType()));
  return success();
}

LogicalResult MaxPoolOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor op,
                                          SmallVectorImpl<Type> &results) {
  return inferPool(loc, op, results);
}

LogicalResult AveragePoolOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                                              Adaptor op, SmallVectorImpl<Type> &results) {
  return inferPool(loc, op, results);
}

LogicalResult MaxPoolIndexOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                                               Adaptor op, SmallVectorImpl<Type> &results) {
  if (failed(inferPool(loc, op, results)))
    return failure();
  if (results.back() != op.getMaximum().getType())
    return emitOptionalError(loc, "(C3) expected maxima of type ", results.back(), ", got ",
                             op.getMaximum().getType());
  return success();
}

LogicalResult FilterGradientOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                                                 Adaptor op, SmallVectorImpl<Type> &results) {
  auto input = cast<RankedTensorType>(op.getInput().getType());
  auto gradient = cast<RankedTensorType>(op.getGradient().getType());
  int64_t rank = input.getRank();
  if (rank < 2 || gradient.getRank() != rank || gradient.getDimSize(0) != input.getDimSize(0))
    return emitOptionalError(loc, "(C1) expected input and gradient of one rank, 2 or more, and ",
                             "one batch, got ", input, " and ", gradient);
  size_t spatial = rank - 2;
  for (ArrayRef<int64_t> entries :
       {op.getWindow(), op.getStrides(), op.getLow(), op.getHigh(), op.getDilations()})
    if (entries.size() != spatial)
      return emitOptionalError(loc, "(C2) expected ", spatial, " entries, got ", entries.size());
  int64_t groups = op.getGroups(), channels = input.getShape().back(),
          filters = gradient.getShape().back();
  if (groups < 1 || ShapedType::isDynamic(channels) || ShapedType::isDynamic(filters) ||
      channels % groups || filters % groups)
    return emitOptionalError(loc, "(C3) channels of ", input, " and ", gradient,
                             " do not fit together in ", groups, " groups");
  if (!all(op.getWindow(), 1) || !all(op.getStrides(), 1) || !all(op.getDilations(), 1) ||
      !all(op.getLow(), 0) || !all(op.getHigh(), 0))
    return emitOptionalError(
        loc, "(C5) window, strides and dilations must be positive, paddings not negative");
  Window window = {op.getWindow(), op.getStrides(), op.getLow(), op.getHigh(), op.getDilations()};
  SmallVector<int64_t> extents;
  if (failed(slide(loc, "(C4)", input, window, extents)))
    return failure();
  if (gradient.getShape().slice(1, spatial) != ArrayRef(extents))
    return emitOptionalError(loc, "(C4) the convolution's result has other extents than ",
                             gradient);
  SmallVector<int64_t> shape(op.getWindow());
  shape.append({channels / groups, filters});
  results.push_back(RankedTensorType::get(shape, input.getElementType()));
  return success();
}

//===----------------------------------------------------------------------===//
// Divisors of an average pooling
//===----------------------------------------------------------------------===//

/// Elements of the input, padding left out, that each window along spatial dimension `i` covers.
static SmallVector<int64_t> coverage(AveragePoolOp op, int64_t i) {
  SmallVector<int64_t> counts;
  int64_t extent = op.getInput().getType().getDimSize(i + 1);
  for (int64_t out = 0; out < op.getType().getDimSize(i + 1); ++out) {
    int64_t start = out * op.getStrides()[i] - op.getLow()[i];
    counts.push_back(std::min(start + op.getWindow()[i], extent) - std::max<int64_t>(start, 0));
  }
  return counts;
}

DenseElementsAttr AveragePoolOp::divisors() {
  SmallVector<double> products = {1};
  SmallVector<int64_t> shape;
  for (size_t i = 0; i < getWindow().size(); ++i) {
    SmallVector<double> finer;
    SmallVector<int64_t> counts = coverage(*this, i);
    for (double product : products)
      for (int64_t count : counts)
        finer.push_back(product * static_cast<double>(count));
    products = std::move(finer);
    shape.push_back(counts.size());
  }
  shape.push_back(1);
  Builder builder(getContext());
  auto type = RankedTensorType::get(shape, getType().getElementType());
  auto numbers = llvm::map_to_vector(products, [&](double product) -> Attribute {
    return builder.getFloatAttr(type.getElementType(), product);
  });
  return DenseElementsAttr::get(type, numbers);
}
