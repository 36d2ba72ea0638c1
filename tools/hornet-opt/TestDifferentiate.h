//===- TestDifferentiate.h - Gradients for IR tests --------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

namespace hornet {

/// `--test-differentiate`: each function returns the gradients of the sum of its first result to
/// its arguments instead.
void registerTestDifferentiate();

} // namespace hornet
