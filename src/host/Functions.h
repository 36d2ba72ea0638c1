//===- Functions.h - The functions of the host -------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
// Internal to src/host. Each makes the function of a step from its settings, whose keys it lists;
// `result` says the type and shape of what it gives. They throw what nlohmann::json does.
#pragma once

#include "host/Program.h"

namespace hornet::host {

/// Tokens (strings or whole numbers) to indices: see Vocabulary.
Function makeLookUp(const Step &step, const Value &result);
/// Indices to tokens: "tokens"; "first": the index of the first; "oov": for all other indices;
/// "mask": for index 0, or null.
Function makeInvert(const Step &step, const Value &result);
/// Strings or whole numbers to bins: "bins"; "salt": two numbers, or null; "mask": the value of bin
/// 0, or null.
Function makeHash(const Step &step, const Value &result);
/// Several of them to one bin: "bins".
Function makeCross(const Step &step, const Value &result);
/// Indices to vectors: see Encoder.
Function makeEncode(const Step &step, const Value &result);
/// Text to indices or vectors: see TextRules and Vocabulary; "length" of the list of indices (null:
/// that of the longest; "exact": the longest must have it), or "encode" as for makeEncode.
Function makeVectorize(const Step &step, const Value &result);
/// The same elements in another shape: none.
Function makeReshape(const Step &step, const Value &result);
/// Several side by side: "axis", not the batch.
Function makeConcatenate(const Step &step, const Value &result);

} // namespace hornet::host
