//===- Patterns.td - The algebraic rewrites -----------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
// In the comments, x is an activation; s, b and t depend on parameters alone.
//
//===----------------------------------------------------------------------===//

#ifndef HORNET_OPTIMIZE_PATTERNS
#define HORNET_OPTIMIZE_PATTERNS

include "graph/Graph.td"
include "mlir/IR/PatternBase.td"

def OfParameters : Constraint<CPred<"dependsOnParametersAlone($0)">>;
def OfActivations : Constraint<CPred<"!dependsOnParametersAlone($0)">>;
def PerChannel : Constraint<CPred<"isPerChannel($0)">>;
def OneUse : Constraint<CPred<"$0.hasOneUse()">>;
def SameType : Constraint<CPred<"$0.getType() == $1.getType()">>;
def TakesScale : Constraint<CPred<"takesScale($0)">>;

// What depends on parameters stands on the right: b + x -> x + b.
foreach op = [Graph_AddOp, Graph_MultiplyOp] in
  def : Pat<(op $b, $x), (op $x, $b), [(OfParameters $b), (OfActivations $x)]>;

// (x + b) + t -> x + (b + t), (x * s) * t -> x * (s * t)
foreach op = [Graph_AddOp, Graph_MultiplyOp] in
  def : Pat<(op:$result (op:$inner $x, $b), $t), (op $x, (op $b, $t)),
            [(OfActivations $x), (OfParameters $b), (OfParameters $t), (OneUse $inner),
             (SameType $result, $x)]>;

// (conv + b) * s -> conv * s + b * s
def : Pat<(Graph_MultiplyOp:$result (Graph_AddOp:$sum $x, $b), $s),
          (Graph_AddOp (Graph_MultiplyOp $x, $s), (Graph_MultiplyOp $b, $s)),
          [(TakesScale $x), (OfParameters $b), (OfParameters $s), (PerChannel $s), (OneUse $sum),
           (SameType $result, $x)]>;

#endif // HORNET_OPTIMIZE_PATTERNS
