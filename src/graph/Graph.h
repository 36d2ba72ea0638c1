//===- Graph.h - The graph dialect, in C++ -----------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "graph/GraphDialect.h.inc"
#include "graph/GraphEnums.h.inc"

namespace hornet::graph {
/// Trait: an element of the result depends on the elements at its place in the operands alone,
/// after NumPy's broadcasting of the operands.
// NOLINTNEXTLINE(bugprone-crtp-constructor-accessibility): mlir::Op constructs it, not the class.
template <class Op> class Pointwise : public mlir::OpTrait::TraitBase<Op, Pointwise> {};

/// Trait of an op with one operand: a larger element never has a smaller result.
// NOLINTNEXTLINE(bugprone-crtp-constructor-accessibility): mlir::Op constructs it, not the class.
template <class Op> class NonDecreasing : public mlir::OpTrait::TraitBase<Op, NonDecreasing> {};
} // namespace hornet::graph

#define GET_OP_CLASSES
#include "graph/GraphOps.h.inc"

namespace hornet::graph {

/// The function that a model becomes, and the one that computes what depends on parameters alone.
inline constexpr llvm::StringLiteral predictName = "predict";
inline constexpr llvm::StringLiteral prepareName = "prepare";

/// Attribute of the arguments and results of @predict: the name of the model's input or output.
inline constexpr llvm::StringLiteral portNameAttr = "graph.name";

/// Attribute of an op that computes what a layer predicts, where it would compute something else
/// while training that we cannot: what that is, for the message.
inline constexpr llvm::StringLiteral untrainableAttr = "graph.untrainable";

} // namespace hornet::graph
