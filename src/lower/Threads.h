//===- Threads.h - What a loop asks of the OpenMP runtime -------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/IR/Builders.h"

namespace hornet::lower {

inline constexpr llvm::StringLiteral threadNumber = "omp_get_thread_num";
inline constexpr llvm::StringLiteral threadCount = "omp_get_num_threads";

/// A call of one of these functions, as an index; declares it in the module that `user` is in.
mlir::Value callOpenMP(mlir::OpBuilder &builder, mlir::Location loc, mlir::Operation *user,
                       llvm::StringRef function);

} // namespace hornet::lower
