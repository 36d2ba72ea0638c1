//===- Steps.h - Training steps to test --------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/Compiler.h"
#include "keras/Weights.h"
#include "training/StepRunner.h"

#include <gtest/gtest.h>

namespace hornet::test {

inline Expected<runtime::Artifact> compileStep(const keras::Model &model,
                                               const step::StepOptions &options,
                                               const CompileOptions &base) {
  CompileOptions compile = base;
  compile.target = "x86-64-v3";
  compile.step = options;
  std::string bytes = HORNET_TRY(compileArtifact(model, compile));
  return runtime::loadArtifact(std::as_bytes(std::span(bytes)));
}

/// A runner of steps on the model's own weights, or why there is none.
inline Expected<training::StepRunner> runnerFor(const keras::Model &model,
                                                const step::StepOptions &options,
                                                const CompileOptions &base = {}) {
  auto artifact = HORNET_TRY(compileStep(model, options, base));
  auto values = HORNET_TRY(keras::bindWeights(model, artifact.manifest.step->parameters));
  auto step = HORNET_TRY(runtime::Model::load(std::move(artifact), {}));
  return training::StepRunner::make(std::move(step), values);
}

/// The same on parameters that are all `value`.
inline Expected<training::StepRunner> runnerWith(float value, const keras::Model &model,
                                                 const step::StepOptions &options,
                                                 const CompileOptions &base = {}) {
  auto artifact = HORNET_TRY(compileStep(model, options, base));
  std::vector<Tensor> values;
  for (const Parameter &parameter : artifact.manifest.step->parameters) {
    values.emplace_back(DType::f32, parameter.shape);
    std::ranges::fill(values.back().as<float>(), value);
  }
  auto step = HORNET_TRY(runtime::Model::load(std::move(artifact), {}));
  return training::StepRunner::make(std::move(step), values);
}

inline const formats::Json sgd = {{"class_name", "SGD"}, {"config", {{"learning_rate", 1.0}}}};

inline const Tensor &resultOf(const training::StepRunner &runner, const std::string &name) {
  const auto &ports = runner.compiled().outputs();
  for (size_t i = 0; i < ports.size(); ++i)
    if (ports[i].name == name)
      return runner.results()[i];
  ADD_FAILURE() << "there is no output " << name;
  return runner.results().front();
}

} // namespace hornet::test
