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

#include <memory>
#include <string>
#include <vector>

namespace hornet::emit {

/// What the MLIR context must know before a module can be translated.
void registerTranslations(mlir::DialectRegistry &registry);

enum class OutputKind { object, assembly };

/// Optimizes the module of LLVM dialect with LLVM (`level` 0 to 3) and returns an ELF object file
/// or assembly text. Internal error when translation or code generation fails.
Expected<std::string> emit(mlir::ModuleOp module, const Target &target, int level, OutputKind kind);

/// Machine code in this process's memory.
class LoadedCode {
public:
  /// Links an object file into memory. `needsOpenMP`: it calls LLVM's OpenMP runtime, which is
  /// loaded then (machine error when it cannot be).
  static Expected<std::shared_ptr<LoadedCode>> load(std::string object, bool needsOpenMP);
  /// The address of a function; internal error when there is none.
  Expected<void *> lookup(const std::string &symbol) const;
  ~LoadedCode();

private:
  struct Jit;
  explicit LoadedCode(std::unique_ptr<Jit> jit);
  std::unique_ptr<Jit> jit;
};

} // namespace hornet::emit
