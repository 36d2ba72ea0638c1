//===- Context.h - What a kernel is given: addresses, and few numbers -------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinTypes.h"

namespace hornet::lower {

/// A value of type `type` around `address`, with those of its descriptor's fields (offset, extents,
/// strides) that the type leaves open, in this order. `address` is that of element 0 where the
/// offset is counted from.
mlir::Value bufferAt(mlir::OpBuilder &builder, mlir::Location loc,
                     const mlir::LLVMTypeConverter &converter, mlir::MemRefType type,
                     mlir::Value address, mlir::ValueRange open);

/// A function's one block of memory for what it gives to the kernels that it calls, one after the
/// other: 8 bytes a field, vectors more. A buffer is its address and what its type leaves open;
/// MLIR's own convention for calls, all fields of its descriptor, is five times as much code.
class Context {
public:
  /// The block lies in the function around `user`.
  Context(mlir::Operation *user, const mlir::LLVMTypeConverter &converter);

  /// Stores `values` before the builder's place; returns the block's address.
  mlir::Value store(mlir::OpBuilder &builder, mlir::Location loc, mlir::ValueRange values);

  /// The same values again, in the function that is given `address`.
  static llvm::SmallVector<mlir::Value> load(mlir::OpBuilder &builder, mlir::Location loc,
                                             const mlir::LLVMTypeConverter &converter,
                                             mlir::TypeRange types, mlir::Value address);

private:
  const mlir::LLVMTypeConverter &converter;
  mlir::LLVM::AllocaOp block;
};

} // namespace hornet::lower
