//===- Stages.h - The stages of the compiler, in order -----------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <array>
#include <string_view>

namespace hornet {

/// Named by what has just been done. The order is the pipeline's.
enum class Stage { import, optimize, linalg, fuse, schedule, bufferize, plan, llvm, assembly };

struct StageName {
  Stage stage;
  std::string_view name;
  std::string_view summary;
};

/// The words of `hornet inspect --stop-after`, in the order of the pipeline.
inline constexpr std::array<StageName, 9> stageNames{{
    {Stage::import, "import", "the model as a graph"},
    {Stage::optimize, "optimize", "the graph made smaller"},
    {Stage::linalg, "linalg", "loops over tensors, and @prepare split off"},
    {Stage::fuse, "fuse", "elementwise work merged with its neighbors"},
    {Stage::schedule, "schedule", "tiled, in vector registers, parallel"},
    {Stage::bufferize, "bufferize", "tensors placed in buffers"},
    {Stage::plan, "plan", "buffers placed in one arena"},
    {Stage::llvm, "llvm", "the LLVM dialect"},
    {Stage::assembly, "assembly", "machine code as text"},
}};

} // namespace hornet
