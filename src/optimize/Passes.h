//===- Passes.h - From the graph to a smaller graph ---------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
// In the order in which the compiler runs them; what each needs before it stands in Passes.td.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/Pass/Pass.h"

namespace hornet::optimize {

#define GEN_PASS_DECL
#include "optimize/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "optimize/Passes.h.inc"

} // namespace hornet::optimize
