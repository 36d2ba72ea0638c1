//===- Functions.h - Functions with their gradients, and what to call them with -----===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "test/differentiate/Cases.h"
#include "test/graph/Interpreter.h"

namespace hornet::test {

mlir::func::FuncOp functionOf(mlir::ModuleOp module);

/// Makes the function return, besides its result, the gradients of sum(result * %w) to its
/// arguments; %w is a new last argument.
mlir::LogicalResult addGradients(mlir::func::FuncOp function);

/// A value for argument number `argument`: numbers evenly spread in random order, so that the least
/// difference is known, and shifted against those of other arguments. A dynamic batch is 3.
Array distinct(mlir::Type type, Domain domain, size_t argument);

} // namespace hornet::test
