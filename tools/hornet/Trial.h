//===- Trial.h - A model to be measured --------------------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "Options.h"

#include "compiler/Description.h"

namespace hornet::tool {

/// What the commands that measure have in common.
struct TrialOptions {
  ModelOptions model;
  CompileFlags flags;
  CacheFlag cache;
  int64_t batch = 1;
  double seconds = 2;
  bool json = false;

  void add(CLI::App &command);
  /// All but --seconds.
  void addWithoutSeconds(CLI::App &command);
};

/// A model with weights, random ones if it has none, and how to compile it.
struct Trial {
  keras::Model model;
  ModelDescription description;
  CompileOptions options;
  bool randomWeights = false;

  int threads() const { return threadsOf(options); }

  static Expected<Trial> read(const TrialOptions &options);
};

/// Bytes that one call touches: weights, inputs, outputs, and the arena of everything in between.
double touchedBytes(const runtime::Manifest &manifest, int64_t batch);

/// "cnn.h5: batch 1, 2 threads, 1,234 calls, random weights".
std::string titleOf(const TrialOptions &options, const Trial &trial, size_t calls);

} // namespace hornet::tool
