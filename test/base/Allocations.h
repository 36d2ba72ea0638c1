//===- Allocations.h - How many there were ----------------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <atomic>
#include <cstddef>

namespace hornet {

/// Calls of malloc and its like so far, by all threads of a program that Allocations.cpp is part
/// of: C++'s, the compiled code's, and the OpenMP runtime's.
extern std::atomic<size_t> allocations;

} // namespace hornet
