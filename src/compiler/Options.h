//===- Options.h - What a compilation depends on besides the model ------------------- ===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Tensor.h"
#include "base/Tuning.h"
#include "import/CustomLayer.h"
#include "step/Options.h"

#include <algorithm>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace hornet {

struct CompileOptions {
  /// 0: the naive, obviously right lowering, kept as the oracle of the others; 3: the fastest code.
  int level = 3;
  /// Threads that a call uses; 0: all processors.
  int threads = 0;
  /// "native", or a processor that LLVM knows: "x86-64-v3", …
  std::string target = "native";
  /// Shapes for inputs that the model leaves open, by the input's name, batch first; and for what
  /// TextVectorization gives without output_sequence_length, by the layer's path.
  std::vector<std::pair<std::string, Shape>> shapes;
  /// Largest tile of minimal filtering for 3x3 convolutions: 0 (none), 2, or 4, which is faster and
  /// rounds more (docs/performance.md). Level 0 uses none.
  int winograd = 2;
  /// How the filters of convolutions and dense layers are stored: f32, or bf16 or f16, which halves
  /// what has to be read and costs accuracy (docs/performance.md). Computing stays in float32.
  /// Level 0 keeps float32.
  DType weightType = DType::f32;
  /// Code that tells when each layer begins, for runtime::Model::run with time stamps.
  bool profile = false;
  /// What was measured for ops of this processor, target and number of threads; see
  /// driver::tuningFor. Level 0 has no use for it.
  Tuning tuning = {}; // NOLINT(readability-redundant-member-init)
  /// Layers whose results are outputs, too, after the model's own and in the order in which they
  /// are computed: by name, or by path ("block/conv2d_1"); "*" stands for all. The output has the
  /// layer's path as its name, with numbers of call and tensor where there are several
  /// ("dense[1][0]"). What is inside a wrapper (TimeDistributed, …) has no result of its own. Of
  /// predictions only.
  std::vector<std::string> layerOutputs = {}; // NOLINT(readability-redundant-member-init)
  /// The caller's own importers. hornet::compile and its likes take them; the driver, whose
  /// compiler is a library of its own, refuses them.
  import::CustomLayers customLayers = {}; // NOLINT(readability-redundant-member-init)
  /// A training step instead of a prediction.
  std::optional<step::StepOptions> step = {}; // NOLINT(readability-redundant-member-init)
};

/// The threads that `options` ask for, which is one or more.
inline int threadsOf(const CompileOptions &options) {
  if (options.threads > 0)
    return options.threads;
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

/// Where the time of a compilation went.
struct StageTime {
  std::string stage;
  double milliseconds;
};

} // namespace hornet
