//===- Verification.h - Whether a model gives recorded answers, and where it departs ------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "Comparison.h"
#include "Recording.h"

namespace hornet::tool {

/// A named array, compared.
struct Compared {
  std::string name;
  Comparison comparison;
};

/// The first layer, in the order of the model, whose result is another one.
struct Departure {
  enum class Kind {
    levels,    ///< of what the optimized code gives, and what -O0 does
    recording, ///< of what the model gives, and what was recorded
  };
  Kind kind;
  std::string layer, layerClass;
  Comparison comparison;
};

struct Verdict {
  int level = 3, otherLevel = 0; ///< of the code that was verified, and what it was held against
  std::vector<Compared> outputs;
  bool levelsAgree = true; ///< meaningful where the outputs do not agree
  std::optional<Departure> departure;
  std::string meaning, mend; ///< for who reads it; empty when all agrees
  std::vector<std::string> notes;

  bool agrees() const;
};

/// Runs the model on the recorded inputs, and compares. Where an output differs, the layers are
/// compared, for the sample that is furthest off: of the code of this level and of -O0, then with
/// what was recorded of layers. Input error: the arrays do not fit the model.
Expected<Verdict> verify(const keras::Model &model, const ModelDescription &description,
                         Recording recording, CompileOptions options, Tolerance tolerance);

} // namespace hornet::tool
