//===- Passes.td - From the graph to a smaller graph --------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//

#ifndef HORNET_OPTIMIZE_PASSES
#define HORNET_OPTIMIZE_PASSES

include "mlir/Pass/PassBase.td"

def DropIdentities : Pass<"drop-identities"> {
  let summary = "Remove the layers that do nothing when predicting";
  let description = [{
    `graph.dropout`, `graph.noise` and `graph.penalize` become their inputs. For prediction alone: a
    training step has expanded them before. Runs first, so that nothing stands between the ops that
    later passes join; the lowering knows none of them. Upstream's canonicalizer cannot do it, since it does not know what the graph
    is for.
  }];
}

def ExpandComposites : Pass<"expand-composites"> {
  let summary = "Write batch normalization as a scale and a shift";
  let description = [{
    `graph.batch_norm` becomes `x * scale + shift`, where `scale = gamma * rsqrt(variance + epsilon)`
    and `shift = beta - mean * scale` depend on parameters alone. Runs at every level, after
    whatever wants batch normalization as one op (differentiation: with the statistics of the
    batch, it has another gradient), and before fold-scale and the lowering, which knows no
    `graph.batch_norm`.
  }];
}

def FoldScale : Pass<"fold-scale"> {
  let summary = "Fold scales that depend on parameters alone into the weights";
  let description = [{
    Of convolutions and matrix products, with `s`, `b` and `t` depending on parameters alone and `s`
    holding one number a channel (or one in all):

      * `conv(x, w) * s` becomes `conv(x, w * s)`, and `conv(x * s, w)` becomes `conv(x, s * w)`;
      * `(conv + b) * s + t` becomes `conv * s + (b * s + t)`;
      * sums and products of several such terms become one.

    What is done to parameters costs nothing later: hoist-parameters moves it into `@prepare`. So
    this pass only moves arithmetic from activations to parameters, and does nothing to a weight
    that is itself computed from the input, nor to a result that has other uses.

    A shift before a convolution stays. With zero padding it would reach the border, where the
    layer has zeros; without, it would trade `(x - mean) * w` for `x * w - mean * w`, which cancels
    badly when the mean is large. Nothing moves across what is not linear: relu, max pooling (a
    negative scale would turn its order around).

    Runs after expand-composites and drop-identities, once transposes are canonicalized away;
    before the lowering. Upstream folds constants, but our weights are symbols.
  }];
}

#endif // HORNET_OPTIMIZE_PASSES
