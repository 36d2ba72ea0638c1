//===- Interpreter.h - Runs graph ops one element at a time ------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "graph/Graph.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <functional>
#include <numeric>

namespace hornet::test {

/// Numbers in row-major order; booleans as 0 and 1.
struct Array {
  std::vector<int64_t> shape;
  std::vector<double> values;

  Array() = default;
  Array(llvm::ArrayRef<int64_t> shape) : shape(shape), values(count(shape)) {}
  Array(llvm::ArrayRef<int64_t> shape, std::vector<double> values)
      : shape(shape), values(std::move(values)) {}
  static int64_t count(llvm::ArrayRef<int64_t> shape) {
    return std::accumulate(shape.begin(), shape.end(), int64_t(1), std::multiplies<>());
  }
};

/// The obvious meaning of the elementwise, reducing and shaping ops: scalar loops in double
/// precision, with no lowering in between. What it cannot run it reports as a failed test.
/// `parameters` gives the value of each graph.get_parameter by symbol.
std::vector<Array> interpret(mlir::func::FuncOp function, llvm::ArrayRef<Array> arguments,
                             const std::function<Array(llvm::StringRef)> &parameters = {});

} // namespace hornet::test
