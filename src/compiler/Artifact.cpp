#include "compiler/Compilation.h"
#include "compiler/Compiler.h"
#include "emit/Link.h"

#include "base/Abi.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

namespace hornet {

/// The manifest as a string that the artifact exports.
static void addManifest(ModuleOp module, const runtime::Manifest &manifest) {
  std::string text = runtime::writeManifest(manifest);
  text.push_back('\0');
  auto builder = OpBuilder::atBlockEnd(module.getBody());
  auto type = LLVM::LLVMArrayType::get(builder.getI8Type(), text.size());
  LLVM::GlobalOp::create(builder, module.getLoc(), type, /*isConstant=*/true,
                         LLVM::Linkage::External, abi::manifest, builder.getStringAttr(text));
}

Expected<std::string> linkArtifact(Compilation &compilation) {
  addManifest(emit::partsOf(*compilation.imported->module).front(), compilation.manifest);
  std::vector<std::string> objects = HORNET_TRY(compilation.emitObjects());
  return compilation.time("link", [&]() -> Expected<std::string> {
    std::vector<std::string> libraries = {"libm.so.6", "libc.so.6"};
    if (compilation.settings.threads > 1)
      libraries.push_back(HORNET_TRY(emit::openMPLibrary()));
    return emit::linkSharedObject(objects, libraries);
  });
}

Expected<std::string> compileArtifact(const keras::Model &model, const CompileOptions &options,
                                      std::vector<StageTime> *times) {
  Compilation compilation(options, times);
  compilation.settings.parts = threadsOf(options);
  HORNET_TRY(compilation.run(model, Stage::llvm));
  compilation.manifest.model = model.name;
  return linkArtifact(compilation);
}

} // namespace hornet
