//===- Ctc.h - The loss of sequences whose labels have no times ----------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "graph/Arithmetic.h"

namespace hornet::step {

/// For each sample the negative logarithm of the probability of its labels, summed over all ways to
/// place them in time, by the forward algorithm. `labels` (batch, n) are classes from 1 on, filled
/// up with 0, which is the blank, too; `logits` (batch, time, classes). Labels that do not fit into
/// the time have about 1e30.
/// Sources: A. Graves et al., "Connectionist Temporal Classification", ICML 2006, section 4.1,
/// https://www.cs.toronto.edu/~graves/icml_2006.pdf;
/// https://keras.io/api/losses/probabilistic_losses/
graph::Term ctc(graph::Term labels, graph::Term logits);

} // namespace hornet::step
