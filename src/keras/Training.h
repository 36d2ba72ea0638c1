//===- Training.h - How a model is trained, as Keras saves it -------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"
#include "base/Tensor.h"
#include "formats/Json.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hornet::keras {

/// What `compile()` got, in Keras 3's terms whatever the file: an object of Keras is
/// {"class_name", "config"} (and may have a module), a function or a default its name. Of Keras 2:
/// "Custom>Adam" is Adam, `lr` is `learning_rate`, the reduction "auto" is "sum_over_batch_size",
/// and a wrapped metric function is its name. An optimizer of Keras before 2.11 has
/// `is_legacy_optimizer` true in its config: it keeps its slots kind by kind, all m before all v.
struct TrainingConfig {
  formats::Json optimizer;       ///< an object; learning_rate: a number, a schedule, or left out
  formats::Json loss;            ///< one, or a list or dict of them by output; null: none
  formats::Json lossWeights;     ///< null, a list or a dict of numbers
  formats::Json metrics;         ///< null, a list, or a list or dict of lists by output
  formats::Json weightedMetrics; ///< likewise
};

/// One of an optimizer's variables: a momentum, an average, …
struct Slot {
  /// As in the file: "adam/dense_kernel_momentum" (Keras 3, .h5), "Adam/m/dense/kernel:0" (Keras
  /// 2), and a number alone in a `.keras` archive. What counts is the order.
  std::string path;
  Tensor value;
};

/// The variables of an optimizer in Keras's order, alike in Keras 3 and from 2.11 on.
struct OptimizerState {
  int64_t iterations = 0;
  /// In float32's range; nothing where the file has no variable for it: the config says it.
  std::optional<double> learningRate;
  std::vector<Slot> slots; ///< without the iterations and the learning rate
};

struct Training {
  std::optional<TrainingConfig> config;
  std::optional<OptimizerState> optimizer;
};

/// Reads both from a whole model, .h5 or .keras; what the file does not have stays empty. A file of
/// weights alone or an architecture has neither. Input error: not such a file, damaged, a training
/// configuration without an optimizer, optimizer variables that do not begin with a step count.
Expected<Training> readTraining(const std::string &path);

} // namespace hornet::keras
