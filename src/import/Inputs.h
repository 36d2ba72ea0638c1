//===- Inputs.h - The shapes of a model's inputs ---------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "import/Import.h"

#include <optional>

namespace hornet::import {

/// The shape of each of the model's inputs, in their order: what the model says, completed by what
/// the caller gives. The batch is open, all else is known. Appends to `problems`, and gives
/// nothing for that input, when the caller's shape has another rank, contradicts the model, or has
/// its channels elsewhere, and when a dimension stays open. A name that no input has is one
/// problem, which lists the inputs there are.
std::vector<std::optional<Shape>> inputShapes(const keras::Model &model,
                                              const ImportOptions &options,
                                              std::vector<Problem> &problems);

/// Whether a tensor of shape `given` can be what `declared` describes: same rank, equal known
/// dimensions, the batch aside.
bool fits(const Shape &given, const Shape &declared);

} // namespace hornet::import
