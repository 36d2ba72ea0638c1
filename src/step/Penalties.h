//===- Penalties.h - Keras's regularizers and constraints, as graphs ----------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"
#include "formats/Json.h"
#include "graph/Arithmetic.h"

namespace hornet::step {

using formats::Json;
using graph::Term;

/// What a regularizer adds to the loss for `x`, rank 0.
/// Source: https://keras.io/api/layers/regularizers/. Input error: it is not known.
Expected<Term> penaltyOf(const Json &regularizer, Term x);

/// A parameter's value with a constraint applied to it.
/// Source: https://keras.io/api/layers/constraints/. Input error: it is not known.
Expected<Term> constrained(const Json &constraint, Term parameter);

} // namespace hornet::step
