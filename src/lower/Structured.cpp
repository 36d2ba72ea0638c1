#include "lower/Structured.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace hornet::lower {

Value emptyTensor(OpBuilder &builder, Location loc, RankedTensorType type, Value like) {
  SmallVector<Value> dynamic;
  for (int64_t i = 0; i < type.getRank(); ++i)
    if (type.isDynamicDim(i))
      dynamic.push_back(tensor::DimOp::create(builder, loc, like, i));
  return tensor::EmptyOp::create(builder, loc, type, dynamic);
}

Value filledTensor(OpBuilder &builder, Location loc, RankedTensorType type, Value like,
                   double value) {
  Value scalar =
      arith::ConstantOp::create(builder, loc, builder.getFloatAttr(type.getElementType(), value));
  Value empty = emptyTensor(builder, loc, type, like);
  return linalg::FillOp::create(builder, loc, scalar, empty).getResult(0);
}

Value generic(OpBuilder &builder, Location loc, ValueRange inputs, Value init,
              ArrayRef<AffineMap> maps, ArrayRef<utils::IteratorType> iterators, Body body) {
  auto op = linalg::GenericOp::create(
      builder, loc, init.getType(), inputs, init, maps, iterators,
      [&](OpBuilder &nested, Location nestedLoc, ValueRange elements) {
        linalg::YieldOp::create(nested, nestedLoc, body(nested, nestedLoc, elements));
      });
  return op.getResult(0);
}

Value contraction(OpBuilder &builder, Location loc, Value lhs, Value rhs, RankedTensorType type,
                  ArrayRef<AffineMap> maps, ArrayRef<utils::IteratorType> iterators) {
  Value zero = filledTensor(builder, loc, type, lhs, 0);
  return generic(builder, loc, {lhs, rhs}, zero, maps, iterators,
                 [](OpBuilder &nested, Location nestedLoc, ValueRange elements) -> Value {
                   auto contract = arith::FastMathFlags::contract;
                   Value product =
                       arith::MulFOp::create(nested, nestedLoc, elements[0], elements[1], contract);
                   return arith::AddFOp::create(nested, nestedLoc, elements[2], product, contract);
                 });
}

/// The scalar of a splat constant.
static std::optional<TypedAttr> splatOf(Value value) {
  DenseElementsAttr elements;
  if (matchPattern(value, m_Constant(&elements)) && elements.isSplat())
    return cast<TypedAttr>(elements.getSplatValue<Attribute>());
  return std::nullopt;
}

/// Drops the dimensions of `value` along which it is repeated; `map` gets the remaining ones as
/// dimensions of the result.
static Value dropRepeated(OpBuilder &builder, Location loc, Value value, RankedTensorType result,
                          AffineMap &map) {
  auto type = cast<RankedTensorType>(value.getType());
  int64_t offset = result.getRank() - type.getRank();
  SmallVector<ReassociationIndices> groups;
  SmallVector<AffineExpr> dims;
  SmallVector<int64_t> leading;
  for (int64_t i = 0; i < type.getRank(); ++i) {
    bool kept = type.getDimSize(i) != 1 || result.getDimSize(i + offset) == 1;
    if (kept) {
      groups.emplace_back();
      dims.push_back(builder.getAffineDimExpr(i + offset));
    }
    if (groups.empty()) {
      leading.push_back(i);
      continue;
    }
    if (groups.size() == 1 && kept)
      groups.back().append(leading.begin(), leading.end());
    groups.back().push_back(i);
  }
  map = AffineMap::get(result.getRank(), 0, dims, builder.getContext());
  if (static_cast<int64_t>(dims.size()) == type.getRank())
    return value;
  return tensor::CollapseShapeOp::create(builder, loc, value, groups);
}

Value elementwise(OpBuilder &builder, Location loc, RankedTensorType type, ValueRange inputs,
                  Body body) {
  SmallVector<Value> tensors;
  SmallVector<std::optional<TypedAttr>> splats;
  SmallVector<AffineMap> maps;
  Value like;
  for (Value input : inputs) {
    splats.push_back(splatOf(input));
    auto inputType = cast<RankedTensorType>(input.getType());
    if (inputType.getRank() == type.getRank() &&
        (!like || (type.getRank() > 0 && inputType.isDynamicDim(0))))
      like = input;
    if (splats.back())
      continue;
    AffineMap map;
    tensors.push_back(dropRepeated(builder, loc, input, type, map));
    maps.push_back(map);
  }
  maps.push_back(builder.getMultiDimIdentityMap(type.getRank()));
  SmallVector<utils::IteratorType> iterators(type.getRank(), utils::IteratorType::parallel);
  Value init = emptyTensor(builder, loc, type, like);
  return generic(builder, loc, tensors, init, maps, iterators,
                 [&](OpBuilder &nested, Location nestedLoc, ValueRange elements) {
                   SmallVector<Value> scalars;
                   size_t next = 0;
                   for (const std::optional<TypedAttr> &splat : splats)
                     scalars.push_back(splat ? arith::ConstantOp::create(nested, nestedLoc, *splat)
                                             : elements[next++]);
                   return body(nested, nestedLoc, scalars);
                 });
}

Value inserted(OpBuilder &builder, Location loc, Value value, Value destination,
               ArrayRef<int64_t> offsets) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<OpFoldResult> starts, strides(type.getRank(), builder.getIndexAttr(1));
  for (int64_t offset : offsets)
    starts.push_back(builder.getIndexAttr(offset));
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, loc, value);
  return tensor::InsertSliceOp::create(builder, loc, value, destination, starts, sizes, strides);
}

