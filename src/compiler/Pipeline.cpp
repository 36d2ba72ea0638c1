// A table of contents: which pass runs when. What each one needs stands in its own header.

#include "compiler/Pipeline.h"

#include "differentiate/Gradients.h"
#include "emit/Emit.h"
#include "graph/Graph.h"
#include "lower/Passes.h"
#include "optimize/Passes.h"

#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVM.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/FuncBufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/Transforms/Passes.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Linalg/Transforms/AllInterfaces.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/Dialect/SCF/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Tensor/IR/TensorInferTypeOpInterfaceImpl.h"
#include "mlir/Dialect/Tensor/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Tensor/Transforms/SubsetInsertionOpInterfaceImpl.h"
#include "mlir/Dialect/Vector/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace hornet {

void registerDialects(DialectRegistry &registry) {
  registry.insert<affine::AffineDialect, arith::ArithDialect, bufferization::BufferizationDialect,
                  func::FuncDialect, graph::GraphDialect, linalg::LinalgDialect, LLVM::LLVMDialect,
                  math::MathDialect, memref::MemRefDialect, omp::OpenMPDialect, scf::SCFDialect,
                  tensor::TensorDialect, vector::VectorDialect>();
  arith::registerBufferizableOpInterfaceExternalModels(registry);
  bufferization::func_ext::registerBufferizableOpInterfaceExternalModels(registry);
  linalg::registerAllDialectInterfaceImplementations(registry);
  scf::registerBufferizableOpInterfaceExternalModels(registry);
  tensor::registerBufferizableOpInterfaceExternalModels(registry);
  tensor::registerInferTypeOpInterfaceExternalModels(registry);
  tensor::registerSubsetOpInterfaceExternalModels(registry);
  vector::registerBufferizableOpInterfaceExternalModels(registry);
  arith::registerConvertArithToLLVMInterface(registry);
  cf::registerConvertControlFlowToLLVMInterface(registry);
  mlir::registerConvertFuncToLLVMInterface(registry);
  registerConvertMemRefToLLVMInterface(registry);
  registerConvertOpenMPToLLVMInterface(registry);
  differentiate::registerGradients(registry);
  emit::registerTranslations(registry);
}

/// Canonicalization in one round. The rewriter's worklist comes to its end by itself; upstream then
/// simplifies regions and visits all ops once more to see that nothing is left.
static std::unique_ptr<Pass> createCanonicalizer() {
  GreedyRewriteConfig config;
  config.setMaxIterations(1).setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
  return createCanonicalizerPass(config);
}

static void addCleanUp(OpPassManager &passes) {
  passes.addPass(createCSEPass());
  passes.addPass(createCanonicalizer());
}

/// Graph → smaller graph.
static void addOptimize(OpPassManager &passes, const PipelineSettings &settings) {
  passes.addPass(optimize::createDropIdentities());
  passes.addPass(optimize::createExpandComposites());
  if (settings.level == 0)
    return;
  passes.addPass(createCanonicalizer());
  passes.addPass(optimize::createFoldScale());
  addCleanUp(passes);
}

/// Graph → linalg on tensors; what depends on parameters alone goes to @prepare.
static void addLinalg(OpPassManager &passes, const PipelineSettings &settings) {
  lower::GraphToLinalgOptions options;
  options.winogradTile = settings.level == 0 ? 0 : settings.winogradTile;
  options.cacheBytes = settings.target.cacheBytes;
  passes.addPass(lower::createGraphToLinalg(options));
  passes.addPass(memref::createResolveRankedShapeTypeResultDimsPass());
  passes.addPass(createCanonicalizer());
  if (settings.level > 0) {
    lower::PackFiltersOptions packing;
    packing.vectorBytes = settings.target.vectorBytes;
    packing.vectorRegisters = settings.target.vectorRegisters;
    packing.storage = settings.weightType == DType::bf16  ? "bf16"
                      : settings.weightType == DType::f16 ? "f16"
                                                          : "f32";
    passes.addNestedPass<func::FuncOp>(lower::createPackFilters(packing));
  }
  // Filters of loops over time are packed before the loop.
  passes.addNestedPass<func::FuncOp>(createLoopInvariantCodeMotionPass());
  passes.addPass(lower::createHoistParameters());
  passes.addPass(createCanonicalizer());
}

/// Elementwise ops merge; what shares rows shares a loop over them.
static void addFuse(OpPassManager &passes, const PipelineSettings &settings) {
  if (settings.level == 0)
    return;
  passes.addNestedPass<func::FuncOp>(lower::createFuseElementwise());
  passes.addNestedPass<func::FuncOp>(lower::createStoreMasks());
  lower::FuseRowsOptions options;
  options.cacheBytes = settings.target.cacheBytes;
  options.threads = settings.threads;
  passes.addNestedPass<func::FuncOp>(lower::createFuseRows(options));
  passes.addPass(createCanonicalizer());
}

