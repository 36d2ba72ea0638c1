//===- ProfileRows.h - What each layer did with its time ----------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/Description.h"

#include <string>
#include <vector>

namespace hornet::tool {

/// Time stamps of each call, in nanoseconds, as runtime::Model::run gives them.
using Stamps = std::vector<std::vector<int64_t>>;

/// Layers whose work is one piece of code: fused ones share it.
struct ProfileRow {
  std::vector<std::string> layers; ///< paths
  double microseconds = 0;         ///< a call, the median
  double multiplyAdds = 0;         ///< a call
  /// A call, at least: weights, what comes in from other rows, and what goes out to them.
  double bytes = 0;
};

/// Sections as a compiled model has them, the layers of each in the order of the model.
std::vector<std::vector<std::string>> inModelOrder(const ModelDescription &model,
                                                   std::vector<std::vector<std::string>> sections);

/// One row for all sections of the same layers, in the order of the code. The work of a layer that
/// several rows name belongs to the one that takes longest.
std::vector<ProfileRow> profileRows(const ModelDescription &model,
                                    const std::vector<std::vector<std::string>> &sections,
                                    const Stamps &stamps, int64_t batch);

} // namespace hornet::tool
