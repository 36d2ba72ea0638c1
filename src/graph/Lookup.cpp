// Type inference and verifiers of the ops that look rows up.

#include "graph/Graph.h"

using namespace mlir;
using namespace hornet::graph;

static FailureOr<RankedTensorType> gatheredType(std::optional<Location> loc, RankedTensorType table,
                                                RankedTensorType indices, int64_t dimension,
                                                int64_t batch) {
  if (batch < 0 || batch > dimension || batch > indices.getRank() || dimension >= table.getRank())
    return emitOptionalError(loc, "(C1) dimension ", dimension, " and batch ", batch,
                             " do not fit ", table, " and ", indices);
  if (table.isDynamicDim(dimension))
    return emitOptionalError(loc, "(C2) dimension ", dimension, " of ", table, " is dynamic");
  if (table.getShape().take_front(batch) != indices.getShape().take_front(batch))
    return emitOptionalError(loc, "(C3) the first ", batch, " extents of ", table, " and ", indices,
                             " differ");
  SmallVector<int64_t> shape(table.getShape().take_front(dimension));
  llvm::append_range(shape, indices.getShape().drop_front(batch));
  llvm::append_range(shape, table.getShape().drop_front(dimension + 1));
  if (!shape.empty() && ShapedType::isDynamicShape(ArrayRef(shape).drop_front()))
    return emitOptionalError(loc, "(C4) rows of ", table, " named by ", indices,
                             " would have a dynamic dimension behind the leading one");
  return RankedTensorType::get(shape, table.getElementType());
}

LogicalResult GatherOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor op,
                                         SmallVectorImpl<Type> &results) {
  auto type =
      gatheredType(loc, cast<RankedTensorType>(op.getTable().getType()),
                   cast<RankedTensorType>(op.getIndices().getType()),
                   static_cast<int64_t>(op.getDimension()), static_cast<int64_t>(op.getBatch()));
  if (failed(type))
    return failure();
  results.push_back(*type);
  return success();
}

LogicalResult ScatterAddOp::verify() {
  auto type = gatheredType(getLoc(), getLike().getType(), getIndices().getType(),
                           static_cast<int64_t>(getDimension()), static_cast<int64_t>(getBatch()));
  if (failed(type))
    return failure();
  if (*type != getRows().getType())
    return emitOpError("(C1) expected rows of type ") << *type << ", got " << getRows().getType();
  return success();
}
