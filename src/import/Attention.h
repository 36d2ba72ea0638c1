//===- Attention.h - What the attention layers share -----------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
// Scores are tensors (…, queries, keys). Nothing here is of their size but elementwise ops and one
// softmax, so that the schedule can compute them block by block.
#pragma once

#include "graph/Arithmetic.h"
#include "import/LayerImport.h"

namespace hornet::import {

/// (queries, keys), true where the key is not after the query.
mlir::Value causalMask(LayerImport &layer, int64_t queries, int64_t keys);
/// (queries, keys), true where the key is less than `window` away from the query.
mlir::Value windowMask(LayerImport &layer, int64_t queries, int64_t keys, int64_t window);

/// The dropout rate between softmax and values, checked.
double attentionDropout(LayerImport &layer);
/// `x` behind such a dropout.
mlir::Value dropped(LayerImport &layer, mlir::Value x, double rate);

/// What masks do to scores before the softmax.
enum class Masking {
  replace,  ///< -1e9 where any is false
  subtract, ///< 1e9 less where any is false: rows that are masked altogether keep their order
};
graph::Term masked(graph::Term scores, llvm::ArrayRef<mlir::Value> masks, Masking how);

} // namespace hornet::import