/// Structured ops → loops over register tiles. First, results go where the caller wants them: the
/// analysis that this takes is cheap while an op is not yet a hundred.
static void addSchedule(OpPassManager &passes, const PipelineSettings &settings) {
  passes.addPass(lower::createResultsToDestinations());
  passes.addPass(bufferization::createEmptyTensorEliminationPass());
  if (settings.level == 0)
    return;
  lower::ScheduleKernelsOptions options;
  options.vectorBytes = settings.target.vectorBytes;
  options.vectorRegisters = settings.target.vectorRegisters;
  options.cacheBytes = settings.target.cacheBytes;
  options.threads = settings.threads;
  passes.addNestedPass<func::FuncOp>(lower::createScheduleKernels(options));
  passes.addPass(createCanonicalizer());
}

/// Tensors → memrefs.
static void addBufferize(OpPassManager &passes) {
  bufferization::OneShotBufferizePassOptions options;
  options.bufferizeFunctionBoundaries = true;
  options.functionBoundaryTypeConversion = bufferization::LayoutMapOption::IdentityLayoutMap;
  passes.addPass(bufferization::createOneShotBufferizePass(options));
  addCleanUp(passes);
}

/// Buffers → one arena.
static void addPlan(OpPassManager &passes, const PipelineSettings &settings) {
  lower::PlanMemoryOptions options;
  options.threads = settings.threads;
  passes.addPass(lower::createPlanMemory(options));
  if (settings.profile)
    passes.addPass(lower::createTimeLayers());
}

/// Functions → entry points, each with what it shares with other threads outlined.
static void addFunctions(OpPassManager &passes, const PipelineSettings &settings) {
  passes.addPass(lower::createEntryPoints());
  passes.addNestedPass<func::FuncOp>(lower::createExpandCopies());
  passes.addNestedPass<func::FuncOp>(createConvertLinalgToLoopsPass());
  passes.addPass(lower::createLowerForall());
  if (settings.mergeKernels)
    passes.addPass(func::createDuplicateFunctionEliminationPass());
  if (settings.threads > 1) {
    lower::ShareKernelsOptions sharing;
    sharing.threads = settings.threads;
    passes.addPass(lower::createShareKernels(sharing));
  }
}

/// What is left of structured ops, loops and vectors → the LLVM dialect.
static void addConversions(OpPassManager &passes, const PipelineSettings &settings) {
  passes.addNestedPass<func::FuncOp>(lower::createExpandMath());
  if (settings.weightType == DType::bf16) {
    // Shifts of integers: few processors have instructions, and there is no library to call.
    arith::ArithExpandOpsPassOptions expand;
    expand.includeBf16 = true;
    passes.addNestedPass<func::FuncOp>(arith::createArithExpandOpsPass(expand));
  }
  passes.addNestedPass<func::FuncOp>(lower::createConvertStridedTransfers());
  passes.addPass(memref::createExpandStridedMetadataPass());
  passes.addPass(createLowerAffinePass());
  passes.addPass(createSCFToControlFlowPass());
  passes.addPass(createConvertVectorToLLVMPass());
  passes.addPass(createConvertMathToLLVMPass());
  passes.addPass(createConvertMathToLibmPass());
  // All that is left at once: each conversion walks the whole module.
  ConvertToLLVMPassOptions options;
  options.allowPatternRollback = false;
  passes.addPass(createConvertToLLVMPass(options));
  passes.addPass(createReconcileUnrealizedCastsPass());
}

static void addLlvm(OpPassManager &passes, const PipelineSettings &settings) {
  addFunctions(passes, settings);
  if (settings.parts == 1)
    return addConversions(passes, settings);
  lower::DistributeFunctionsOptions distribution;
  distribution.parts = settings.parts;
  passes.addPass(lower::createDistributeFunctions(distribution));
  addConversions(passes.nest<ModuleOp>(), settings);
}

void addStage(OpPassManager &passes, Stage stage, const PipelineSettings &settings) {
  switch (stage) {
  case Stage::import: break;
  case Stage::optimize: addOptimize(passes, settings); break;
  case Stage::linalg: addLinalg(passes, settings); break;
  case Stage::fuse: addFuse(passes, settings); break;
  case Stage::schedule: addSchedule(passes, settings); break;
  case Stage::bufferize: addBufferize(passes); break;
  case Stage::plan: addPlan(passes, settings); break;
  case Stage::llvm: addLlvm(passes, settings); break;
  case Stage::assembly: break;
  }
}

} // namespace hornet
