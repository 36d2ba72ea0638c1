//===- InterpreterRules.h - What the interpreter's rules are made of ---------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "test/graph/Interpreter.h"

namespace hornet::test {

using Index = llvm::SmallVector<int64_t>;
using Inputs = llvm::MutableArrayRef<Array>;
using Rule = std::function<Array(mlir::Operation *, Inputs)>;

/// Calls `f` with every index of `shape`, in row-major order.
void forEach(llvm::ArrayRef<int64_t> shape, llvm::function_ref<void(llvm::ArrayRef<int64_t>)> f);

/// The element at `index`, which may have more dimensions than `x`: those are broadcast.
double &at(Array &x, llvm::ArrayRef<int64_t> index);

void addContractions(llvm::StringMap<Rule> &rules);

} // namespace hornet::test
