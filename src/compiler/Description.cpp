#include "compiler/Description.h"

#include "emit/Target.h"
#include "import/Import.h"

#include "mlir/IR/MLIRContext.h"

namespace hornet {

Expected<ModelDescription> examine(const keras::Model &model, const CompileOptions &options) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  std::vector<Problem> problems;
  auto imported = HORNET_TRY(import::importModel(
      context, model, {options.shapes, options.customLayers, options.layerOutputs}, &problems));
  if (Expected<emit::Target> target = emit::parseTarget(options.target); !target) {
    auto *error = std::get_if<InputError>(&target.error());
    if (!error)
      return tl::unexpected<Error>(std::move(target).error());
    problems.insert(problems.end(), error->problems.begin(), error->problems.end());
  }
  return ModelDescription{std::move(imported.layers),   std::move(imported.inputs),
                          std::move(imported.outputs),  std::move(imported.parameters),
                          std::move(imported.notes),    std::move(problems),
                          std::move(imported.openTexts)};
}

Expected<ModelDescription> describe(const keras::Model &model, const CompileOptions &options) {
  ModelDescription description = HORNET_TRY(examine(model, options));
  if (!description.problems.empty())
    return tl::unexpected<Error>(InputError{std::move(description.problems)});
  return description;
}

} // namespace hornet
