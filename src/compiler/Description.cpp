#include "compiler/Description.h"

#include "import/Import.h"

#include "mlir/IR/MLIRContext.h"

namespace hornet {

Expected<ModelDescription> describe(const keras::Model &model, const CompileOptions &options) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  auto imported = HORNET_TRY(import::importModel(context, model, {options.shapes}));
  return ModelDescription{std::move(imported.layers), std::move(imported.inputs),
                          std::move(imported.outputs), std::move(imported.parameters),
                          std::move(imported.notes)};
}

} // namespace hornet
