#include "compiler/Inspect.h"

#include "compiler/Compilation.h"
#include "compiler/Layers.h"

using namespace mlir;

namespace hornet {

/// The module, which is at `stage`, as text.
static Expected<std::string> textAt(Compilation &compilation, Stage stage,
                                    const std::string &layer) {
  ModuleOp module = *compilation.imported->module;
  if (stage != Stage::assembly)
    return printModule(module, layer);
  LayerLines lines = HORNET_TRY(nameLayersInDebugInfo(module));
  std::string assembly = HORNET_TRY(compilation.emitAssembly());
  return annotateAssembly(assembly, lines, layer);
}

Expected<std::string> inspect(const keras::Model &model, const CompileOptions &options, Stage stage,
                              const std::string &layer) {
  Compilation compilation(options, nullptr);
  compilation.settings.mergeKernels = false;
  HORNET_TRY(compilation.run(model, stage));
  if (!layer.empty())
    HORNET_TRY(checkLayer(*compilation.imported, model.file, layer));
  return textAt(compilation, stage, layer);
}

Expected<std::vector<std::string>>
inspectStages(const keras::Model &model, const CompileOptions &options, const std::string &layer) {
  Compilation compilation(options, nullptr);
  compilation.settings.mergeKernels = false;
  HORNET_TRY(compilation.begin(model));
  if (!layer.empty())
    HORNET_TRY(checkLayer(*compilation.imported, model.file, layer));
  std::vector<std::string> texts;
  for (const StageName &row : stageNames) {
    HORNET_TRY(compilation.advance(row));
    texts.push_back(HORNET_TRY(textAt(compilation, row.stage, layer)));
  }
  return texts;
}

} // namespace hornet
