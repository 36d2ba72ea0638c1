//===- TrainableModel.h - compile, fit, evaluate, save: as in Keras ---------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "keras/Builder.h"
#include "keras/Optimizers.h"
#include "training/Fit.h"

namespace hornet::training {

/// What `model.compile` takes. A loss, an optimizer or a metric is Keras's name of it, or its
/// config (keras/Optimizers.h); several outputs have lists or objects of them.
struct CompileArguments {
  Json loss;
  Json optimizer = "RMSprop";
  Json metrics = {};
  uint64_t seed = 0; ///< of initial weights and of dropout
  CompileOptions code = {};
};

/// What `model.fit` takes. Of the order of the samples, `seed` is that of FitOptions.
struct FitArguments : FitOptions {
  const Dataset *validationData = nullptr;
  double validationSplit = 0; ///< the last part of the data, where there is no validation data
  FitDisplay display = {};    ///< displayOn(stdout) for a progress bar
};

/// A model of Keras's, with what it is trained for. See examples/02-train.
class TrainableModel {
public:
  /// Errors as of Trainer::make, and of the builder.
  static Expected<TrainableModel> compile(const keras::Model &model,
                                          const CompileArguments &arguments);
  static Expected<TrainableModel> compile(const keras::ModelBuilder &model,
                                          const CompileArguments &arguments);

  /// Bytes are divided by 255, labels take the form that the loss wants. Errors as of
  /// training::fit and training::fitSamples.
  Expected<FitResult> fit(const Dataset &data, const FitArguments &arguments);
  /// "loss" and the metrics.
  Expected<Logs> evaluate(const Dataset &data, int64_t batchSize = 32);

  /// The whole model (.keras, .h5), with the optimizer's state, or its weights alone
  /// (.weights.h5, or .h5 as Keras 2 has them).
  Expected<void> save(const std::string &path) const { return saveTrained(trainer, path); }
  Expected<void> saveWeights(const std::string &path) const;

private:
  explicit TrainableModel(Trainer trainer) : trainer(std::move(trainer)) {}
  Trainer trainer;
};

} // namespace hornet::training
