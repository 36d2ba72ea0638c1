//===- Tuning.h - What was measured on this machine ---------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/Options.h"

#include <string>

namespace hornet::driver {

/// What a tuning log holds for this processor and for these options: CompileOptions::tuning. A file
/// that is missing holds nothing. Errors: as of cache::TuningLog::read.
Expected<Tuning> tuningFor(const CompileOptions &options, const std::string &log);

/// This processor as a tuning log names it: a digest of its identity.
std::string processorName();

} // namespace hornet::driver
