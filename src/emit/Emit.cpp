#include "emit/Emit.h"

#include "base/Abi.h"

#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/OpenMP/OpenMPToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"

#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"
#include "llvm/Transforms/IPO/Internalize.h"

namespace hornet::emit {

void registerTranslations(mlir::DialectRegistry &registry) {
  mlir::registerBuiltinDialectTranslation(registry);
  mlir::registerLLVMDialectTranslation(registry);
  mlir::registerOpenMPDialectTranslation(registry);
}

static std::unique_ptr<llvm::TargetMachine> machineFor(const Target &target, int level) {
  std::string why;
  llvm::Triple triple(target.triple);
  const llvm::Target *llvmTarget = llvm::TargetRegistry::lookupTarget(triple, why);
  if (!llvmTarget)
    return nullptr;
  auto effort = level == 0 ? llvm::CodeGenOptLevel::Less : llvm::CodeGenOptLevel::Default;
  return std::unique_ptr<llvm::TargetMachine>(
      llvmTarget->createTargetMachine(triple, target.cpu, target.features, llvm::TargetOptions(),
                                      llvm::Reloc::PIC_, std::nullopt, effort));
}

/// The vectors in the code are as wide as the schedule wants them: LLVM must not split them.
static void allowFullVectors(llvm::Module &module, const Target &target) {
  std::string bits = std::to_string(target.vectorBytes * 8);
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("min-legal-vector-width", bits);
    function.addFnAttr("prefer-vector-width", bits);
  }
}

static void hideInternals(llvm::Module &module) {
  llvm::internalizeModule(module, [](const llvm::GlobalValue &value) {
    return llvm::is_contained(abi::exports, value.getName());
  });
}

/// What is left to do for LLVM: descriptors become scalars, and go where nobody reads them, equal
/// addresses are computed once, and outside of loops. The schedules have vectorized, unrolled and
/// fused; LLVM's own pipelines take five times as long for code that is not faster
/// (docs/rationale.md).
constexpr char pipelineText[] =
    "function(sroa,early-cse,simplifycfg,instcombine<no-verify-fixpoint>,loop-simplify,lcssa,"
    "loop-mssa(loop-rotate,licm),instcombine<no-verify-fixpoint>,simplifycfg,early-cse<memssa>,"
    "adce)";

static Expected<void> optimize(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  llvm::ModulePassManager pipeline;
  if (llvm::Error error = builder.parsePassPipeline(pipeline, pipelineText))
    return internalError(llvm::toString(std::move(error)));
  pipeline.run(module, modules);
  return {};
}

Expected<std::string> emit(mlir::ModuleOp op, const Target &target, int level, OutputKind kind) {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module = mlir::translateModuleToLLVMIR(op, context);
  if (!module)
    return internalError("the LLVM dialect cannot be translated to LLVM IR");
  std::unique_ptr<llvm::TargetMachine> machine = machineFor(target, level);
  if (!machine)
    return internalError("no code generator for " + target.triple);
  module->setDataLayout(machine->createDataLayout());
  module->setTargetTriple(llvm::Triple(target.triple));
  hideInternals(*module);
  allowFullVectors(*module, target);
  HORNET_TRY(optimize(*module, *machine));

  llvm::SmallVector<char, 0> buffer;
  llvm::raw_svector_ostream stream(buffer);
  llvm::legacy::PassManager passes;
  auto type = kind == OutputKind::object ? llvm::CodeGenFileType::ObjectFile
                                         : llvm::CodeGenFileType::AssemblyFile;
#ifdef NDEBUG
  constexpr bool disableVerifier = true;
#else
  constexpr bool disableVerifier = false;
#endif
  if (machine->addPassesToEmitFile(passes, stream, nullptr, type, disableVerifier))
    return internalError("the code generator cannot emit this kind of file");
  passes.run(*module);
  return std::string(buffer.begin(), buffer.end());
}

} // namespace hornet::emit
