//===- Graph.td - The graph dialect: Keras layers as few primitive ops -------===//
//
// Part of Hornet, under the Apache License 2.0.
//
// Conventions that hold for every op here:
//  * Tensors are builtin ranked tensors. Images are channels last (N, spatial…, C), filters (spatial…,
//    I / groups, O), as Keras has them.
//  * The leading dimension is the batch and may be dynamic; every other dimension is static.
//  * An op's location names the Keras layer that it came from.
//  * Numbered constraints (C1), (C2), … are those that ODS cannot say; the verifier or the type
//    inference cites their number in its message.
//
//===----------------------------------------------------------------------===//

#ifndef HORNET_GRAPH
#define HORNET_GRAPH

include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Graph_Dialect : Dialect {
  let name = "graph";
  let cppNamespace = "::hornet::graph";
  let summary = "A Keras model as a graph of primitive tensor operations";
  let description = [{
    What a model file becomes after import, and what the optimizer rewrites. Weights are symbols
    (`graph.parameter`), not literals, so that code and weights stay apart to the end.
  }];
  let hasCanonicalizer = 1;
  let hasConstantMaterializer = 1;
  let dependentDialects = ["::mlir::func::FuncDialect"];
}

def Graph_Tensor : RankedTensorOf<[AnyFloat, AnySignlessInteger]>;
def Graph_FloatTensor : RankedTensorOf<[AnyFloat]>;
def Graph_BoolTensor : RankedTensorOf<[I1]>;

def Graph_Pointwise : NativeOpTrait<"Pointwise"> { let cppNamespace = "::hornet::graph"; }
/// x <= y means f(x) <= f(y).
def Graph_NonDecreasing : NativeOpTrait<"NonDecreasing"> { let cppNamespace = "::hornet::graph"; }

class Graph_Op<string mnemonic, list<Trait> traits = []> : Op<Graph_Dialect, mnemonic, traits>;

/// A pure op whose result type follows from its operands and attributes (`inferReturnTypes`).
class Graph_InferredOp<string mnemonic, list<Trait> traits = []>
    : Graph_Op<mnemonic, !listconcat([Pure, InferTypeOpAdaptor], traits)>;

//===----------------------------------------------------------------------===//
// Parameters and constants
//===----------------------------------------------------------------------===//

