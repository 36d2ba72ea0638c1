//===- VectorBody.h - The body of a structured op, on vectors ---------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

namespace hornet::lower {

/// Repeats the ops of `body` on vectors of `width` elements. `arguments` stand for the block's
/// arguments: vectors of that width, or scalars, which are broadcast. Returns what the body yields.
mlir::Value vectorizeBody(mlir::OpBuilder &builder, mlir::Block &body, mlir::ValueRange arguments,
                          int64_t width);

} // namespace hornet::lower
