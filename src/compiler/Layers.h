//===- Layers.h - Which part of a module came from which layer ----------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"
#include "import/Import.h"

#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace hornet {

/// Input error with the nearest name when the model has no layer of this name or path.
Expected<void> checkLayer(const import::ImportedModel &imported, const std::string &file,
                          const std::string &layer);

/// The module as text with locations, weights elided; with `layer`, only the ops whose location
/// names it, the outermost of nested ones.
std::string printModule(mlir::ModuleOp module, const std::string &layer = "");

/// Gives each op of the LLVM dialect a line of debug information that stands for its layer.
void nameLayersInDebugInfo(mlir::ModuleOp module);

/// The instructions of assembly text, made after nameLayersInDebugInfo, that came from `layer`.
std::string assemblyOfLayer(const std::string &assembly, const std::string &layer);

} // namespace hornet
