#include "emit/Target.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/SubtargetFeature.h"
#include "llvm/TargetParser/Triple.h"

#include <mutex>
#include <unistd.h>

namespace hornet::emit {

static std::string hostFeatures() {
  llvm::SubtargetFeatures features;
  for (const auto &feature : llvm::sys::getHostCPUFeatures())
    features.AddFeature(feature.first(), feature.second);
  return features.getString();
}

Expected<Target> parseTarget(const std::string &name) {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
  });
  Target target;
  target.triple = "x86_64-unknown-linux-gnu";
  target.cpu = name;
  if (name == "native") {
    target.cpu = llvm::sys::getHostCPUName().str();
    target.features = hostFeatures();
    if (long bytes = sysconf(_SC_LEVEL2_CACHE_SIZE); bytes > 0)
      target.cacheBytes = bytes;
  }
  std::string why;
  llvm::Triple triple(target.triple);
  const llvm::Target *llvmTarget = llvm::TargetRegistry::lookupTarget(triple, why);
  if (!llvmTarget)
    return internalError(why);
  std::unique_ptr<llvm::MCSubtargetInfo> subtarget(
      llvmTarget->createMCSubtargetInfo(triple, "x86-64", ""));
  if (!subtarget->isCPUStringValid(target.cpu))
    return inputError({.attribute = "--target",
                       .reason = "no processor '" + name + "' is known",
                       .mend =
                           "give native, x86-64-v2, x86-64-v3, x86-64-v4 or a name that clang's "
                           "-mcpu knows, such as znver4"});
  subtarget.reset(llvmTarget->createMCSubtargetInfo(triple, target.cpu, target.features));
  bool avx512 = subtarget->checkFeatures("+avx512f"), avx = subtarget->checkFeatures("+avx");
  target.vectorBytes = avx512 ? 64 : avx ? 32 : 16;
  target.vectorRegisters = avx512 ? 32 : 16;
  target.convertsHalf = subtarget->checkFeatures("+f16c");
  return target;
}

} // namespace hornet::emit
