//===- Emit.h - The LLVM dialect to machine code ---------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"
#include "emit/Target.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectRegistry.h"

#include <string>

namespace hornet::emit {

/// What the MLIR context must know before a module can be translated.
void registerTranslations(mlir::DialectRegistry &registry);

enum class OutputKind { object, assembly };

/// Optimizes the module of LLVM dialect with LLVM and returns an ELF object file
/// or assembly text; at `level` 0 with less effort. Of the functions and globals, those in
/// abi::exports are seen from outside. Internal error when translation or code generation fails.
Expected<std::string> emit(mlir::ModuleOp module, const Target &target, int level, OutputKind kind);

} // namespace hornet::emit
