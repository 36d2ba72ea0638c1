//===- Rules.h - How a gradient is attached to an op ----------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
// Internal to src/differentiate.
#pragma once

#include "differentiate/Gradients.h"

namespace hornet::differentiate {

/// Attaches a rule, which gets the op, the gradient to its result, and where gradients go:
///
///   rule<ReverseOp>(context, [](ReverseOp op, Term dy, Gradients &gradients) { … });
template <class Op, class Rule> void rule(mlir::MLIRContext *context, Rule) {
  struct Model : Differentiable::ExternalModel<Model, Op> {
    void differentiate(mlir::Operation *op, Gradients &gradients) const {
      Rule()(mlir::cast<Op>(op), gradients.ofResult(op->getResult(0)), gradients);
    }
  };
  Op::template attachInterface<Model>(*context);
}

void addElementwiseRules(mlir::MLIRContext *context);
void addWindowRules(mlir::MLIRContext *context);
void addReductionRules(mlir::MLIRContext *context);
void addScanRule(mlir::MLIRContext *context);
void addShapeRules(mlir::MLIRContext *context);

} // namespace hornet::differentiate
