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
#include <vector>

namespace hornet::emit {

/// What the MLIR context must know before a module can be translated.
void registerTranslations(mlir::DialectRegistry &registry);

/// Optimizes the module of LLVM dialect with LLVM, at `level` 0 with less effort, and returns ELF
/// object files, which belong together: up to one for each of `threads`, which make them at the
/// same time. Of the functions and globals, those in abi::exports are seen from outside of the
/// objects' link. Internal error when translation or code generation fails.
Expected<std::vector<std::string>> emitObjects(mlir::ModuleOp module, const Target &target,
                                               int level, int64_t threads);

/// The same as assembly text, in one piece.
Expected<std::string> emitAssembly(mlir::ModuleOp module, const Target &target, int level);

} // namespace hornet::emit
