//===- MemoryPlan.h - What a model needs of memory -----------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"
#include "compiler/Options.h"
#include "keras/Model.h"
#include "runtime/Manifest.h"

#include <string>
#include <vector>

namespace hornet {

/// A temporary buffer's place in the arena. Times the batch where it grows with it; such buffers
/// lie behind all others.
struct PlannedBuffer {
  std::vector<std::string> layers; ///< paths of the layers that it serves
  bool perSample = false;
  size_t offset = 0, bytes = 0;
};

/// All bytes that running a model takes besides its inputs and outputs.
struct MemoryPlan {
  size_t parameters = 0;              ///< the weights as the file has them
  size_t kept = 0;                    ///< of those, what stays after loading
  size_t prepared = 0;                ///< what is computed from weights once, when they are loaded
  runtime::ArenaSize arena;           ///< of one call
  std::vector<PlannedBuffer> buffers; ///< in the arena, in the order of their first use
};

/// Compiles as far as buffers are placed. Needs no weights. Errors: as of hornet::compile.
Expected<MemoryPlan> planMemory(const keras::Model &model, const CompileOptions &options = {});

} // namespace hornet
