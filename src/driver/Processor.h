//===- Processor.h - What the processor says of itself ------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <vector>

namespace hornet::driver {

/// All that a compiler can learn of this processor by asking it (x86: CPUID of model, features and
/// caches, and XGETBV): equal on equal processors, whichever core answers.
std::vector<uint32_t> processorIdentity();

} // namespace hornet::driver
