//===- Masks.h - Arithmetic of masks ------------------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
// Masks are i1 tensors of (batch, steps), true where a step counts.
#pragma once

#include "import/LayerImport.h"

namespace hornet::import {

/// 1 where the mask is true, else 0; and the mask that is true where x is not 0.
mlir::Value maskToNumbers(LayerImport &layer, mlir::Value mask);
mlir::Value numbersToMask(LayerImport &layer, mlir::Value x);

/// x with dimensions of extent 1 that stand at `positions` of the result.
mlir::Value insertOnes(LayerImport &layer, mlir::Value x, llvm::ArrayRef<int64_t> positions);

/// What a merged tensor's mask is. Keras 3: a step counts when it does in any input, and without
/// a mask on one of them there is none. Keras 2: when it does in all inputs that have a mask.
mlir::Value mergedMask(LayerImport &layer);
/// The same of tensors joined along `axis` (counted from the front).
mlir::Value concatenatedMask(LayerImport &layer, int64_t axis);

} // namespace hornet::import
