//===- Samples.h - Samples as a model takes them ------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "training/Dataset.h"

#include <map>
#include <span>

namespace hornet::training {

/// How a loss wants its targets.
enum class TargetForm {
  oneHot, ///< float32 of the output's shape, a 1 a row: categorical_crossentropy
  sparse, ///< int32 labels, the output's shape without its last dimension
  /// Labels of a sequence, as many as there are, of an output (time, classes): float32 (time),
  /// filled up with 0.
  alignment,
  asIs ///< float32 of the output's shape: everything else
};

/// What a model and its losses want, in the model's order; shapes without the batch.
struct Wanted {
  struct Input {
    std::string name;
    Shape shape;
    DType dtype = DType::f32; ///< f32, or i32 for tokens
    bool scaleBytes = true;   ///< bytes that become float32 are divided by 255
  };
  struct Target {
    Shape shape; ///< of the output
    TargetForm form = TargetForm::asIs;
  };
  std::vector<Input> inputs;
  std::vector<Target> targets;
};

/// One array, and how its rows become those of a batch.
struct Feed {
  enum class Conversion { cast, scale, oneHot };
  Tensor values; ///< (samples, …) as in memory
  Conversion conversion = Conversion::cast;
  Shape shape;              ///< of a sample in the batch
  DType dtype = DType::f32; ///< in the batch: f32 or i32

  /// Makes rows `samples` of the batch `to` (whose rows have `shape` and `dtype`), in that order.
  /// Allocates nothing.
  void assemble(std::span<const int64_t> samples, std::byte *to) const;
};

/// Checked samples that fit a model. Cheap to copy: arrays are shared.
struct Samples {
  std::vector<Feed> inputs, targets;
  /// (all samples), or with one a time step (all samples, …): the output's shape without its last
  /// dimension. float32; none: all count alike.
  std::optional<Tensor> weights;
  int64_t first = 0, count = 0; ///< the part of the arrays that these are

  Samples part(int64_t from, int64_t size) const;
};

/// Reshapes and checks. Images (28, 28) fit an input of (28, 28, 1) or (784,), labels fit one-hot
/// targets; one-hot arrays are taken as they are. Input errors name file and array: shapes that do
/// not fit, a number that is not finite, a label that is no integer or out of range (with the first
/// such sample), weights that are negative or neither one a
/// sample nor one a time step of the only output.
Expected<Samples> fitSamples(const Dataset &data, const Wanted &wanted);

/// Training and validation as Keras's `validation_split` does: the last `fraction` of the samples,
/// before any shuffling, validates. Input error: a fraction that leaves either without samples.
struct Split {
  Samples train, validation;
};
Expected<Split> splitValidation(const Samples &samples, double fraction);

/// Multiplies each sample's weight by that of its class; classes that are not listed have weight 1.
/// Input error: several targets, or targets that are no classes; weights of time steps; a negative
/// weight;
/// a class that no sample is of.
Expected<void> weighClasses(Samples &samples, const std::map<int64_t, float> &weights);

} // namespace hornet::training
