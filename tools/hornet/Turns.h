//===- Turns.h - Two compilations of one model, measured side by side ---------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "ProfileRows.h"

#include "driver/Driver.h"

#include <set>
#include <span>
#include <string>
#include <vector>

namespace hornet::tool {

using Layers = std::set<std::string>; ///< paths

/// One way to compile a model, with what was measured of it.
struct Contender {
  runtime::Model model;
  std::vector<Tensor> inputs;  ///< random, the same for each contender
  std::vector<Tensor> outputs; ///< of the last call
  Stamps stamps;               ///< of the calls that were measured, if it was compiled to take them
  std::vector<double> medians; ///< microseconds a call, of each turn

  /// Compiles it, and calls it once.
  static Expected<Contender> make(const keras::Model &model, const CompileOptions &options,
                                  int64_t batch, bool useCache);

  double microseconds() const; ///< the median of the medians
  /// A call, of all sections that have work of these layers: the median.
  double microseconds(const Layers &layers) const;
};

/// The layers whose code cannot be told from that of `some` in one of the two.
Layers joined(Layers some, const Contender &one, const Contender &other);

/// Calls each for `seconds`, in `turns` turns, so that what the machine does meanwhile meets both;
/// a few times a turn at least.
Expected<void> takeTurns(Contender &one, Contender &other, int turns, double seconds);

/// Whether the answers of two compilations of one model are alike but for rounding.
bool areAlike(std::span<const Tensor> some, std::span<const Tensor> others);

} // namespace hornet::tool
