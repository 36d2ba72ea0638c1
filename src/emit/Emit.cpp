#include "emit/Emit.h"

#include "base/Abi.h"

#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/OpenMP/OpenMPToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"
#include "llvm/Transforms/IPO/Internalize.h"

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

static bool isExported(const llvm::GlobalValue &value) {
  return llvm::is_contained(abi::exports, value.getName());
}

/// What parts call of each other is still a symbol, but of their link alone.
static void hideDefinitions(llvm::Module &module) {
  for (llvm::GlobalValue &value : module.global_values())
    if (!value.isDeclaration() && !value.hasLocalLinkage() && !isExported(value))
      value.setVisibility(llvm::GlobalValue::HiddenVisibility);
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

static Expected<std::string> emit(mlir::ModuleOp part, const Target &target, int level,
                                  llvm::CodeGenFileType type, bool isAlone) {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module = mlir::translateModuleToLLVMIR(part, context);
  if (!module)
    return internalError("the LLVM dialect cannot be translated to LLVM IR");
  if (isAlone)
    llvm::internalizeModule(*module, isExported);
  else
    hideDefinitions(*module);
  allowFullVectors(*module, target);
  return generate(*module, target, level, type);
}

//===----------------------------------------------------------------------===//
// Warming up
//===----------------------------------------------------------------------===//

/// y = the sum of x[i] * x[i] of vectors: a loop, of the ops that kernels are made of.
static void addLoop(llvm::Module &module, unsigned width) {
  llvm::IRBuilder<> b(module.getContext());
  llvm::Type *pointer = b.getPtrTy();
  auto *vector = llvm::FixedVectorType::get(b.getFloatTy(), width);
  auto *type = llvm::FunctionType::get(b.getVoidTy(), {pointer, pointer, b.getInt64Ty()}, false);
  auto *function = llvm::Function::Create(type, llvm::Function::ExternalLinkage, "sum", module);
  auto block = [&](const char *name) {
    return llvm::BasicBlock::Create(module.getContext(), name, function);
  };
  llvm::BasicBlock *entry = block("entry"), *loop = block("loop"), *exit = block("exit");
  b.SetInsertPoint(entry);
  b.CreateBr(loop);
  b.SetInsertPoint(loop);
  llvm::PHINode *i = b.CreatePHI(b.getInt64Ty(), 2), *sum = b.CreatePHI(vector, 2);
  llvm::Value *x = b.CreateLoad(vector, b.CreateGEP(vector, function->getArg(0), i));
  llvm::Value *next = b.CreateAdd(i, b.getInt64(1));
  llvm::Value *sums = b.CreateIntrinsic(llvm::Intrinsic::fma, {vector}, {x, x, sum});
  b.CreateCondBr(b.CreateICmpULT(next, function->getArg(2)), loop, exit);
  i->addIncoming(b.getInt64(0), entry);
  i->addIncoming(next, loop);
  sum->addIncoming(llvm::Constant::getNullValue(vector), entry);
  sum->addIncoming(sums, loop);
  b.SetInsertPoint(exit);
  b.CreateStore(sums, function->getArg(1));
  b.CreateRetVoid();
}

void warmUp(const Target &target, int level) {
  llvm::LLVMContext context;
  llvm::Module module("warm-up", context);
  addLoop(module, target.vectorBytes / sizeof(float));
  allowFullVectors(module, target);
  (void)generate(module, target, level, llvm::CodeGenFileType::ObjectFile);
}

Expected<std::string> emitAssembly(mlir::ModuleOp module, const Target &target, int level) {
  return emit(module, target, level, llvm::CodeGenFileType::AssemblyFile, /*isAlone=*/true);
}

llvm::SmallVector<mlir::ModuleOp> partsOf(mlir::ModuleOp module) {
  auto parts = llvm::to_vector(module.getOps<mlir::ModuleOp>());
  return parts.empty() ? llvm::SmallVector<mlir::ModuleOp>{module} : parts;
}

Expected<std::vector<std::string>> emitObjects(mlir::ModuleOp module, const Target &target,
                                               int level) {
  llvm::SmallVector<mlir::ModuleOp> parts = partsOf(module);
  auto emitPart = [&](mlir::ModuleOp part) {
    return emit(part, target, level, llvm::CodeGenFileType::ObjectFile, parts.size() == 1);
  };
  std::vector<std::future<Expected<std::string>>> others;
  for (mlir::ModuleOp part : llvm::drop_begin(parts))
    others.push_back(std::async(std::launch::async, emitPart, part));
  // A future waits for its thread, even when this returns early.
  std::vector<std::string> objects = {HORNET_TRY(emitPart(parts.front()))};
  for (auto &other : others)
    objects.push_back(HORNET_TRY(other.get()));
  return objects;
}

} // namespace hornet::emit
