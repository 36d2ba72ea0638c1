//===- Memory.h - What hornet summary --memory shows ------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "Terminal.h"

#include "compiler/MemoryPlan.h"

namespace hornet::tool {

/// Each buffer's place in the arena of a call, and the sums, for a batch of this size.
std::string memoryText(const MemoryPlan &plan, size_t batch, const Terminal &terminal);

formats::Json memoryJson(const MemoryPlan &plan, size_t batch);

} // namespace hornet::tool
