//===- Tunables.h - What tuning may choose in a model -----------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lower/Schedule.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace hornet::lower {

/// Who is to choose, and for what.
struct TuningScope {
  Machine machine;
  int64_t winogradTile = 0; ///< the largest that is allowed
  int64_t batch = 1;        ///< that will be measured
};

/// An op, what is chosen for it, and what else might be: the first choice is the present one.
struct OpChoices {
  mlir::Operation *op;
  std::string name;
  std::vector<Choice> choices;
};

/// Of a graph, about its convolutions; of structured ops, before they are scheduled, about these.
std::vector<OpChoices> choicesOf(mlir::func::FuncOp predict, const TuningScope &scope);

} // namespace hornet::lower
