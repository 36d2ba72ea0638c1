#include "compiler/Functions.h"

extern "C" const hornet::CompilerFunctions *hornetCompiler() {
  static constexpr hornet::CompilerFunctions functions = {
      .version = HORNET_VERSION,
      .compileArtifact = hornet::compileArtifact,
      .describe = hornet::describe,
      .examine = hornet::examine,
      .inspect = hornet::inspect,
      .inspectStages = hornet::inspectStages,
      .planMemory = hornet::planMemory,
      .tunables = hornet::tunables,
  };
  return &functions;
}
