#include "driver/Driver.h"

#include "cache/Cache.h"
#include "driver/CompilerLibrary.h"
#include "driver/Key.h"
#include "host/Program.h"
#include "keras/Weights.h"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <malloc.h>
#include <map>
#include <set>

namespace hornet::driver {

/// The compiler, for what it can do behind its door: importers of the caller are built with another
/// copy of the graph's ops.
static Expected<const CompilerFunctions *> compilerFor(const CompileOptions &options) {
  if (!options.customLayers.empty())
    return inputError({.attribute = "customLayers",
                       .reason = "the driver's compiler takes no importers of custom layers",
                       .mend = "compile such a model with hornet::compile"});
  return compilerLibrary();
}

namespace {

/// Makes one model ready.
class Loading {
public:
  Loading(const keras::Model &model, const CompileOptions &options, LoadReport &report)
      : model(model), options(options), report(report) {}

  Expected<runtime::Artifact> artifact(bool useCache) {
    if (!options.customLayers.empty())
      HORNET_TRY(compilerFor(options));
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
  return HORNET_TRY(compilerFor(options))->describe(model, options);
}

Expected<ModelDescription> examine(const keras::Model &model, const CompileOptions &options) {
  return HORNET_TRY(compilerFor(options))->examine(model, options);
}

Expected<void> addTextShapes(CompileOptions &options, const keras::Model &model,
                             const InputsFor &inputs) {
  if (keras::openTexts(model).empty())
    return {};
  ModelDescription description = HORNET_TRY(driver::examine(model, options));
  const host::OpenTexts &texts = description.openTexts;
  if (texts.layers.empty() || description.problems.size() != texts.layers.size())
    return {};
  std::vector<runtime::Port> ports;
  for (const import::Port &port : description.inputs)
    ports.push_back({port.name, port.dtype, port.shape});
  auto given = HORNET_TRY(inputs(ports));
  auto shapes = HORNET_TRY(host::shapesOf(texts, given));
  for (const auto &[layer, shape] : shapes) {
    if (shape.back() == 0)
      return inputError({.file = model.file,
                         .layer = layer,
                         .layerClass = "TextVectorization",
                         .attribute = "output_sequence_length",
                         .reason = "the texts have no tokens, and the result no length",
                         .mend = "give text, or set output_sequence_length"});
    options.shapes.emplace_back(layer, shape);
  }
  return {};
}

/// Whether all of a layer's results are known, and so all of its weights.
static bool isKnown(const import::LayerRecord &layer) {
  return std::ranges::all_of(layer.calls, [](const import::CallRecord &call) {
    return !call.outputs.empty() &&
           std::ranges::none_of(call.outputs, [](const Shape &shape) { return shape.empty(); });
  });
}

/// The parameters of those layers of the outermost model of which everything is known.
static std::vector<Parameter> knownParameters(const ModelDescription &description) {
  std::set<std::string> unknown;
  for (const import::LayerRecord &layer : description.layers)
    if (!isKnown(layer))
      unknown.insert(layer.path.front());
  std::vector<Parameter> known;
  std::ranges::copy_if(description.parameters, std::back_inserter(known),
                       [&](const Parameter &p) { return !unknown.contains(p.layerPath.front()); });
  return known;
}

/// Puts the problems into the order of the model's layers; what concerns none of them goes first.
static void sortProblems(std::vector<Problem> &problems, const ModelDescription &description) {
  auto place = [&](const Problem &problem) {
    size_t found = 0, length = 0;
    for (size_t i = 0; i < description.layers.size(); ++i) {
      std::string path = fmt::format("{}", fmt::join(description.layers[i].path, "/"));
      if (path.empty())
        continue;
      bool within = problem.layer == path || problem.layer.starts_with(path + "/");
      if (within && path.size() >= length)
        found = i + 1, length = path.size();
    }
    return found;
  };
  std::multimap<size_t, Problem> placed; // those of one place in their order
  for (Problem &problem : problems)
    placed.emplace(place(problem), std::move(problem));
  std::ranges::transform(placed, problems.begin(),
                         [](auto &entry) { return std::move(entry.second); });
}

Expected<ModelDescription> check(const keras::Model &model, const CompileOptions &options) {
  ModelDescription description = HORNET_TRY(driver::examine(model, options));
  std::vector<Problem> &problems = description.problems;
  if (model.weights) {
    bool whole = problems.empty();
    auto fit = whole ? keras::checkWeights(model, *model.weights, description.parameters)
                     : keras::checkWeights(model, *model.weights, knownParameters(description),
                                           /*partial=*/true);
    if (!fit && !std::holds_alternative<InputError>(fit.error()))
      return tl::unexpected<Error>(std::move(fit).error());
    if (!fit)
      for (Problem &problem : std::get<InputError>(fit.error()).problems)
        problems.push_back(std::move(problem));
  }
  if (problems.empty())
    return description;
  sortProblems(problems, description);
  return tl::unexpected<Error>(InputError{std::move(problems)});
}

Expected<MemoryPlan> planMemory(const keras::Model &model, const CompileOptions &options) {
  return HORNET_TRY(compilerFor(options))->planMemory(model, options);
}

Expected<std::vector<Tunable>> tunables(const keras::Model &model, const CompileOptions &options,
                                        int64_t batch) {
  return HORNET_TRY(compilerFor(options))->tunables(model, options, batch);
}

Expected<std::string> inspect(const keras::Model &model, const CompileOptions &options, Stage stage,
                              const std::string &layer) {
  return HORNET_TRY(compilerFor(options))->inspect(model, options, stage, layer);
}

Expected<std::vector<std::string>>
inspectStages(const keras::Model &model, const CompileOptions &options, const std::string &layer) {
  return HORNET_TRY(compilerFor(options))->inspectStages(model, options, layer);
}

} // namespace hornet::driver
