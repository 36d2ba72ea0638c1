#include "compiler/Compiler.h"

#include "compiler/Layers.h"
#include "compiler/Manifest.h"
#include "compiler/Pipeline.h"
#include "emit/Emit.h"
#include "import/Import.h"
#include "keras/Weights.h"

#include "mlir/IR/Diagnostics.h"

#include <chrono>
#include <thread>

using namespace mlir;

namespace hornet {

namespace {

/// One compilation: the context, the module on its way, and the time that each stage took.
class Compilation {
public:
  Compilation(const CompileOptions &options, std::vector<StageTime> *times)
      : options(options), times(times) {}

  /// Up to and including `last`.
  Expected<void> run(const keras::Model &model, Stage last) {
    HORNET_TRY(begin(model));
    for (const StageName &row : stageNames)
      if (row.stage <= last)
        HORNET_TRY(advance(row));
    return {};
  }

  Expected<void> begin(const keras::Model &model) {
    HORNET_TRY(time("target", [&] { return makeSettings(); }));
    return time("import", [&] { return importModel(model); });
  }

  /// Runs the passes of one stage; `import` and `assembly` have none.
  Expected<void> advance(const StageName &row) {
    if (row.stage == Stage::import || row.stage == Stage::assembly)
      return {};
    return time(row.name, [&] { return runStage(row.stage); });
  }

  Expected<std::string> emit(emit::OutputKind kind) {
    return time("emit", [&] {
      return emit::emit(*imported->module, settings.target, settings.level, kind);
    });
  }

  template <class Step> std::invoke_result_t<Step> time(std::string_view stage, Step step) {
    auto start = std::chrono::steady_clock::now();
    auto result = step();
    std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - start;
    if (times)
      times->push_back({std::string(stage), taken.count()});
    return result;
  }

  PipelineSettings settings;
  std::unique_ptr<MLIRContext> context; ///< outlives the module
  std::optional<import::ImportedModel> imported;
  runtime::Manifest manifest; ///< after Stage::plan

private:
  Expected<void> makeSettings() {
    settings.level = options.level;
    settings.profile = options.profile;
    settings.threads = options.threads;
    if (settings.threads <= 0)
      settings.threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
    settings.target = HORNET_TRY(emit::parseTarget(options.target));
    return {};
  }

  Expected<void> importModel(const keras::Model &model) {
    DialectRegistry registry;
    registerDialects(registry);
    context = std::make_unique<MLIRContext>(registry, MLIRContext::Threading::DISABLED);
    imported = HORNET_TRY(import::importModel(*context, model, {options.shapes}));
    return {};
  }

  /// Whatever a pass complains of is a bug of ours: the importer has checked the model.
  Expected<void> runStage(Stage stage) {
    std::string complaint;
    ScopedDiagnosticHandler handler(context.get(), [&](Diagnostic &diagnostic) {
      if (diagnostic.getSeverity() == DiagnosticSeverity::Error && complaint.empty())
        llvm::raw_string_ostream(complaint) << diagnostic.getLocation() << ": " << diagnostic;
      return success();
    });
    PassManager passes(context.get());
#ifdef NDEBUG
    passes.enableVerifier(false); // the tests verify; users need not wait for it
#endif
    addStage(passes, stage, settings);
    if (failed(passes.run(*imported->module)))
      return internalError(complaint.empty() ? "a pass failed" : complaint);
    if (stage == Stage::plan)
      manifest = makeManifest(*imported->module, *imported);
    return {};
  }

  const CompileOptions &options;
  std::vector<StageTime> *times;
};

} // namespace

static Expected<runtime::Artifact> load(Compilation &compilation) {
  std::string object = HORNET_TRY(compilation.emit(emit::OutputKind::object));
  return compilation.time("load", [&]() -> Expected<runtime::Artifact> {
    bool parallel = compilation.settings.threads > 1;
    auto code = HORNET_TRY(emit::LoadedCode::load(std::move(object), parallel));
    runtime::Artifact artifact;
    artifact.manifest = std::move(compilation.manifest);
    artifact.predict =
        reinterpret_cast<HornetEntryPoint>(HORNET_TRY(code->lookup("hornet_predict")));
    artifact.prepare =
        reinterpret_cast<HornetEntryPoint>(HORNET_TRY(code->lookup("hornet_prepare")));
    artifact.code = std::move(code);
    return artifact;
  });
}

Expected<CompiledModel> compile(const keras::Model &model, const CompileOptions &options,
                                std::vector<StageTime> *times) {
  Compilation compilation(options, times);
  HORNET_TRY(compilation.run(model, Stage::llvm));
  const auto &parameters = compilation.imported->parameters;
  if (!model.weights && !parameters.empty())
    return inputError({.file = model.file,
                       .reason = "the model has no weights, only an architecture",
                       .mend = "give a weights file too"});
  std::vector<Tensor> values;
  if (model.weights)
    values = HORNET_TRY(compilation.time(
        "weights", [&] { return keras::bindWeights(model, *model.weights, parameters); }));
  runtime::Artifact artifact = HORNET_TRY(load(compilation));
  return compilation.time(
      "prepare", [&] { return CompiledModel::load(std::move(artifact), std::move(values)); });
}

Expected<CompiledModel> compile(const std::string &path, const CompileOptions &options) {
  keras::Model model = HORNET_TRY(keras::readModel(path));
  return compile(model, options);
}

/// The module, which is at `stage`, as text.
static Expected<std::string> textAt(Compilation &compilation, Stage stage,
                                    const std::string &layer) {
  ModuleOp module = *compilation.imported->module;
  if (stage != Stage::assembly)
    return printModule(module, layer);
  LayerLines lines = HORNET_TRY(nameLayersInDebugInfo(module));
  std::string assembly = HORNET_TRY(compilation.emit(emit::OutputKind::assembly));
  return annotateAssembly(assembly, lines, layer);
}

Expected<std::string> inspect(const keras::Model &model, const CompileOptions &options, Stage stage,
                              const std::string &layer) {
  Compilation compilation(options, nullptr);
  HORNET_TRY(compilation.run(model, stage));
  if (!layer.empty())
    HORNET_TRY(checkLayer(*compilation.imported, model.file, layer));
  return textAt(compilation, stage, layer);
}

Expected<std::vector<std::string>>
inspectStages(const keras::Model &model, const CompileOptions &options, const std::string &layer) {
  Compilation compilation(options, nullptr);
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