Value padded(OpBuilder &builder, Location loc, Value value, ArrayRef<int64_t> low,
             ArrayRef<int64_t> high, double fill) {
  auto none = [](int64_t padding) { return padding == 0; };
  if (llvm::all_of(low, none) && llvm::all_of(high, none))
    return value;
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> shape(type.getShape());
  for (int64_t i = 0; i < type.getRank(); ++i)
    if (!type.isDynamicDim(i))
      shape[i] += low[i] + high[i];
  auto resultType = RankedTensorType::get(shape, type.getElementType());
  Value border = filledTensor(builder, loc, resultType, value, fill);
  return inserted(builder, loc, value, border, low);
}

/// All dimensions but a dynamic leading one as one: the common form of two shapes.
static SmallVector<ReassociationIndices> flattening(RankedTensorType type) {
  SmallVector<ReassociationIndices> groups;
  int64_t first = type.getRank() > 0 && type.isDynamicDim(0) ? 1 : 0;
  if (first)
    groups.push_back({0});
  if (first < type.getRank())
    groups.push_back(llvm::to_vector<2>(llvm::seq<int64_t>(first, type.getRank())));
  return groups;
}

static RankedTensorType flattened(RankedTensorType type) {
  SmallVector<int64_t> shape;
  int64_t elements = 1;
  for (int64_t extent : type.getShape())
    if (ShapedType::isDynamic(extent))
      shape.push_back(extent);
    else
      elements *= extent;
  if (shape.empty() || type.getRank() > 1)
    shape.push_back(elements);
  return RankedTensorType::get(shape, type.getElementType());
}

/// Where the open extent is multiplied or divided: (batch, time, …) and (batch * time, …), by way
/// of one dimension.
static Value refolded(OpBuilder &builder, Location loc, Value value, RankedTensorType type) {
  auto from = cast<RankedTensorType>(value.getType());
  auto elements = [](RankedTensorType of) {
    return ShapedType::getNumElements(of.getShape().drop_front());
  };
  auto index = [&](int64_t number) { return arith::ConstantIndexOp::create(builder, loc, number); };
  int64_t before = elements(from), after = elements(type);
  Value leading = tensor::DimOp::create(builder, loc, value, 0);
  leading = before > after
                ? arith::MulIOp::create(builder, loc, leading, index(before / after)).getResult()
                : arith::DivUIOp::create(builder, loc, leading, index(after / before)).getResult();
  auto all = [](RankedTensorType of) {
    return SmallVector<ReassociationIndices>{llvm::to_vector<2>(llvm::seq<int64_t>(of.getRank()))};
  };
  if (from.getRank() > 1)
    value = tensor::CollapseShapeOp::create(builder, loc, value, all(from));
  if (type.getRank() == 1)
    return value;
  SmallVector<OpFoldResult> sizes = {leading};
  for (int64_t extent : type.getShape().drop_front())
    sizes.push_back(builder.getIndexAttr(extent));
  return tensor::ExpandShapeOp::create(builder, loc, type, value, all(type), sizes);
}

Value reshaped(OpBuilder &builder, Location loc, Value value, RankedTensorType type) {
  auto from = cast<RankedTensorType>(value.getType());
  if (from == type)
    return value;
  if (from.getRank() > 0 && type.getRank() > 0 && from.isDynamicDim(0) && type.isDynamicDim(0) &&
      ShapedType::getNumElements(from.getShape().drop_front()) !=
          ShapedType::getNumElements(type.getShape().drop_front()))
    return refolded(builder, loc, value, type);
  SmallVector<ReassociationIndices> groups;
  auto expand = [&](Value narrow, ArrayRef<ReassociationIndices> into) -> Value {
    SmallVector<OpFoldResult> sizes;
    for (int64_t i = 0; i < type.getRank(); ++i)
      sizes.push_back(type.isDynamicDim(i)
                          ? OpFoldResult(tensor::DimOp::create(builder, loc, value, i).getResult())
                          : OpFoldResult(builder.getIndexAttr(type.getDimSize(i))));
    return tensor::ExpandShapeOp::create(builder, loc, type, narrow, into, sizes);
  };
  // One op where the shapes nest, and otherwise by way of the flat shape.
  if (auto nested = getReassociationIndicesForReshape(from, type)) {
    if (type.getRank() < from.getRank())
      return tensor::CollapseShapeOp::create(builder, loc, type, value, *nested);
    return expand(value, *nested);
  }
  Value flat = value;
  RankedTensorType flatFrom = flattened(from), flatTo = flattened(type);
  if (from != flatFrom)
    flat = tensor::CollapseShapeOp::create(builder, loc, flatFrom, value, flattening(from));
  // (batch) against (batch, 1): they flatten to different ranks.
  if (flatFrom.getRank() > flatTo.getRank())
    flat = tensor::CollapseShapeOp::create(builder, loc, flatTo, flat,
                                           SmallVector<ReassociationIndices>{{0, 1}});
  SmallVector<ReassociationIndices> into =
      flatFrom.getRank() < flatTo.getRank() ? SmallVector<ReassociationIndices>{llvm::to_vector<2>(
                                                  llvm::seq<int64_t>(type.getRank()))}
                                            : flattening(type);
  return type == flatTo && flatFrom.getRank() >= flatTo.getRank() ? flat : expand(flat, into);
}

} // namespace hornet::lower
