#include "driver/Driver.h"

#include "cache/Cache.h"
#include "driver/CompilerLibrary.h"
#include "driver/Key.h"
#include "keras/Weights.h"

#include <chrono>
#include <malloc.h>

namespace hornet::driver {

namespace {

/// Makes one model ready.
class Loading {
public:
  Loading(const keras::Model &model, const CompileOptions &options, LoadReport &report)
      : model(model), options(options), report(report) {}

  Expected<runtime::Artifact> artifact(bool useCache) {
    if (!useCache)
      return compileAndLoad(nullptr, "");
    std::string key = artifactKey(model, options, HORNET_TRY(compilerIdentity()));
    Expected<cache::Cache> cache = cache::Cache::open();
    if (!cache) {
      report.cacheError = cache.error();
      return compileAndLoad(nullptr, "");
    }
    if (auto bytes = time("cache", [&] { return cache->read(key); }))
      if (auto loaded = time("load", [&] { return runtime::loadArtifact(*bytes); })) {
        report.cached = true;
        return loaded;
      }
    return compileAndLoad(&*cache, key);
  }

  Expected<runtime::Model> bind(runtime::Artifact artifact) {
    auto values = HORNET_TRY(
        time("weights", [&] { return keras::bindWeights(model, artifact.manifest.parameters); }));
    return time("prepare",
                [&] { return runtime::Model::load(std::move(artifact), std::move(values)); });
  }

private:
  Expected<runtime::Artifact> compileAndLoad(const cache::Cache *cache, const std::string &key) {
    const CompilerFunctions *compiler =
        HORNET_TRY(time("compiler", [] { return compilerLibrary(); }));
    std::string code = HORNET_TRY(compiler->compileArtifact(model, options, &report.times));
    // What the compiler has freed goes back to the system before the weights need as much.
    ::malloc_trim(0);
    std::span bytes = std::as_bytes(std::span(code));
    if (cache)
      if (auto written = cache->write(key, bytes); !written)
        report.cacheError = written.error();
    return time("load", [&] { return runtime::loadArtifact(bytes); });
  }

  template <class Step> std::invoke_result_t<Step> time(const char *stage, Step step) {
    auto start = std::chrono::steady_clock::now();
    auto result = step();
    std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - start;
    report.times.push_back({stage, taken.count()});
    return result;
  }

  const keras::Model &model;
  const CompileOptions &options;
  LoadReport &report;
};

} // namespace

Expected<runtime::Model> load(const keras::Model &model, const CompileOptions &options,
                              bool useCache, LoadReport *report) {
  LoadReport unread;
  Loading loading(model, options, report ? *report : unread);
  return loading.bind(HORNET_TRY(loading.artifact(useCache)));
}

Expected<runtime::Model> loadStep(const keras::Model &model, const CompileOptions &options,
                                  bool useCache, LoadReport *report) {
  LoadReport unread;
  Loading loading(model, options, report ? *report : unread);
  return runtime::Model::load(HORNET_TRY(loading.artifact(useCache)), {});
}

Expected<ModelDescription> describe(const keras::Model &model, const CompileOptions &options) {
  return HORNET_TRY(compilerLibrary())->describe(model, options);
}

Expected<ModelDescription> check(const keras::Model &model, const CompileOptions &options) {
  ModelDescription description = HORNET_TRY(driver::describe(model, options));
  if (model.weights)
    HORNET_TRY(keras::bindWeights(model, *model.weights, description.parameters));
  return description;
}

Expected<MemoryPlan> planMemory(const keras::Model &model, const CompileOptions &options) {
  return HORNET_TRY(compilerLibrary())->planMemory(model, options);
}

Expected<std::vector<Tunable>> tunables(const keras::Model &model, const CompileOptions &options,
                                        int64_t batch) {
  return HORNET_TRY(compilerLibrary())->tunables(model, options, batch);
}

Expected<std::string> inspect(const keras::Model &model, const CompileOptions &options, Stage stage,
                              const std::string &layer) {
  return HORNET_TRY(compilerLibrary())->inspect(model, options, stage, layer);
}

Expected<std::vector<std::string>>
inspectStages(const keras::Model &model, const CompileOptions &options, const std::string &layer) {
  return HORNET_TRY(compilerLibrary())->inspectStages(model, options, layer);
}

} // namespace hornet::driver
