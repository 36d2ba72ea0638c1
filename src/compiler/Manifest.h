//===- Manifest.h - What the code takes, read off its functions ---------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "import/Import.h"
#include "runtime/Manifest.h"

#include "mlir/IR/BuiltinOps.h"

namespace hornet {

/// Says in `manifest` what the functions of a module after the stage `plan` take, which still say
/// which parameter each argument is.
void addPorts(runtime::Manifest &manifest, mlir::ModuleOp module,
              const import::ImportedModel &imported);

} // namespace hornet
