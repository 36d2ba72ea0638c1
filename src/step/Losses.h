//===- Losses.h - Keras's losses, as graphs ----------------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"
#include "formats/Json.h"
#include "graph/Arithmetic.h"

#include <optional>

namespace hornet::step {

using formats::Json;
using graph::Term;

/// The shape of the labels that a loss takes for predictions of the shape `prediction`: the same,
/// or without the last dimension where labels are numbers of classes. Input error: no such loss.
Expected<llvm::SmallVector<int64_t>> targetShape(const Json &loss,
                                                 llvm::ArrayRef<int64_t> prediction);

/// The loss of a batch, rank 0. `weights`, one a sample or of the shape of the
/// prediction without its last dimension, may be left out. Where `prediction` is
/// the result of a softmax or a sigmoid and the loss is a crossentropy of probabilities, it is
/// computed from what stands before that activation, as Keras does.
/// Source: https://keras.io/api/losses/. Input error: the loss or its config is not known.
Expected<Term> lossOf(const Json &loss, Term truth, Term prediction, std::optional<Term> weights);

/// The sum of all elements, rank 0.
Term sumOf(Term x);

} // namespace hornet::step
