//===- Functions.h - The compiler behind a door -------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/Compiler.h"
#include "compiler/Description.h"
#include "compiler/Inspect.h"
#include "compiler/MemoryPlan.h"
#include "compiler/Tunables.h"

namespace hornet {

/// All that a program asks of the compiler. Whoever runs compiled models alone need not load MLIR
/// and LLVM: the compiler is a shared library of its own, opened when it is first needed, and this
/// table is what it exports. It reads no weights.
struct CompilerFunctions {
  const char *version; ///< of Hornet; both sides must be of the same build
  decltype(&hornet::compileArtifact) compileArtifact;
  decltype(&hornet::describe) describe;
  decltype(&hornet::examine) examine;
  decltype(&hornet::inspect) inspect;
  decltype(&hornet::inspectStages) inspectStages;
  decltype(&hornet::planMemory) planMemory;
  decltype(&hornet::tunables) tunables;
};

/// The name of the library's one function, and its type.
inline constexpr char compilerEntry[] = "hornetCompiler";
using CompilerEntry = const CompilerFunctions *();

} // namespace hornet
