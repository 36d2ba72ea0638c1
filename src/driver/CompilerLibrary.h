//===- CompilerLibrary.h - The compiler, opened when it is needed --------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/Functions.h"

namespace hornet::driver {

/// libhornet-compiler.so, which lies in ../lib of the program's folder. Opens it at the first call;
/// it stays open. Machine error: it is missing, of another build, or one of its own libraries is
/// missing.
Expected<const CompilerFunctions *> compilerLibrary();

/// What changes when the compiler does: version, size and time of the library's file, which is
/// looked at but not opened. Machine error: it is missing.
Expected<std::string> compilerIdentity();

} // namespace hornet::driver
