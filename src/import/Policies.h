//===- Policies.h - The dtypes that layers compute in ----------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "import/LayerImport.h"

namespace hornet::import {

/// The dtype, or the dtype policy, in a layer's config: "float32", "mixed_float16",
/// "int8_from_float32"; empty when the config does not say.
std::string policyOf(const Json &config);

/// Reports a policy that is not known or not supported. Returns a note when Keras computes in
/// another precision than float32.
std::string checkPolicy(LayerImport &layer);

} // namespace hornet::import
