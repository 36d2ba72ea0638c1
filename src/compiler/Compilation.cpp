#include "compiler/Compilation.h"

#include "compiler/Manifest.h"
#include "graph/Graph.h"
#include "lower/Tuning.h"
#include "step/Recompute.h"
#include "step/Step.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"

using namespace mlir;

namespace hornet {

Expected<void> Compilation::run(const keras::Model &model, Stage last) {
  HORNET_TRY(begin(model));
  for (const StageName &row : stageNames)
    if (row.stage <= last)
      HORNET_TRY(advance(row));
  return {};
}

Expected<void> Compilation::begin(const keras::Model &model) {
  HORNET_TRY(time("target", [&] { return makeSettings(); }));
  return time("import", [&] { return importModel(model); });
}

Expected<void> Compilation::advance(const StageName &row) {
  if (row.stage == Stage::import || row.stage == Stage::assembly)
    return {};
  return time(row.name, [&] { return runStage(row.stage); });
}

Expected<std::vector<std::string>> Compilation::emitObjects() {
  return time("emit", [&] {
    return emit::emitObjects(*imported->module, settings.target, settings.level);
  });
}

Expected<std::string> Compilation::emitAssembly() {
  return time("emit", [&] {
    return emit::emitAssembly(*imported->module, settings.target, settings.level);
  });
}

Expected<void> Compilation::makeSettings() {
  settings.level = options.level;
  settings.winogradTile = options.winograd;
  settings.profile = options.profile;
  settings.threads = threadsOf(options);
  settings.target = HORNET_TRY(emit::parseTarget(options.target));
  settings.weightType = options.weightType;
  for (const auto &[op, choice] : options.tuning)
    HORNET_TRY(checkChoice(choice));
  if (options.weightType == DType::f16 && !settings.target.convertsHalf)
    return inputError({.attribute = "--weight-type",
                       .reason = "the processor '" + settings.target.cpu +
                                 "' has no instructions for float16 (F16C)",
                       .mend = "give bf16, or another --target"});
  return {};
}

/// Batches of training data are numbers.
static tl::unexpected<Error> refuseTraining(const import::ImportedModel &imported,
                                            const std::string &file) {
  Problem problem{.file = file,
                  .reason = "training a model that takes strings, or looks up or hashes integers, "
                            "is not supported",
                  .mend = "run the lookups over the data once (hornet run), and train the layers "
                          "after them"};
  if (!imported.host->steps.empty()) {
    problem.layer = imported.host->steps.front().layer;
    problem.layerClass = imported.host->steps.front().layerClass;
  }
  return inputError(std::move(problem));
}

Expected<void> Compilation::importModel(const keras::Model &model) {
  DialectRegistry registry;
  registerDialects(registry);
  context = std::make_unique<MLIRContext>(registry, MLIRContext::Threading::DISABLED);
  if (settings.parts > 1) {
    threads = std::make_unique<Threads>(settings.parts);
    context->setThreadPool(*threads);
    threads->async(emit::warmUp, settings.target, settings.level);
  }
  if (options.step && !options.layerOutputs.empty())
    return internalError("a training step gives no results of single layers");
  imported = HORNET_TRY(import::importModel(
      *context, model, {options.shapes, options.customLayers, options.layerOutputs}));
  // Where all is done on the host, both entry points are empty: equal functions would become one.
  if (imported->host &&
      imported->module->lookupSymbol<func::FuncOp>(graph::predictName).getResultTypes().empty())
    settings.mergeKernels = false;
  if (options.step && imported->host)
    return refuseTraining(*imported, model.file);
  if (options.step)
    manifest.step = HORNET_TRY(step::makeStep(*imported, model, *options.step));
  if (!options.tuning.empty())
    (*imported->module)
        ->setAttr(lower::tuningAttr, lower::tuningAttribute(context.get(), options.tuning));
  return {};
}

/// Whatever a pass complains of is a bug of ours: the importer has checked the model.
Expected<void> Compilation::runStage(Stage stage) {
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
  if (stage == Stage::optimize && options.step && options.step->recompute)
    step::recompute(imported->module->lookupSymbol<func::FuncOp>(graph::predictName));
  if (stage == Stage::plan)
    addPorts(manifest, *imported->module, *imported);
  return {};
}

} // namespace hornet
