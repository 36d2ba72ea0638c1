//===- Passes.h - From the graph to LLVM's dialect ----------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
// In the order in which the compiler runs them; what each needs before it stands in Passes.td.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/Pass.h"

namespace hornet::lower {

/// Attributes of function arguments: which parameter it is, which result of @prepare it is.
inline constexpr llvm::StringLiteral parameterAttr = "graph.parameter";
inline constexpr llvm::StringLiteral preparedAttr = "graph.prepared";

/// Attributes of a function after plan-memory, in bytes.
inline constexpr llvm::StringLiteral arenaBytesAttr = "hornet.arena_bytes";
/// On a view of the arena: whether it grows with the batch, its offset, its bytes.
inline constexpr llvm::StringLiteral placeAttr = "hornet.place";
inline constexpr llvm::StringLiteral arenaBytesPerSampleAttr = "hornet.arena_bytes_per_sample";

/// Attribute of @predict after time-layers: for each section the names of its layers.
inline constexpr llvm::StringLiteral sectionsAttr = "hornet.sections";

#define GEN_PASS_DECL
#include "lower/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "lower/Passes.h.inc"

} // namespace hornet::lower
