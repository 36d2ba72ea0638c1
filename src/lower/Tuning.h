//===- Tuning.h - Ops by name, and what was measured for them ---------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Tuning.h"
#include "graph/Graph.h"
#include "lower/Kernel.h"

namespace hornet::lower {

/// Attribute of the module: a dictionary of choices by the op's name, each a dictionary of numbers.
inline constexpr llvm::StringLiteral tuningAttr = "hornet.tuning";
mlir::DictionaryAttr tuningAttribute(mlir::MLIRContext *context, const Tuning &tuning);

/// Names say the shapes that an op reads and writes, and so its window, strides and padding. They
/// are the same in every pass that makes a choice: of a packed filter as before packing, of a
/// kernel with or without its epilogue. The processor and the number of threads are no part of
/// them: a compilation is given the choices for its own alone.
std::string nameOf(const Kernel &kernel);
std::string nameOf(graph::ConvolutionOp op);
std::string nameOf(graph::WinogradConvolutionOp op);

/// The numbers that were measured for one op. Where there are none, the schedule's own hold.
class Tuned {
public:
  Tuned() = default;
  explicit Tuned(Choice choice) : choice(std::move(choice)) {}
  /// Those in the module that `op` is in.
  Tuned(mlir::Operation *op, llvm::function_ref<std::string()> name);

  int64_t orElse(llvm::StringRef name, int64_t own) const;
  bool has(llvm::StringRef name) const { return choice.contains(std::string_view(name)); }

private:
  Choice choice;
};

/// For tuning: each choice once, the first one the present.
class Choices {
public:
  void add(Choice choice) {
    if (!llvm::is_contained(choices, choice))
      choices.push_back(std::move(choice));
  }
  std::vector<Choice> take() { return std::move(choices); }

private:
  std::vector<Choice> choices;
};

} // namespace hornet::lower
