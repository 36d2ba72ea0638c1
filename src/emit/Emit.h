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

/// The modules that code is made of side by side: those nested in `module`, or itself.
llvm::SmallVector<mlir::ModuleOp> partsOf(mlir::ModuleOp module);

/// Optimizes each part of the module, which is of LLVM dialect, with LLVM, at `level` 0 with less
/// effort, and returns their ELF object files, which belong together. Several parts are made on
/// several threads; the context must allow that. Of the functions and globals, those in
/// abi::exports are seen from outside of the objects' link. Internal error when translation or code
/// generation fails.
Expected<std::vector<std::string>> emitObjects(mlir::ModuleOp module, const Target &target,
                                               int level);

/// Has LLVM do a little of the same, for the sake of what only its first use costs: reading its
/// code from disk, binding its symbols. On a thread of its own while MLIR works, that costs no
/// time.
void warmUp(const Target &target, int level);

/// A module that is all there as assembly text.
Expected<std::string> emitAssembly(mlir::ModuleOp module, const Target &target, int level);

} // namespace hornet::emit
