#include "emit/Emit.h"

#include "base/Abi.h"

#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/OpenMP/OpenMPToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"

#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"
#include "llvm/Transforms/IPO/Internalize.h"
#include "llvm/Transforms/Utils/SplitModule.h"

#include <future>

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

/// Assembly, or an object file, of a module that is all there.
static Expected<std::string> generate(llvm::Module &module, const Target &target, int level,
                                      llvm::CodeGenFileType type) {
  std::unique_ptr<llvm::TargetMachine> machine = machineFor(target, level);
  if (!machine)
    return internalError("no code generator for " + target.triple);
  module.setDataLayout(machine->createDataLayout());
  module.setTargetTriple(llvm::Triple(target.triple));
  HORNET_TRY(optimize(module, *machine));
  llvm::SmallVector<char, 0> buffer;
  llvm::raw_svector_ostream stream(buffer);
  llvm::legacy::PassManager passes;
#ifdef NDEBUG
  constexpr bool disableVerifier = true;
#else
  constexpr bool disableVerifier = false;
#endif
  if (machine->addPassesToEmitFile(passes, stream, nullptr, type, disableVerifier))
    return internalError("the code generator cannot emit this kind of file");
  passes.run(module);
  return std::string(buffer.begin(), buffer.end());
}

static Expected<std::unique_ptr<llvm::Module>>
translate(mlir::ModuleOp op, llvm::LLVMContext &context, const Target &target) {
  std::unique_ptr<llvm::Module> module = mlir::translateModuleToLLVMIR(op, context);
  if (!module)
    return internalError("the LLVM dialect cannot be translated to LLVM IR");
  hideInternals(*module);
  allowFullVectors(*module, target);
  return module;
}

Expected<std::string> emitAssembly(mlir::ModuleOp op, const Target &target, int level) {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module = HORNET_TRY(translate(op, context, target));
  return generate(*module, target, level, llvm::CodeGenFileType::AssemblyFile);
}

//===----------------------------------------------------------------------===//
// Several threads
//===----------------------------------------------------------------------===//

/// Modules that it pays to make of one: copying what threads share costs as much as generating code
/// for a few thousand instructions.
static unsigned partsOf(const llvm::Module &module, int64_t threads) {
  constexpr int64_t leastInstructions = 2000;
  int64_t instructions = module.getInstructionCount();
  return std::clamp<int64_t>(instructions / leastInstructions, 1, std::max<int64_t>(threads, 1));
}

/// The module in parts of about one size, as bitcode: a context is one thread's own.
static std::vector<std::string> split(llvm::Module &module, unsigned parts) {
  std::vector<std::string> bitcode;
  auto keep = [&](std::unique_ptr<llvm::Module> part) {
    llvm::raw_string_ostream stream(bitcode.emplace_back());
    llvm::WriteBitcodeToFile(*part, stream);
  };
  llvm::SplitModule(module, parts, keep, /*PreserveLocals=*/false, /*RoundRobin=*/true);
  return bitcode;
}

static Expected<std::string> generatePart(const std::string &bitcode, const Target &target,
                                          int level) {
  llvm::LLVMContext context;
  auto module = llvm::parseBitcodeFile(llvm::MemoryBufferRef(bitcode, "part"), context);
  if (!module)
    return internalError(llvm::toString(module.takeError()));
  return generate(**module, target, level, llvm::CodeGenFileType::ObjectFile);
}

Expected<std::vector<std::string>> emitObjects(mlir::ModuleOp op, const Target &target, int level,
                                               int64_t threads) {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module = HORNET_TRY(translate(op, context, target));
  unsigned parts = partsOf(*module, threads);
  std::vector<std::string> objects;
  if (parts == 1) {
    objects.push_back(
        HORNET_TRY(generate(*module, target, level, llvm::CodeGenFileType::ObjectFile)));
    return objects;
  }
  std::vector<std::string> bitcode = split(*module, parts);
  std::vector<std::future<Expected<std::string>>> others;
  for (size_t i = 1; i < bitcode.size(); ++i)
    others.push_back(
        std::async(std::launch::async, [&, i] { return generatePart(bitcode[i], target, level); }));
  Expected<std::string> first = generatePart(bitcode.front(), target, level);
  for (auto &other : others)
    other.wait();
  objects.push_back(HORNET_TRY(std::move(first)));
  for (auto &other : others)
    objects.push_back(HORNET_TRY(other.get()));
  return objects;
}

} // namespace hornet::emit
