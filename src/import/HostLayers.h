//===- HostLayers.h - Importers of layers that work on the host ---------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "graph/Arithmetic.h"
#include "import/LayerImport.h"

namespace hornet::import {

/// float32 holds all whole numbers of up to this magnitude.
inline constexpr int64_t maxExactFloat = 1 << 24;

/// https://keras.io/api/layers/preprocessing_layers/categorical/string_lookup/ and integer_lookup/
void importIndexLookup(LayerImport &layer);
/// https://keras.io/api/layers/preprocessing_layers/text/text_vectorization/
void importTextVectorization(LayerImport &layer);
/// https://keras.io/api/layers/preprocessing_layers/categorical/hashing/ and hashed_crossing/
void importHashing(LayerImport &layer);
void importHashedCrossing(LayerImport &layer);
/// The same elements in other places.
void importHostReshape(LayerImport &layer);
void importHostFlatten(LayerImport &layer);
void importHostConcatenate(LayerImport &layer);
void importHostIdentity(LayerImport &layer);

/// The inputs as values of the plan, those in the graph as results of compiled code; nothing when
/// something was reported, or a value is missing.
llvm::SmallVector<size_t> hostInputs(LayerImport &layer);
/// The only one of them.
std::optional<size_t> hostInput(LayerImport &layer);

/// What output_mode says. Refuses what it and `sparse` may not be.
std::string outputMode(LayerImport &layer, llvm::ArrayRef<std::string_view> modes);
/// The shape of `indices` encoded as vectors of `depth`; nothing, reported, when the rank is not
/// supported.
std::optional<Shape> encodedShape(LayerImport &layer, const Shape &indices, std::string_view mode,
                                  int64_t depth);
/// `salt`: null, or two numbers.
Json saltOf(LayerImport &layer);
/// Reports attributes that nobody asked for and that say something.
void checkUnread(LayerImport &layer);

/// A step on values; gives the layer's result, or a value for another step.
size_t hostStep(LayerImport &layer, std::string function, llvm::ArrayRef<size_t> operands,
                Json settings, DType dtype, const Shape &shape, int64_t below = 0);

/// The vectors that output_mode ("one_hot", "multi_hot", "count", "int") makes of the numbers x,
/// from 0 to below `depth`; other numbers count nowhere.
graph::Term encode(LayerImport &layer, graph::Term x, int64_t depth, std::string_view mode);

/// What a vocabulary says in the config of a layer.
struct VocabularyConfig {
  Json settings;     ///< of host::Vocabulary
  Json tokens;       ///< without special ones
  int64_t first = 0; ///< index of the first token
  std::string mode;
  int64_t depth = 0; ///< of vectors
  Json weights;      ///< of tf_idf, as many as depth; else null
  Json mask, oov;
};
/// `textual`: tokens are strings. `mask`: the layer's mask_token; `oovCount`: its num_oov_indices.
/// Checks what Keras's set_vocabulary checks.
VocabularyConfig readVocabulary(LayerImport &layer, bool textual, const Json &mask, const Json &oov,
                                int64_t oovCount, bool invert);

/// Whole numbers that compiled code has computed to their indices, in the graph. `x` is float32.
void lookUpInGraph(LayerImport &layer, const VocabularyConfig &config, mlir::Value x);

} // namespace hornet::import
