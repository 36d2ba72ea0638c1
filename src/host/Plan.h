//===- Plan.h - What is computed around compiled code -----------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"
#include "base/Tensor.h"

#include <nlohmann/json.hpp>

namespace hornet::host {

using Json = nlohmann::ordered_json;

/// A value of a plan, and where it comes from.
struct Value {
  enum class Source {
    input, ///< of the model
    code,  ///< a result of compiled code
    step   ///< of the plan
  } source;
  size_t index; ///< among the model's inputs, the results, or the steps
  DType dtype = DType::f32;
  Shape shape; ///< the leading extent is `unknownSize`, the batch
};

/// One function of the host, applied. Every step has one value.
struct Step {
  std::string layer, layerClass; ///< for messages
  std::string function;          ///< a row of the table in Program.cpp
  std::vector<size_t> operands;  ///< values
  Json settings = Json::object();
};

/// What surrounds the compiled function of a model that takes strings or looks integers up: the
/// import makes it, an artifact's manifest holds it, vocabularies included, and `Program` runs it.
struct Plan {
  std::vector<Value> values;
  std::vector<Step> steps;       ///< each after those that it takes values from
  std::vector<size_t> arguments; ///< values: what the code takes; none comes from its results
  std::vector<size_t> results;   ///< values: the model's outputs
};

/// Results that are as long as the longest text of a batch, which compiled code must know.
struct OpenTexts {
  Plan plan;                       ///< its results are these, and need no code
  std::vector<std::string> layers; ///< whose they are, by path: one for each
};

/// The plan as JSON, for a manifest. `planOf` throws what nlohmann::json and std::out_of_range do
/// where the JSON is not what `jsonOf` made: within parseManifest, which says so.
Json jsonOf(const Plan &plan);
Plan planOf(const Json &json);

} // namespace hornet::host
