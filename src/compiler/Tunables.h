//===- Tunables.h - What tuning may choose in a model -----------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"
#include "base/Tuning.h"
#include "compiler/Options.h"
#include "keras/Model.h"

#include <vector>

namespace hornet {

/// The ops of the model about which there is something to choose, each name once, with the choices
/// of `options.tuning` or the schedule's own. `batch`: that will be measured; choices that make no
/// difference for it are left out. Needs no weights. Errors: as of hornet::compile.
Expected<std::vector<Tunable>> tunables(const keras::Model &model, const CompileOptions &options,
                                        int64_t batch);

} // namespace hornet
