//===- Timing.h - How long a call takes --------------------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"
#include "runtime/Model.h"

#include <functional>
#include <vector>

namespace hornet::tool {

/// Microseconds of many calls, as order statistics: neighbors on the machine only ever add time.
struct Timing {
  size_t calls = 0;
  double least = 0, lowerQuartile = 0, median = 0, upperQuartile = 0;

  /// The distance of the quartiles as a part of the median.
  double spread() const { return (upperQuartile - lowerQuartile) / median; }
};

/// Of one time or more.
Timing summarize(std::vector<double> microseconds);

/// Calls again and again for `seconds`, once at least. Microseconds of every call.
Expected<std::vector<double>> callFor(double seconds, const std::function<Expected<void>()> &call);

/// The same after a tenth of that to warm up, summarized.
Expected<Timing> timeCalls(double seconds, const std::function<Expected<void>()> &call);

/// Inputs for a model: numbers from 0 to 1, the same for the same seed; of masks, all true.
std::vector<Tensor> randomInputs(const std::vector<runtime::Port> &ports, int64_t batch,
                                 uint32_t seed = 1);

} // namespace hornet::tool
