#include "compiler/Tunables.h"

#include "compiler/Compilation.h"
#include "compiler/Layers.h"
#include "lower/Tunables.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace hornet {

static void collect(Compilation &compilation, const lower::TuningScope &scope,
                    std::vector<Tunable> &tunables) {
  auto predict = compilation.imported->module->lookupSymbol<func::FuncOp>(graph::predictName);
  for (lower::OpChoices &found : lower::choicesOf(predict, scope)) {
    auto same = llvm::find_if(tunables, [&](const Tunable &t) { return t.op == found.name; });
    if (same == tunables.end()) {
      tunables.push_back({found.name, {}, found.choices.front(), {}});
      same = tunables.end() - 1;
      same->candidates.assign(found.choices.begin() + 1, found.choices.end());
    }
    for (const std::string &layer : layersOf(found.op->getLoc()))
      if (!llvm::is_contained(same->layers, layer))
        same->layers.push_back(layer);
  }
}

Expected<std::vector<Tunable>> tunables(const keras::Model &model, const CompileOptions &options,
                                        int64_t batch) {
  std::vector<Tunable> tunables;
  if (options.level == 0)
    return tunables;
  Compilation compilation(options, nullptr);
  HORNET_TRY(compilation.begin(model));
  const PipelineSettings &settings = compilation.settings;
  lower::TuningScope scope{{settings.target.vectorBytes, settings.target.vectorRegisters,
                            settings.threads, settings.target.cacheBytes},
                           settings.winogradTile,
                           batch};
  for (const StageName &row : stageNames) {
    if (row.stage == Stage::schedule)
      break;
    HORNET_TRY(compilation.advance(row));
    if (row.stage == Stage::optimize || row.stage == Stage::fuse)
      collect(compilation, scope, tunables);
  }
  return tunables;
}

} // namespace hornet
