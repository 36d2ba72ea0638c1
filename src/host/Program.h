//===- Program.h - A plan, ready to run --------------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "host/Plan.h"

#include <functional>
#include <memory>
#include <span>

namespace hornet::host {

/// What a step computes from its operands.
using Function = std::function<Expected<Tensor>(std::span<const Tensor>)>;

/// A plan with its tables made. Immutable, cheap to copy; may run in several threads.
class Program {
public:
  /// Input error: settings that no import made (a damaged manifest).
  static Expected<Program> make(Plan plan);

  /// What compiled code gives for its arguments, which are float32 or boolean.
  using Code = std::function<Expected<std::vector<Tensor>>(std::vector<Tensor>)>;

  /// The model's outputs for its inputs, which have the types and shapes of the plan's values.
  /// `code` is called at most once; without any, what needs it stays empty. Input error: a string
  /// that is not UTF-8, or that a layer without indices for such does not know; texts of another
  /// length than the code was made for.
  Expected<std::vector<Tensor>> run(std::span<const Tensor> inputs, const Code &code) const;

  /// The results of compiled code, in order.
  std::vector<Value> codeResults() const;

private:
  Plan plan;
  std::vector<Function> functions; ///< of the steps
  std::vector<size_t> stepValues;  ///< of the steps
  std::vector<bool> afterCode;     ///< of the steps
};

/// The shapes that the results of `texts` have for these inputs, of the types and shapes of the
/// plan's values: by layer, as CompileOptions::shapes has them. Input error: as of Program::run.
Expected<std::vector<std::pair<std::string, Shape>>> shapesOf(const OpenTexts &texts,
                                                              std::span<const Tensor> inputs);

/// "layer 'words' (StringLookup): …".
tl::unexpected<Error> refuse(const Step &step, std::string reason, std::string mend = "");

} // namespace hornet::host
