#include "compiler/Functions.h"

extern "C" const hornet::CompilerFunctions *hornet_compiler() {
  static constexpr hornet::CompilerFunctions functions = {
      .version = HORNET_VERSION,
      .compileArtifact = hornet::compileArtifact,
      .describe = hornet::describe,
      .inspect = hornet::inspect,
      .inspectStages = hornet::inspectStages,
  };
  return &functions;
}
