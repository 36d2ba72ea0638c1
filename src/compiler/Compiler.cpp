#include "compiler/Compiler.h"

#include "keras/Weights.h"

namespace hornet {

Expected<CompiledModel> compile(const keras::Model &model, const CompileOptions &options,
                                std::vector<StageTime> *times) {
  std::string bytes = HORNET_TRY(compileArtifact(model, options, times));
  runtime::Artifact artifact = HORNET_TRY(runtime::loadArtifact(std::as_bytes(std::span(bytes))));
  auto values = HORNET_TRY(keras::bindWeights(model, artifact.manifest.parameters));
  return CompiledModel::load(std::move(artifact), std::move(values));
}

Expected<CompiledModel> compile(const std::string &path, const CompileOptions &options) {
  keras::Model model = HORNET_TRY(keras::examineModel(path)); // compiling says what is wrong
  return compile(model, options);
}

} // namespace hornet
