#include "emit/Emit.h"

#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Support/DynamicLibrary.h"

namespace hornet::emit {

namespace orc = llvm::orc;

struct LoadedCode::Jit {
  std::unique_ptr<orc::LLJIT> instance;
};

LoadedCode::LoadedCode(std::unique_ptr<Jit> jit) : jit(std::move(jit)) {}
LoadedCode::~LoadedCode() = default;

/// LLVM's OpenMP runtime, under the names that Debian and LLVM install.
static bool loadOpenMP() {
  for (const char *name : {"libomp.so.5", "libomp.so"})
    if (!llvm::sys::DynamicLibrary::LoadLibraryPermanently(name))
      return true;
  return false;
}

Expected<std::shared_ptr<LoadedCode>> LoadedCode::load(std::string object, bool needsOpenMP) {
  if (needsOpenMP && !loadOpenMP())
    return machineError("LLVM's OpenMP runtime (libomp.so.5) cannot be loaded; install it "
                        "(Debian: libomp-22-dev), or give --threads 1");
  auto fail = [](llvm::Error error) {
    return internalError("the JIT linker failed: " + llvm::toString(std::move(error)));
  };
  auto made = orc::LLJITBuilder().create();
  if (!made)
    return fail(made.takeError());
  auto jit = std::make_unique<Jit>();
  jit->instance = std::move(*made);
  // Errors come back from lookup(); by default they are printed too.
  jit->instance->getExecutionSession().setErrorReporter(
      [](llvm::Error error) { llvm::consumeError(std::move(error)); });
  auto process = orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(
      jit->instance->getDataLayout().getGlobalPrefix());
  if (!process)
    return fail(process.takeError());
  jit->instance->getMainJITDylib().addGenerator(std::move(*process));
  if (auto error =
          jit->instance->addObjectFile(llvm::MemoryBuffer::getMemBufferCopy(object, "hornet")))
    return fail(std::move(error));
  return std::shared_ptr<LoadedCode>(new LoadedCode(std::move(jit)));
}

Expected<void *> LoadedCode::lookup(const std::string &symbol) const {
  auto address = jit->instance->lookup(symbol);
  if (!address)
    return internalError("the JIT linker failed: " + llvm::toString(address.takeError()));
  return address->toPtr<void *>();
}

} // namespace hornet::emit
