//===- VectorBody.h - The body of a structured op, on vectors ---------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

namespace hornet::lower {

/// Where an op's dimension is: one index for all elements of a vector, or that of the first, where
/// the elements are side by side along the dimension.
struct Place {
  mlir::Value first;
  bool isAlongVector = false;
};
using PlaceOf = llvm::function_ref<Place(int64_t dimension)>;

/// Repeats the ops of `body` on vectors of `width` elements. `arguments` stand for the block's
/// arguments: vectors of that width, or scalars. What depends on scalars alone is computed once,
/// and broadcast where vectors need it. Returns the vector that the body yields.
mlir::Value vectorizeBody(mlir::OpBuilder &builder, mlir::Block &body, mlir::ValueRange arguments,
                          int64_t width, PlaceOf place = {});

} // namespace hornet::lower