def Graph_ParameterOp : Graph_Op<"parameter", [Symbol]> {
  let summary = "Declares a weight of the model";
  let description = [{
    Declares a value that the weights file gives and that training may change. The name is
    `layer/weight`, as Keras names it (https://keras.io/api/layers/base_layer/#weights-property).

    Example:
    ```mlir
    graph.parameter @"conv2d/kernel" : tensor<3x3x1x32xf32>
    graph.parameter @"batch_norm/moving_mean" frozen : tensor<32xf32>
    ```

    (C1) The type is static.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<Graph_Tensor>:$type, UnitAttr:$frozen);
  let assemblyFormat = "$sym_name (`frozen` $frozen^)? `:` $type attr-dict";
  let hasVerifier = 1;
}

def Graph_GetParameterOp
    : Graph_Op<"get_parameter", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "The value of a parameter";
  let description = [{
    Example:
    ```mlir
    %filter = graph.get_parameter @"conv2d/kernel" : tensor<3x3x1x32xf32>
    ```

    (C1) The symbol names a `graph.parameter` of the same type.
  }];
  let arguments = (ins FlatSymbolRefAttr:$parameter);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$parameter `:` type($result) attr-dict";
}

def Graph_ConstantOp : Graph_Op<"constant", [Pure, ConstantLike, AllTypesMatch<["value", "result"]>]> {
  let summary = "A constant of the model's arithmetic, never a weight";
  let description = [{
    Example:
    ```mlir
    %half = graph.constant dense<0.5> : tensor<f32>
    ```
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$value attr-dict";
  let hasFolder = 1;
}

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

/// result[i] = f(operand[i]).
class Graph_UnaryOp<string mnemonic, string function, list<Trait> traits = []>
    : Graph_Op<mnemonic, !listconcat([Pure, SameOperandsAndResultType, Graph_Pointwise], traits)> {
  let summary = function # " of each element";
  let description = "`" # function # "` of each element. Source: https://keras.io/api/ops/\n\n"
    # "Example:\n```mlir\n%y = graph." # mnemonic # " %x : tensor<?x10xf32>\n```\n";
  let arguments = (ins Graph_FloatTensor:$operand);
  let results = (outs Graph_FloatTensor:$result);
  let assemblyFormat = "$operand attr-dict `:` type($result)";
}

def Graph_AbsOp : Graph_UnaryOp<"abs", "|x|">;
def Graph_CeilOp : Graph_UnaryOp<"ceil", "the smallest integer not below x", [Graph_NonDecreasing]>;
def Graph_CosOp : Graph_UnaryOp<"cos", "cos(x)">;
def Graph_ErfOp : Graph_UnaryOp<"erf", "the error function erf(x)", [Graph_NonDecreasing]>;
def Graph_ExpOp : Graph_UnaryOp<"exp", "e^x", [Graph_NonDecreasing]>;
def Graph_ExpM1Op : Graph_UnaryOp<"expm1", "e^x - 1", [Graph_NonDecreasing]>;
def Graph_FloorOp : Graph_UnaryOp<"floor", "the largest integer not above x", [Graph_NonDecreasing]>;
def Graph_LogOp : Graph_UnaryOp<"log", "ln(x)">;
def Graph_Log1pOp : Graph_UnaryOp<"log1p", "ln(1 + x)">;
def Graph_NegateOp : Graph_UnaryOp<"negate", "-x"> { let hasFolder = 1; }
def Graph_ReluOp : Graph_UnaryOp<"relu", "max(x, 0), NaN stays NaN", [Graph_NonDecreasing]> { let hasFolder = 1; }
def Graph_RoundOp : Graph_UnaryOp<"round", "the nearest integer, of two the even one", [Graph_NonDecreasing]>;
def Graph_RsqrtOp : Graph_UnaryOp<"rsqrt", "1 / sqrt(x)">;
def Graph_SigmoidOp : Graph_UnaryOp<"sigmoid", "1 / (1 + e^-x)", [Graph_NonDecreasing]>;
def Graph_SignOp : Graph_UnaryOp<"sign", "-1, 0 or 1 as x is negative, zero or positive", [Graph_NonDecreasing]>;
def Graph_SinOp : Graph_UnaryOp<"sin", "sin(x)">;
def Graph_SoftplusOp : Graph_UnaryOp<"softplus", "ln(1 + e^x)", [Graph_NonDecreasing]>;
def Graph_SqrtOp : Graph_UnaryOp<"sqrt", "sqrt(x)">;
def Graph_TanhOp : Graph_UnaryOp<"tanh", "tanh(x)", [Graph_NonDecreasing]>;
def Graph_TruncOp : Graph_UnaryOp<"trunc", "x without its fraction", [Graph_NonDecreasing]>;

/// result[i] = f(lhs[i], rhs[i]) with NumPy's broadcasting.
class Graph_BroadcastingOp<string mnemonic, string function, list<Trait> traits = []>
    : Graph_InferredOp<mnemonic, !listconcat([SameOperandsElementType, Graph_Pointwise], traits)> {
  let summary = function # " with broadcasting";
  let description = "`" # function # [{` of each pair of elements, with NumPy's broadcasting: shapes are aligned at
    the last dimension, and an extent of 1 is repeated.
    Source: https://numpy.org/doc/stable/user/basics.broadcasting.html

    Example:
    ```mlir
    %y = graph.}] # mnemonic # [{ %x, %bias : (tensor<?x10xf32>, tensor<10xf32>) -> tensor<?x10xf32>
    ```

    (C1) Aligned extents are equal, or one of them is 1.
  }];
  let arguments = (ins Graph_Tensor:$lhs, Graph_Tensor:$rhs);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` functional-type(operands, results)";
}

def Graph_AddOp : Graph_BroadcastingOp<"add", "x + y", [Commutative]> { let hasFolder = 1; }
def Graph_Atan2Op : Graph_BroadcastingOp<"atan2", "the angle of the point (y, x)">;
def Graph_DivideOp : Graph_BroadcastingOp<"divide", "x / y"> { let hasFolder = 1; }
def Graph_MaximumOp
    : Graph_BroadcastingOp<"maximum", "the greater of x and y, NaN if either is", [Commutative]> {
  let hasFolder = 1;
}
def Graph_MinimumOp
    : Graph_BroadcastingOp<"minimum", "the smaller of x and y, NaN if either is", [Commutative]> {
  let hasFolder = 1;
}
def Graph_MultiplyOp : Graph_BroadcastingOp<"multiply", "x * y", [Commutative]> { let hasFolder = 1; }
def Graph_PowerOp : Graph_BroadcastingOp<"power", "x to the power of y">;
def Graph_SubtractOp : Graph_BroadcastingOp<"subtract", "x - y"> { let hasFolder = 1; }

def Graph_Comparison : I32EnumAttr<"Comparison", "how two numbers are compared", [
    I32EnumAttrCase<"eq", 0>, I32EnumAttrCase<"ne", 1>, I32EnumAttrCase<"lt", 2>,
    I32EnumAttrCase<"le", 3>, I32EnumAttrCase<"gt", 4>, I32EnumAttrCase<"ge", 5>]> {
  let cppNamespace = "::hornet::graph";
}

def Graph_CompareOp : Graph_InferredOp<"compare", [SameOperandsElementType, Graph_Pointwise]> {
  let summary = "Compares elements, with broadcasting";
  let description = [{
    i1 results; a comparison with NaN is false, except `ne`. Source: https://keras.io/api/ops/numpy/

    Example:
    ```mlir
    %p = graph.compare gt %x, %zero : (tensor<?x10xf32>, tensor<f32>) -> tensor<?x10xi1>
    ```

    (C1) Aligned extents are equal, or one of them is 1.
  }];
  let arguments = (ins Graph_Comparison:$comparison, Graph_Tensor:$lhs, Graph_Tensor:$rhs);
  let results = (outs Graph_BoolTensor:$result);
  let assemblyFormat =
      "$comparison $lhs `,` $rhs attr-dict `:` functional-type(operands, results)";
}

def Graph_SelectOp : Graph_InferredOp<"select", [Graph_Pointwise]> {
  let summary = "Picks elements of one of two tensors, with broadcasting";
  let description = [{
    `predicate ? on_true : on_false`. Source: https://keras.io/api/ops/numpy/#where-function

    Example:
    ```mlir
    %y = graph.select %p, %x, %zero : (tensor<?x10xi1>, tensor<?x10xf32>, tensor<f32>) -> tensor<?x10xf32>
    ```

    (C1) Aligned extents are equal, or one of them is 1.
    (C2) Both values have one element type.
  }];
  let arguments = (ins Graph_BoolTensor:$predicate, Graph_Tensor:$on_true, Graph_Tensor:$on_false);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Graph_StopGradientOp
    : Graph_UnaryOp<"stop_gradient", "the identity, behind which nothing is trained", [Graph_NonDecreasing]>;

//===----------------------------------------------------------------------===//
// Contractions and windows
//===----------------------------------------------------------------------===//

def Graph_MatmulOp : Graph_InferredOp<"matmul", [SameOperandsElementType]> {
  let summary = "Contracts the last dimension of lhs with the first of rhs";
  let description = [{
    `result[…, n] = sum over k of lhs[…, k] * rhs[k, n]`: the product of Keras's Dense
    (https://keras.io/api/layers/core_layers/dense/), for any rank of lhs.

    Example:
    ```mlir
    %y = graph.matmul %x, %kernel : (tensor<?x784xf32>, tensor<784x10xf32>) -> tensor<?x10xf32>
    ```

    (C1) lhs has rank 1 or more, rhs has rank 2.
    (C2) The contracted extents are equal and static.
  }];
  let arguments = (ins Graph_FloatTensor:$lhs, Graph_FloatTensor:$rhs);
  let results = (outs Graph_FloatTensor:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` functional-type(operands, results)";
}

def Graph_EinsumOp : Graph_InferredOp<"einsum", [SameOperandsElementType]> {
  let summary = "Multiplies two tensors and sums, dimension by dimension";
  let description = [{
    Einstein's notation: each dimension has a letter, and what the result lacks is summed over. A
    letter of all three is a batch, one of a single operand and the result a row or a column. So
    operands need not be transposed before, nor the result after.
    Source: https://keras.io/api/ops/numpy/#einsum-function

    Example:
    ```mlir
    %scores = graph.einsum "bqhd,bkhd->bhqk" %query, %key
      : (tensor<?x128x4x64xf32>, tensor<?x128x4x64xf32>) -> tensor<?x4x128x128xf32>
    ```

    (C1) equation is `lhs,rhs->result`: a letter for each dimension, none twice in one of the three.
    (C2) Each letter is in two of the three, or in all.
    (C3) A letter has the same extent in both operands.
    (C4) An open extent is the leading dimension wherever its letter is.
  }];
  let arguments = (ins StrAttr:$equation, Graph_FloatTensor:$lhs, Graph_FloatTensor:$rhs);
  let results = (outs Graph_FloatTensor:$result);
  let assemblyFormat =
      "$equation $lhs `,` $rhs attr-dict `:` functional-type(operands, results)";
  let hasCanonicalizer = 1;
  let extraClassDeclaration = [{
    /// The extents along which an element of the result is a sum.
    ::llvm::SmallVector<int64_t> summedExtents();
  }];
}

def Graph_ConvolutionOp : Graph_InferredOp<"convolution", [SameOperandsElementType]> {
  let summary = "Cross-correlation over any number of spatial dimensions";
  let description = [{
    What Keras calls a convolution (https://keras.io/api/layers/convolution_layers/), with explicit
    zero padding. `groups` splits both channel dimensions; a depthwise convolution has one group a
    channel.

    Example:
    ```mlir
    %y = graph.convolution %x, %filter strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 1
      : (tensor<?x28x28x1xf32>, tensor<3x3x1x32xf32>) -> tensor<?x26x26x32xf32>
    ```

    (C1) input (N, spatial…, I) and filter (spatial…, I / groups, O) have the same rank, 3 or more.
    (C2) strides, low, high and dilations have one entry a spatial dimension.
    (C3) strides and dilations are positive, paddings are not negative, groups is positive.
    (C4) I = filter's I * groups, and groups divides O.
    (C5) Spatial extents are static, and the dilated filter fits into the padded input.
  }];
  let arguments = (ins Graph_FloatTensor:$input, Graph_FloatTensor:$filter,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high,
                       DenseI64ArrayAttr:$dilations, I64Attr:$groups);
  let results = (outs Graph_FloatTensor:$result);
  let assemblyFormat = [{
    $input `,` $filter `strides` $strides `low` $low `high` $high `dilations` $dilations
    `groups` $groups attr-dict `:` functional-type(operands, results)
  }];
}

def Graph_FilterGradientOp : Graph_InferredOp<"filter_gradient", [SameOperandsElementType]> {
  let summary = "Gradient of a convolution, or of a dense layer, to its filter";
  let description = [{
    For a convolution of `input` with this padding, these strides, dilations and groups, whose
    result has the gradient `gradient`: the gradient to a filter with the spatial extents `window`.
    Without spatial dimensions, that of a product of matrices: `input^T gradient`.
    Source: https://arxiv.org/abs/1603.07285, chapter 2 (the sum over all uses of each weight)

    Example:
    ```mlir
    %dw = graph.filter_gradient %x, %dy window [3, 3] strides [1, 1] low [0, 0] high [0, 0]
      dilations [1, 1] groups 1
      : (tensor<?x28x28x1xf32>, tensor<?x26x26x32xf32>) -> tensor<3x3x1x32xf32>
    ```

    (C1) input (N, spatial…, I) and gradient (N, spatial…, O) have the same rank, 2 or more, and one
    batch.
    (C2) window, strides, low, high and dilations have one entry a spatial dimension.
    (C3) groups divides I and O, which are static.
    (C4) The spatial extents of gradient are those of the convolution's result.
    (C5) window, strides and dilations are positive, paddings are not negative.
  }];
  let arguments = (ins Graph_FloatTensor:$input, Graph_FloatTensor:$gradient,
                       DenseI64ArrayAttr:$window, DenseI64ArrayAttr:$strides,
                       DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high,
                       DenseI64ArrayAttr:$dilations, I64Attr:$groups);
  let results = (outs Graph_FloatTensor:$result);
  let assemblyFormat = [{
    $input `,` $gradient `window` $window `strides` $strides `low` $low `high` $high
    `dilations` $dilations `groups` $groups attr-dict `:` functional-type(operands, results)
  }];
}

def Graph_WinogradConvolutionOp
    : Graph_InferredOp<"winograd_convolution", [
        SameOperandsElementType,
        DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface, ["reifyResultShapes"]>]> {
  let summary = "Convolution with a transformed 3x3 filter";
  let description = [{
    What `graph-to-linalg` makes of a 3x3 convolution of stride 1 where that is faster: minimal
    filtering F(m x m, 3 x 3) (A. Lavin and S. Gray, "Fast Algorithms for Convolutional Neural
    Networks", https://arxiv.org/abs/1509.09308). A tile of m x m results takes (m + 2)^2
    multiplications a channel and filter instead of 9 m^2. The filter is given as one matrix (I, O)
    for each of these (m + 2)^2 products; padding has been done before.

    Example:
    ```mlir
    %y = graph.winograd_convolution %x, %u tile 2
      : (tensor<?x26x26x32xf32>, tensor<16x32x64xf32>) -> tensor<?x24x24x64xf32>
    ```

    (C1) input (N, H, W, I) has rank 4 and filter ((tile + 2)^2, I, O) has rank 3.
    (C2) H and W are static and tile + 2 or more.
  }];
  let arguments = (ins Graph_FloatTensor:$input, Graph_FloatTensor:$filter,
                       ConfinedAttr<I64Attr, [IntPositive]>:$tile);
  let results = (outs Graph_FloatTensor:$result);
  let assemblyFormat = [{
    $input `,` $filter `tile` $tile attr-dict `:` functional-type(operands, results)
  }];
}

def Graph_WinogradFilterGradientOp
    : Graph_InferredOp<"winograd_filter_gradient", [SameOperandsElementType]> {
  let summary = "Gradient of a convolution to its transformed 3x3 filter";
  let description = [{
    What `graph-to-linalg` makes of the gradient to a 3x3 filter where that is faster: the transposed
    form of `graph.winograd_convolution`, in which the gradient to each of its (m + 2)^2 matrices (I, O)
    is the sum, over the tiles of all samples, of transformed input times transformed gradient. The
    sum comes in `parts`, each over some of the samples, which threads can compute apart: as many
    for every number of threads, so that results do not depend on it. Padding has been done before.

    Example:
    ```mlir
    %u = graph.winograd_filter_gradient %x, %dy tile 2 parts 8
      : (tensor<?x26x26x32xf32>, tensor<?x24x24x64xf32>) -> tensor<8x16x32x64xf32>
    ```

    (C1) input (N, H, W, I) and gradient (N, H - 2, W - 2, O) have rank 4 and one batch.
    (C2) H - 2 and W - 2 are static multiples of tile.
  }];
  let arguments = (ins Graph_FloatTensor:$input, Graph_FloatTensor:$gradient,
                       ConfinedAttr<I64Attr, [IntPositive]>:$tile,
                       ConfinedAttr<I64Attr, [IntPositive]>:$parts);
  let results = (outs Graph_FloatTensor:$result);
  let assemblyFormat = [{
    $input `,` $gradient `tile` $tile `parts` $parts attr-dict `:` functional-type(operands, results)
  }];
}

class Graph_PoolOp<string mnemonic, string function, string more>
    : Graph_InferredOp<mnemonic> {
  let summary = function # " of each window";
  let description = function # [{ of each window of the spatial dimensions of (N, spatial…, C).
    Source: https://keras.io/api/layers/pooling_layers/ }] # more # [{

    Example:
    ```mlir
    %y = graph.}] # mnemonic # [{ %x window [2, 2] strides [2, 2] low [0, 0] high [0, 0]
      : (tensor<?x24x24x64xf32>) -> tensor<?x12x12x64xf32>
    ```

    (C1) window, strides, low and high have one entry a spatial dimension.
    (C2) window and strides are positive, paddings are smaller than the window and not negative.
    (C3) Spatial extents are static, and the window fits into the padded input.
  }];
  let arguments = (ins Graph_FloatTensor:$input, DenseI64ArrayAttr:$window,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high);
  let results = (outs Graph_FloatTensor:$result);
  let assemblyFormat = [{
    $input `window` $window `strides` $strides `low` $low `high` $high attr-dict
    `:` functional-type(operands, results)
  }];
}

def Graph_MaxPoolOp : Graph_PoolOp<"max_pool", "The maximum", " Padding never wins."> {
  let hasCanonicalizer = 1;
}
def Graph_AveragePoolOp
    : Graph_PoolOp<"average_pool", "The mean", " Padding does not count in the divisor."> {
  let extraClassDeclaration = [{
    /// How many elements, padding left out, each window covers: a constant of shape (out…, 1).
    ::mlir::DenseElementsAttr divisors();
  }];
}

def Graph_MaxPoolIndexOp : Graph_InferredOp<"max_pool_index", [SameOperandsElementType]> {
  let summary = "Where in each window its maximum is";
  let description = [{
    For `maximum`, the result of a `graph.max_pool` of `input` with this window: the number, in
    row-major order within the window, of the first element that equals it, as a float. The
    gradient of the pooling goes there. Source: https://www.tensorflow.org/api_docs/python/tf/nn/max_pool_with_argmax

    Example:
    ```mlir
    %i = graph.max_pool_index %x, %y window [2, 2] strides [2, 2] low [0, 0] high [0, 0]
      : (tensor<?x24x24x64xf32>, tensor<?x12x12x64xf32>) -> tensor<?x12x12x64xf32>
    ```

    (C1) to (C3) as for `graph.max_pool`, and maximum has the shape of its result.
  }];
  let arguments = (ins Graph_FloatTensor:$input, Graph_FloatTensor:$maximum,
                       DenseI64ArrayAttr:$window, DenseI64ArrayAttr:$strides,
                       DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high);
  let results = (outs Graph_FloatTensor:$result);
  let assemblyFormat = [{
    $input `,` $maximum `window` $window `strides` $strides `low` $low `high` $high attr-dict
    `:` functional-type(operands, results)
  }];
}

//===----------------------------------------------------------------------===//
// Reductions and normalizations
//===----------------------------------------------------------------------===//

class Graph_ReduceOp<string mnemonic, string function> : Graph_InferredOp<mnemonic> {
  let summary = function # " over some dimensions";
  let description = function # [{ over `dimensions`, which leave the shape.
    Source: https://keras.io/api/ops/numpy/

    Example:
    ```mlir
    %y = graph.}] # mnemonic # [{ %x dimensions [1, 2] : (tensor<?x12x12x64xf32>) -> tensor<?x64xf32>
    ```

    (C1) dimensions are in range and strictly increasing.
  }];
  let arguments = (ins Graph_FloatTensor:$input, DenseI64ArrayAttr:$dimensions);
  let results = (outs Graph_FloatTensor:$result);
  let assemblyFormat =
      "$input `dimensions` $dimensions attr-dict `:` functional-type(operands, results)";
}

