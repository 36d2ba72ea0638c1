//===- Differentiable.td - Ops that have a gradient ----------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//

#ifndef HORNET_DIFFERENTIATE_DIFFERENTIABLE
#define HORNET_DIFFERENTIATE_DIFFERENTIABLE

include "mlir/IR/OpBase.td"

def DifferentiableOpInterface : OpInterface<"Differentiable"> {
  let cppNamespace = "::hornet::differentiate";
  let description = [{
    An op that has a gradient to its operands. The rules are attached from outside
    (`registerGradients`), so that the dialect knows nothing of them.
  }];
  let methods = [
    InterfaceMethod<
      "Adds to the gradients of the operands what those of its results make of them. Called once "
      "for an op, when all uses of its results have been seen; appends ops at the builder of "
      "`gradients`.",
      "void", "differentiate", (ins "::hornet::differentiate::Gradients &":$gradients)>];
}

#endif // HORNET_DIFFERENTIATE_DIFFERENTIABLE
