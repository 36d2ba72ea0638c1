#include "training/TrainableModel.h"

#include "keras/Save.h"

namespace hornet::training {

Expected<TrainableModel> TrainableModel::compile(const keras::Model &model,
                                                 const CompileArguments &arguments) {
  keras::TrainingConfig config;
  config.optimizer = arguments.optimizer.is_string()
                         ? keras::optimizers::optimizer(arguments.optimizer.get<std::string>())
                         : arguments.optimizer;
  config.loss = arguments.loss;
  config.metrics = arguments.metrics;
  return TrainableModel(HORNET_TRY(Trainer::make(
      model, {.config = std::move(config), .compile = arguments.code, .seed = arguments.seed})));
}

Expected<TrainableModel> TrainableModel::compile(const keras::ModelBuilder &model,
                                                 const CompileArguments &arguments) {
  return compile(HORNET_TRY(model.toModel()), arguments);
}

Expected<FitResult> TrainableModel::fit(const Dataset &data, const FitArguments &arguments) {
  Wanted wanted = trainer.wanted();
  Samples train = HORNET_TRY(fitSamples(data, wanted));
  std::optional<Samples> validation;
  if (arguments.validationData) {
    validation = HORNET_TRY(fitSamples(*arguments.validationData, wanted));
  } else if (arguments.validationSplit > 0) {
    Split split = HORNET_TRY(splitValidation(train, arguments.validationSplit));
    train = std::move(split.train);
    validation = std::move(split.validation);
  }
  return training::fit(trainer, train, validation, arguments, arguments.display);
}

Expected<Logs> TrainableModel::evaluate(const Dataset &data, int64_t batchSize) {
  Samples samples = HORNET_TRY(fitSamples(data, trainer.wanted()));
  HORNET_TRY(trainer.weighAs(samples));
  auto batches = HORNET_TRY(Batches::make(std::move(samples), {batchSize, false, 0}));
  return trainer.evaluate(*batches);
}

Expected<void> TrainableModel::saveWeights(const std::string &path) const {
  return keras::saveWeights(trainer.model(), trainer.parameters(), trainer.values(), path);
}

} // namespace hornet::training