def Graph_ReduceMaxOp : Graph_ReduceOp<"reduce_max", "The maximum">;
def Graph_ReduceSumOp : Graph_ReduceOp<"reduce_sum", "The sum">;

def Graph_SoftmaxOp : Graph_Op<"softmax", [Pure, SameOperandsAndResultType]> {
  let summary = "Softmax along one dimension";
  let description = [{
    `exp(x - max(x)) / sum(exp(x - max(x)))` along `dimension`.
    Source: https://keras.io/api/layers/activations/#softmax-function

    Example:
    ```mlir
    %y = graph.softmax %x dimension 1 : tensor<?x10xf32>
    ```

    (C1) dimension is in range.
  }];
  let arguments = (ins Graph_FloatTensor:$input, I64Attr:$dimension);
  let results = (outs Graph_FloatTensor:$result);
  let assemblyFormat = "$input `dimension` $dimension attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Graph_LogSoftmaxOp : Graph_Op<"log_softmax", [Pure, SameOperandsAndResultType]> {
  let summary = "The logarithm of softmax along one dimension";
  let description = [{
    `x - max(x) - log(sum(exp(x - max(x))))` along `dimension`, which does not underflow.
    Source: https://keras.io/api/layers/activations/#log_softmax-function

    Example:
    ```mlir
    %y = graph.log_softmax %x dimension 1 : tensor<?x10xf32>
    ```

    (C1) dimension is in range.
  }];
  let arguments = (ins Graph_FloatTensor:$input, I64Attr:$dimension);
  let results = (outs Graph_FloatTensor:$result);
  let assemblyFormat = "$input `dimension` $dimension attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Graph_BatchNormOp
    : Graph_Op<"batch_norm", [Pure, AllTypesMatch<["input", "result"]>, SameOperandsElementType]> {
  let summary = "Batch normalization with given statistics";
  let description = [{
    `gamma * (input - mean) / sqrt(variance + epsilon) + beta`, each of them one value a channel: of
    the last dimension, or of several, where the others have an extent of 1.
    Source: https://keras.io/api/layers/normalization_layers/batch_normalization/

    Example:
    ```mlir
    %y = graph.batch_norm %x, %gamma, %beta, %mean, %variance epsilon 1.0e-3
      : (tensor<?x8x8x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<?x8x8x4xf32>
    ```

    Where the layer is trained, it has a `momentum`: then a training step uses the statistics of the
    batch instead, and moves mean and variance towards them (by the unbiased variance, where Keras 2
    did).

    (C1) gamma, beta, mean and variance have the shape (C), C being input's last extent; or input's
    rank, with an extent of 1 where they do not have input's, and for the batch.
  }];
  let arguments = (ins Graph_FloatTensor:$input, Graph_FloatTensor:$gamma, Graph_FloatTensor:$beta,
                       Graph_FloatTensor:$mean, Graph_FloatTensor:$variance, F64Attr:$epsilon,
                       OptionalAttr<F64Attr>:$momentum, UnitAttr:$unbiased);
  let results = (outs Graph_FloatTensor:$result);
  let assemblyFormat = [{
    $input `,` $gamma `,` $beta `,` $mean `,` $variance `epsilon` $epsilon
    (`momentum` $momentum^)? (`unbiased` $unbiased^)? attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def Graph_DropoutOp : Graph_Op<"dropout", [Pure, SameOperandsAndResultType, Graph_Pointwise]> {
  let summary = "Dropout: the identity when predicting";
  let description = [{
    While training, zeroes elements with probability `rate` and scales the others by 1 / (1 - rate).
    Elements along the dimensions `shared` have one fate; so have those of all steps in the body of
    a `graph.scan`.
    Source: https://keras.io/api/layers/regularization_layers/dropout/

    Example:
    ```mlir
    %y = graph.dropout %x rate 2.5e-1 : tensor<?x128xf32>
    ```

    (C1) 0 <= rate <= 1.
    (C2) shared dimensions are in range and strictly increasing.
    (C3) In the body of a `graph.scan`, the input is one of its states.
  }];
  let arguments = (ins Graph_FloatTensor:$input, F64Attr:$rate,
                       DefaultValuedOptionalAttr<DenseI64ArrayAttr, "{}">:$shared);
  let results = (outs Graph_FloatTensor:$result);
  let assemblyFormat = "$input `rate` $rate (`shared` $shared^)? attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Graph_Noise : I32EnumAttr<"Noise", "how random numbers change a tensor", [
    I32EnumAttrCase<"gaussian", 0>, I32EnumAttrCase<"gaussian_dropout", 1>,
    I32EnumAttrCase<"alpha_dropout", 2>]> {
  let cppNamespace = "::hornet::graph";
}

def Graph_NoiseOp : Graph_Op<"noise", [Pure, SameOperandsAndResultType, Graph_Pointwise]> {
  let summary = "Random noise: the identity when predicting";
  let description = [{
    While training, for normal numbers n and the constants of selu:

    * `gaussian` adds n with the standard deviation `amount`
      (https://keras.io/api/layers/regularization_layers/gaussian_noise/);
    * `gaussian_dropout` multiplies by 1 + n with the standard deviation sqrt(amount / (1 - amount))
      (https://keras.io/api/layers/regularization_layers/gaussian_dropout/);
    * `alpha_dropout` sets elements to selu's limit with probability `amount`, those along the
      dimensions `shared` together, then scales and shifts so that mean and variance stay
      (https://keras.io/api/layers/regularization_layers/alpha_dropout/).

    Example:
    ```mlir
    %y = graph.noise gaussian %x amount 1.0e-1 : tensor<?x128xf32>
    ```

    (C1) amount is not negative; except for `gaussian`, it is 1 or less.
    (C2) shared dimensions are in range and strictly increasing.
  }];
  let arguments = (ins Graph_Noise:$kind, Graph_FloatTensor:$input, F64Attr:$amount,
                       DefaultValuedOptionalAttr<DenseI64ArrayAttr, "{}">:$shared);
  let results = (outs Graph_FloatTensor:$result);
  let assemblyFormat =
      "$kind $input `amount` $amount (`shared` $shared^)? attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Graph_PenalizeOp : Graph_Op<"penalize", [Pure, SameOperandsAndResultType, Graph_Pointwise]> {
  let summary = "An activity regularizer: the identity when predicting";
  let description = [{
    While training, adds what `regularizer`, as Keras writes it into files, makes of the input, divided
    by the size of the batch, to the loss.
    Source: https://keras.io/api/layers/regularizers/

    Example:
    ```mlir
    %y = graph.penalize %x regularizer "{\"class_name\": \"L2\", \"config\": {\"l2\": 0.01}}" : tensor<?x128xf32>
    ```
  }];
  let arguments = (ins Graph_FloatTensor:$input, StrAttr:$regularizer);
  let results = (outs Graph_FloatTensor:$result);
  let assemblyFormat = "$input `regularizer` $regularizer attr-dict `:` type($result)";
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

def Graph_ScanOp : Graph_Op<"scan", [Pure, IsolatedFromAbove, SingleBlock, AttrSizedOperandSegments]> {
  let summary = "Steps through time, carrying states";
  let description = [{
    Sequences are (batch, time, …). The body runs once for each time, in order, or from the last to
    the first with `reverse`. Its arguments are one step of each sequence, (batch, …); the states, as
    the step before left them, and at first as given; and `shared`, which is the same for all steps.
    It yields its outputs, and then the new states. The results are the outputs of all steps, each at
    the place of its time, (batch, time, …), and then the last states.
    Source: https://keras.io/api/ops/core/#scan-function

    Example (a sum over time, and all that it was on the way):
    ```mlir
    %sums, %last = graph.scan (%x) states (%zero) shared () {
    ^bb0(%step: tensor<?x8xf32>, %sum: tensor<?x8xf32>):
      %new = graph.add %sum, %step : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
      graph.yield %new, %new : tensor<?x8xf32>, tensor<?x8xf32>
    } : (tensor<?x5x8xf32>, tensor<?x8xf32>) -> (tensor<?x5x8xf32>, tensor<?x8xf32>)
    ```

    (C1) There is at least one sequence; all have the same static time, 1 or more, and rank 2 or more.
    (C2) The body's arguments are a step of each sequence, the states, and what is shared.
    (C3) The last operands of `graph.yield` have the types of the states.
    (C4) The results are the outputs with that time as their second dimension, and the states.
  }];
  let arguments = (ins Variadic<Graph_Tensor>:$sequences, Variadic<Graph_Tensor>:$states,
                       Variadic<Graph_Tensor>:$shared, UnitAttr:$reverse);
  let results = (outs Variadic<Graph_Tensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    (`reverse` $reverse^)? `(` $sequences `)` `states` `(` $states `)` `shared` `(` $shared `)`
    $body attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let hasCanonicalizer = 1;
  let extraClassDeclaration = [{
    /// Number of steps.
    int64_t getTime();
    size_t countOutputs() { return getNumResults() - getStates().size(); }
    ::mlir::ResultRange getOutputs() { return getResults().take_front(countOutputs()); }
    ::mlir::ResultRange getLastStates() { return getResults().drop_front(countOutputs()); }
    ::mlir::Block::BlockArgListType getSteps() {
      return getBody().getArguments().take_front(getSequences().size());
    }
    ::mlir::Block::BlockArgListType getCarried() {
      return getBody().getArguments().slice(getSequences().size(), getStates().size());
    }
    ::mlir::Block::BlockArgListType getSharedArguments() {
      return getBody().getArguments().drop_front(getSequences().size() + getStates().size());
    }
    ::mlir::OperandRange getYielded() { return getBody().front().getTerminator()->getOperands(); }
    ::mlir::OperandRange getStepOutputs() { return getYielded().take_front(countOutputs()); }
    ::mlir::OperandRange getNewStates() { return getYielded().drop_front(countOutputs()); }
  }];
}

def Graph_YieldOp : Graph_Op<"yield", [Pure, Terminator, ReturnLike, ParentOneOf<["ScanOp"]>]> {
  let summary = "Ends the body of a graph.scan: its outputs, and then its new states";
  let arguments = (ins Variadic<Graph_Tensor>:$operands);
  let assemblyFormat = "($operands^ `:` type($operands))? attr-dict";
}

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

def Graph_ReshapeOp : Graph_Op<"reshape", [Pure]> {
  let summary = "The same elements in row-major order under another shape";
  let description = [{
    Source: https://keras.io/api/layers/reshaping_layers/reshape/

    Example:
    ```mlir
    %y = graph.reshape %x : tensor<?x12x12x64xf32> -> tensor<?x9216xf32>
    ```

    (C1) Both types have the same element type and number of elements; a dynamic batch stays the
    leading dimension, but may be multiplied by an extent beside it, or divided: (batch, time, …) and
    (batch * time, …).
  }];
  let arguments = (ins Graph_Tensor:$input);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Graph_TransposeOp : Graph_InferredOp<"transpose"> {
  let summary = "Permutes dimensions";
  let description = [{
    Dimension i of the result is dimension `permutation[i]` of the input.
    Source: https://keras.io/api/ops/numpy/#transpose-function

    Example:
    ```mlir
    %y = graph.transpose %x permutation [0, 2, 3, 1] : (tensor<?x3x8x9xf32>) -> tensor<?x8x9x3xf32>
    ```

    (C1) permutation is a permutation of 0 … rank - 1.
  }];
  let arguments = (ins Graph_Tensor:$input, DenseI64ArrayAttr:$permutation);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat =
      "$input `permutation` $permutation attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def Graph_ReverseOp : Graph_Op<"reverse", [Pure, SameOperandsAndResultType]> {
  let summary = "Turns the order of the elements around";
  let description = [{
    Along each of `dimensions`. Source: https://keras.io/api/ops/numpy/#flip-function

    Example:
    ```mlir
    %y = graph.reverse %x dimensions [0, 1] : tensor<3x3x32x64xf32>
    ```

    (C1) dimensions are in range, strictly increasing, and static.
  }];
  let arguments = (ins Graph_Tensor:$input, DenseI64ArrayAttr:$dimensions);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$input `dimensions` $dimensions attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Graph_BroadcastOp : Graph_Op<"broadcast", [Pure, AllTypesMatch<["like", "result"]>]> {
  let summary = "Repeats a tensor to the shape of another";
  let description = [{
    NumPy's broadcasting, without arithmetic: no element of `like` is read.
    Source: https://keras.io/api/ops/numpy/#broadcastto-function

    Example:
    ```mlir
    %y = graph.broadcast %x, %like : (tensor<10xf32>, tensor<?x10xf32>) -> tensor<?x10xf32>
    ```

    (C1) Aligned extents are equal, or that of input is 1.
    (C2) Both have one element type.
  }];
  let arguments = (ins Graph_Tensor:$input, Graph_Tensor:$like);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$input `,` $like attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Graph_ExtentOp : Graph_Op<"extent", [Pure]> {
  let summary = "The extent of one dimension, as a float";
  let description = [{
    What a mean over the batch divides by.

    Example:
    ```mlir
    %n = graph.extent %x dimension 0 : tensor<?x10xf32> -> tensor<f32>
    ```

    (C1) dimension is in range.
  }];
  let arguments = (ins Graph_FloatTensor:$input, I64Attr:$dimension);
  let results = (outs 0DTensorOf<[AnyFloat]>:$result);
  let assemblyFormat = "$input `dimension` $dimension attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

def Graph_RandomUniformOp : Graph_Op<"random_uniform", [Pure, AllTypesMatch<["like", "result"]>]> {
  let summary = "Random numbers, evenly distributed from 0 to below 1";
  let description = [{
    Element i (in row-major order) is made of the first word of Philox 4x32-10 with the counter
    (i, stream, key[2], key[3]) and the key (key[0], key[1]): the same whatever the number of
    threads. A seed goes into key[0] and key[1], the number of the step into key[2] and key[3]; each
    op of a graph has a stream of its own. No element of `like` is read.
    Source: J. Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011,
    https://doi.org/10.1145/2063384.2063405

    Example:
    ```mlir
    %u = graph.random_uniform %key, %x stream 2 : (tensor<4xi32>, tensor<?x128xf32>) -> tensor<?x128xf32>
    ```

    (C1) key has four words.
  }];
  let arguments = (ins RankedTensorOf<[I32]>:$key, Graph_FloatTensor:$like, I64Attr:$stream);
  let results = (outs Graph_FloatTensor:$result);
  let assemblyFormat = [{
    $key `,` $like `stream` $stream attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def Graph_PadOp : Graph_InferredOp<"pad"> {
  let summary = "Adds a border of one value";
  let description = [{
    Source: https://keras.io/api/layers/reshaping_layers/zero_padding2d/

    Example:
    ```mlir
    %y = graph.pad %x low [0, 1, 1, 0] high [0, 1, 1, 0] value 0.0
      : (tensor<?x8x9x3xf32>) -> tensor<?x10x11x3xf32>
    ```

    (C1) low and high have one entry a dimension, none negative, and 0 for a dynamic dimension.
  }];
  let arguments = (ins Graph_FloatTensor:$input, DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high,
                       F64Attr:$value);
  let results = (outs Graph_FloatTensor:$result);
  let assemblyFormat = [{
    $input `low` $low `high` $high `value` $value attr-dict `:` functional-type(operands, results)
  }];
  let hasFolder = 1;
}

def Graph_SliceOp : Graph_InferredOp<"slice"> {
  let summary = "Every stride-th element from start up to limit, in every dimension";
  let description = [{
    NumPy's `x[start:limit:stride]`. Source: https://keras.io/api/ops/core/#slice-function

    Example:
    ```mlir
    %y = graph.slice %x start [0, 1, 0] limit [-1, 9, 3] strides [1, 2, 1]
      : (tensor<?x10x3xf32>) -> tensor<?x4x3xf32>
    ```

    (C1) start, limit and strides have one entry a dimension.
    (C2) strides are positive, and 0 <= start <= limit <= extent.
    (C3) A dynamic dimension is taken whole: start 0, limit -1, stride 1.
  }];
  let arguments = (ins Graph_Tensor:$input, DenseI64ArrayAttr:$start, DenseI64ArrayAttr:$limit,
                       DenseI64ArrayAttr:$strides);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $input `start` $start `limit` $limit `strides` $strides attr-dict
    `:` functional-type(operands, results)
  }];
  let hasFolder = 1;
}

def Graph_ConcatenateOp : Graph_InferredOp<"concatenate"> {
  let summary = "Joins tensors along a dimension";
  let description = [{
    Source: https://keras.io/api/layers/merging_layers/concatenate/

    Example:
    ```mlir
    %z = graph.concatenate %x, %y dimension 1 : (tensor<?x3xf32>, tensor<?x4xf32>) -> tensor<?x7xf32>
    ```

    (C1) There is at least one input, and all have the same rank and element type.
    (C2) dimension is in range and static in every input.
    (C3) All other extents are equal.
  }];
  let arguments = (ins Variadic<Graph_Tensor>:$inputs, I64Attr:$dimension);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat =
      "$inputs `dimension` $dimension attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def Graph_InterleaveOp : Graph_InferredOp<"interleave"> {
  let summary = "Takes one place of each tensor in turn along a dimension";
  let description = [{
    `result[…, n * i + k, …] = inputs[k][…, i, …]` for n inputs. What a transposed convolution with
    strides is made of; each part is written in its place.

    Example:
    ```mlir
    %z = graph.interleave %x, %y dimension 1
      : (tensor<?x4x8xf32>, tensor<?x3x8xf32>) -> tensor<?x7x8xf32>
    ```

    (C1) There is at least one input, and all have the same rank and element type.
    (C2) dimension is in range and static in every input.
    (C3) All other extents are equal.
    (C4) Along the dimension, an input has as many places as the first one, or from some input on
    one less.
  }];
  let arguments = (ins Variadic<Graph_Tensor>:$inputs, I64Attr:$dimension);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat =
      "$inputs `dimension` $dimension attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

//===----------------------------------------------------------------------===//
// Looking up
//===----------------------------------------------------------------------===//

def Graph_GatherOp : Graph_InferredOp<"gather"> {
  let summary = "Takes the rows of a table that numbers name";
  let description = [{
    `result[b…, o…, i…, r…] = table[b…, o…, indices[b…, i…], r…]`: `dimension` of the table gives
    way to the dimensions of the indices. The first `batch` dimensions belong to both. Of an index
    the whole part counts; one that is out of range (negative ones are) gives NaN.
    Sources: https://keras.io/api/layers/core_layers/embedding/ (the rows of a table),
    https://keras.io/api/ops/numpy/#take-function

    Example:
    ```mlir
    %y = graph.gather %table, %i dimension 0 batch 0
      : (tensor<1000x64xf32>, tensor<?x20xf32>) -> tensor<?x20x64xf32>
    ```

    (C1) batch is at most dimension, and at most the rank of indices; dimension is in range.
    (C2) The table is static in dimension.
    (C3) The extents of the first batch dimensions are equal.
    (C4) Of the result, the leading dimension alone may be dynamic.
  }];
  let arguments = (ins Graph_FloatTensor:$table, Graph_FloatTensor:$indices, I64Attr:$dimension,
                       I64Attr:$batch);
  let results = (outs Graph_FloatTensor:$result);
  let assemblyFormat = [{
    $table `,` $indices `dimension` $dimension `batch` $batch attr-dict
    `:` functional-type(operands, results)
  }];
}

def Graph_ScatterAddOp : Graph_Op<"scatter_add", [Pure, AllTypesMatch<["like", "result"]>]> {
  let summary = "Adds rows up in the places that numbers name: the gradient of gather";
  let description = [{
    Zeros of the type of `like`, a table, and each row of `rows`, which has the shape of
    `graph.gather %like, %indices`, added to the row that it would have come from. What has no such
    row is left out. Rows are added in their order, whatever the number of threads. No element of
    `like` is read.
    Source: https://keras.io/api/ops/core/#scatter-function

    Example:
    ```mlir
    %d = graph.scatter_add %rows, %i, %table dimension 0 batch 0
      : (tensor<?x20x64xf32>, tensor<?x20xf32>, tensor<1000x64xf32>) -> tensor<1000x64xf32>
    ```

    (C1) rows has the type that `graph.gather %like, %indices` gives.
  }];
  let arguments = (ins Graph_FloatTensor:$rows, Graph_FloatTensor:$indices, Graph_FloatTensor:$like,
                       I64Attr:$dimension, I64Attr:$batch);
  let results = (outs Graph_FloatTensor:$result);
  let assemblyFormat = [{
    $rows `,` $indices `,` $like `dimension` $dimension `batch` $batch attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

#endif // HORNET_GRAPH
