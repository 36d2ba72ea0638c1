//===- Key.h - What compiled code depends on -----------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/Options.h"
#include "keras/Model.h"

#include <string>

namespace hornet::driver {

/// The cache's key of the artifact that `compiler` (its identity) makes: equal for equal structures
/// and options, whatever the model's file is called and whatever its weights are.
std::string artifactKey(const keras::Model &model, const CompileOptions &options,
                        const std::string &compiler);

} // namespace hornet::driver
