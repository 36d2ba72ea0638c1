//===- Layers.h - Which part of a module came from which layer ----------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"
#include "import/Import.h"

#include "mlir/IR/BuiltinOps.h"

#include <set>
#include <string>
#include <vector>

namespace hornet {

// A layer is called by its path, "block/conv", or by a part of it: the name alone, "conv", means
// every layer of that name; a nested model's, "block", means all layers in it.

/// Input error with the nearest name when the model has no layer of this name or path.
Expected<void> checkLayer(const import::ImportedModel &imported, const std::string &file,
                          const std::string &layer);

/// The paths of the layers that a location names.
std::set<std::string> layersOf(mlir::Location location);

/// The module as text with locations, weights elided; with `layer`, only the ops whose location
/// names it, the outermost of nested ones.
std::string printModule(mlir::ModuleOp module, const std::string &layer = "");

/// The paths of the layers that each line of debug information stands for; line 0 for none.
using LayerLines = std::vector<std::vector<std::string>>;

/// Gives each op of the LLVM dialect a line of debug information that stands for its layers, in
/// place of the locations that name them.
Expected<LayerLines> nameLayersInDebugInfo(mlir::ModuleOp module);

/// Assembly text, made after nameLayersInDebugInfo, with the layers' names as comments in place of
/// the debug information; with `layer`, only the instructions that came from it.
std::string annotateAssembly(const std::string &assembly, const LayerLines &lines,
                             const std::string &layer = "");

} // namespace hornet
