// Folds and canonicalizations.
// RUN: hornet-opt %s --canonicalize | FileCheck %s

//===----------------------------------------------------------------------===//
// Folds
//===----------------------------------------------------------------------===//

// CHECK-LABEL: func.func @neutral_elements
// CHECK-NEXT: return %arg0
func.func @neutral_elements(%x: tensor<?x10xf32>) -> tensor<?x10xf32> {
  %zero = graph.constant dense<0.0> : tensor<f32>
  %one = graph.constant dense<1.0> : tensor<10xf32>
  %0 = graph.add %zero, %x : (tensor<f32>, tensor<?x10xf32>) -> tensor<?x10xf32>
  %1 = graph.subtract %0, %zero : (tensor<?x10xf32>, tensor<f32>) -> tensor<?x10xf32>
  %2 = graph.multiply %1, %one : (tensor<?x10xf32>, tensor<10xf32>) -> tensor<?x10xf32>
  %3 = graph.divide %2, %one : (tensor<?x10xf32>, tensor<10xf32>) -> tensor<?x10xf32>
  return %3 : tensor<?x10xf32>
}

// Zero on the left of a difference, and a neutral element that widens its operand, stay.
// CHECK-LABEL: func.func @not_neutral
// CHECK: graph.subtract %{{.*}}, %arg0
// CHECK: graph.multiply %arg1, %{{.*}} : (tensor<?x1xf32>, tensor<10xf32>) -> tensor<?x10xf32>
func.func @not_neutral(%x: tensor<?x10xf32>, %y: tensor<?x1xf32>) -> (tensor<?x10xf32>, tensor<?x10xf32>) {
  %zero = graph.constant dense<0.0> : tensor<f32>
  %one = graph.constant dense<1.0> : tensor<10xf32>
  %0 = graph.subtract %zero, %x : (tensor<f32>, tensor<?x10xf32>) -> tensor<?x10xf32>
  %1 = graph.multiply %y, %one : (tensor<?x1xf32>, tensor<10xf32>) -> tensor<?x10xf32>
  return %0, %1 : tensor<?x10xf32>, tensor<?x10xf32>
}

// ((3 + 2) * 4 - 2) / 8 = 2.25, -max(min(2.25, 1), 0.5) = -1
// CHECK-LABEL: func.func @constants
// CHECK-NEXT: %[[C:.*]] = graph.constant dense<-1.000000e+00> : tensor<2xf32>
// CHECK-NEXT: return %[[C]]
func.func @constants() -> tensor<2xf32> {
  %half = graph.constant dense<0.5> : tensor<f32>
  %one = graph.constant dense<1.0> : tensor<f32>
  %two = graph.constant dense<2.0> : tensor<f32>
  %three = graph.constant dense<3.0> : tensor<2xf32>
  %four = graph.constant dense<4.0> : tensor<f32>
  %eight = graph.constant dense<8.0> : tensor<f32>
  %0 = graph.add %three, %two : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  %1 = graph.multiply %0, %four : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  %2 = graph.subtract %1, %two : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  %3 = graph.divide %2, %eight : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  %4 = graph.minimum %3, %one : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  %5 = graph.maximum %4, %half : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  %6 = graph.negate %5 : tensor<2xf32>
  return %6 : tensor<2xf32>
}

// CHECK-LABEL: func.func @twice
// CHECK-NEXT: %[[Y:.*]] = graph.relu %arg0
// CHECK-NEXT: return %[[Y]]
func.func @twice(%x: tensor<?x10xf32>) -> tensor<?x10xf32> {
  %0 = graph.negate %x : tensor<?x10xf32>
  %1 = graph.negate %0 : tensor<?x10xf32>
  %2 = graph.relu %1 : tensor<?x10xf32>
  %3 = graph.relu %2 : tensor<?x10xf32>
  return %3 : tensor<?x10xf32>
}

// CHECK-LABEL: func.func @no_change_of_shape
// CHECK-NEXT: return %arg0
func.func @no_change_of_shape(%x: tensor<?x2x3xf32>) -> tensor<?x2x3xf32> {
  %0 = graph.reshape %x : tensor<?x2x3xf32> -> tensor<?x2x3xf32>
  %1 = graph.transpose %0 permutation [0, 1, 2] : (tensor<?x2x3xf32>) -> tensor<?x2x3xf32>
  %2 = graph.pad %1 low [0, 0, 0] high [0, 0, 0] value 1.0 : (tensor<?x2x3xf32>) -> tensor<?x2x3xf32>
  %3 = graph.slice %2 start [0, 0, 0] limit [-1, 2, 3] strides [1, 1, 1] : (tensor<?x2x3xf32>) -> tensor<?x2x3xf32>
  %4 = graph.concatenate %3 dimension 2 : (tensor<?x2x3xf32>) -> tensor<?x2x3xf32>
  return %4 : tensor<?x2x3xf32>
}

// CHECK-LABEL: func.func @reshapes_compose
// CHECK-NEXT: %[[Y:.*]] = graph.reshape %arg0 : tensor<?x2x6xf32> -> tensor<?x3x4xf32>
// CHECK-NEXT: return %[[Y]]
func.func @reshapes_compose(%x: tensor<?x2x6xf32>) -> tensor<?x3x4xf32> {
  %0 = graph.reshape %x : tensor<?x2x6xf32> -> tensor<?x12xf32>
  %1 = graph.reshape %0 : tensor<?x12xf32> -> tensor<?x3x4xf32>
  return %1 : tensor<?x3x4xf32>
}

// CHECK-LABEL: func.func @reshape_of_a_constant
// CHECK-NEXT: graph.constant dense<{{\[\[}}1.000000e+00, 2.000000e+00]]> : tensor<1x2xf32>
// CHECK-NEXT: return
func.func @reshape_of_a_constant() -> tensor<1x2xf32> {
  %c = graph.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %0 = graph.reshape %c : tensor<2xf32> -> tensor<1x2xf32>
  return %0 : tensor<1x2xf32>
}

// CHECK-LABEL: func.func @transposes_compose
// CHECK-NEXT: %[[Y:.*]] = graph.transpose %arg0 permutation [0, 2, 3, 1] : (tensor<?x2x3x4xf32>) -> tensor<?x3x4x2xf32>
// CHECK-NEXT: return %[[Y]]
func.func @transposes_compose(%x: tensor<?x2x3x4xf32>) -> tensor<?x3x4x2xf32> {
  %0 = graph.transpose %x permutation [0, 3, 1, 2] : (tensor<?x2x3x4xf32>) -> tensor<?x4x2x3xf32>
  %1 = graph.transpose %0 permutation [0, 3, 1, 2] : (tensor<?x4x2x3xf32>) -> tensor<?x3x4x2xf32>
  return %1 : tensor<?x3x4x2xf32>
}

//===----------------------------------------------------------------------===//
// Transposes
//===----------------------------------------------------------------------===//

// CHECK-LABEL: func.func @transpose_of_unit_dimensions
// CHECK-NEXT: %[[Y:.*]] = graph.reshape %arg0 : tensor<?x1x8x9xf32> -> tensor<?x8x9x1xf32>
// CHECK-NEXT: return %[[Y]]
func.func @transpose_of_unit_dimensions(%x: tensor<?x1x8x9xf32>) -> tensor<?x8x9x1xf32> {
  %0 = graph.transpose %x permutation [0, 2, 3, 1] : (tensor<?x1x8x9xf32>) -> tensor<?x8x9x1xf32>
  return %0 : tensor<?x8x9x1xf32>
}

// A reshape cannot move the batch.
// CHECK-LABEL: func.func @transpose_of_the_batch
// CHECK-NEXT: graph.transpose
func.func @transpose_of_the_batch(%x: tensor<?x1x8xf32>) -> tensor<1x?x8xf32> {
  %0 = graph.transpose %x permutation [1, 0, 2] : (tensor<?x1x8xf32>) -> tensor<1x?x8xf32>
  return %0 : tensor<1x?x8xf32>
}

// Two channels_first layers with an activation, a bias and a comparison between them.
// CHECK-LABEL: func.func @transposes_cancel_through_elementwise
// CHECK-SAME: (%[[X:.*]]: tensor<?x8x9x3xf32>, %[[Y:.*]]: tensor<?x8x9x3xf32>, %[[B:.*]]: tensor<3x1x1xf32>)
// CHECK-NEXT: %[[ZERO:.*]] = graph.constant
// CHECK-NEXT: %[[SUM:.*]] = graph.add %[[X]], %[[Y]] : (tensor<?x8x9x3xf32>, tensor<?x8x9x3xf32>)
// CHECK-NEXT: %[[BIAS:.*]] = graph.reshape %[[B]] : tensor<3x1x1xf32> -> tensor<1x1x1x3xf32>
// CHECK-NEXT: %[[BIASED:.*]] = graph.add %[[SUM]], %[[BIAS]]
// CHECK-NEXT: %[[POSITIVE:.*]] = graph.compare gt %[[BIASED]], %[[ZERO]] : {{.*}} -> tensor<?x8x9x3xi1>
// CHECK-NEXT: %[[Z:.*]] = graph.select %[[POSITIVE]], %[[BIASED]], %[[ZERO]]
// CHECK-NEXT: return %[[Z]]
func.func @transposes_cancel_through_elementwise(%x: tensor<?x8x9x3xf32>, %y: tensor<?x8x9x3xf32>, %b: tensor<3x1x1xf32>)
    -> tensor<?x8x9x3xf32> {
  %zero = graph.constant dense<0.0> : tensor<f32>
  %0 = graph.transpose %x permutation [0, 3, 1, 2] : (tensor<?x8x9x3xf32>) -> tensor<?x3x8x9xf32>
  %1 = graph.transpose %y permutation [0, 3, 1, 2] : (tensor<?x8x9x3xf32>) -> tensor<?x3x8x9xf32>
  %2 = graph.add %0, %1 : (tensor<?x3x8x9xf32>, tensor<?x3x8x9xf32>) -> tensor<?x3x8x9xf32>
  %3 = graph.add %2, %b : (tensor<?x3x8x9xf32>, tensor<3x1x1xf32>) -> tensor<?x3x8x9xf32>
  %4 = graph.compare gt %3, %zero : (tensor<?x3x8x9xf32>, tensor<f32>) -> tensor<?x3x8x9xi1>
  %5 = graph.select %4, %3, %zero : (tensor<?x3x8x9xi1>, tensor<?x3x8x9xf32>, tensor<f32>) -> tensor<?x3x8x9xf32>
  %6 = graph.transpose %5 permutation [0, 2, 3, 1] : (tensor<?x3x8x9xf32>) -> tensor<?x8x9x3xf32>
  return %6 : tensor<?x8x9x3xf32>
}

// One transpose of a whole activation cannot sink past another activation as large.
// CHECK-LABEL: func.func @transpose_of_one_side_stays
// CHECK-NEXT: %[[X:.*]] = graph.transpose %arg0
// CHECK-NEXT: graph.add %[[X]], %arg1
// CHECK-NEXT: return
func.func @transpose_of_one_side_stays(%x: tensor<?x8x9x3xf32>, %y: tensor<?x3x8x9xf32>) -> tensor<?x3x8x9xf32> {
  %0 = graph.transpose %x permutation [0, 3, 1, 2] : (tensor<?x8x9x3xf32>) -> tensor<?x3x8x9xf32>
  %1 = graph.add %0, %y : (tensor<?x3x8x9xf32>, tensor<?x3x8x9xf32>) -> tensor<?x3x8x9xf32>
  return %1 : tensor<?x3x8x9xf32>
}

// Both sides are broadcast: neither transpose pays, and none may chase the other.
// CHECK-LABEL: func.func @transpose_of_broadcast_operands_stays
// CHECK-NEXT: graph.transpose %arg0
// CHECK-NEXT: graph.add
// CHECK-NEXT: return
func.func @transpose_of_broadcast_operands_stays(%x: tensor<8x3x1xf32>, %y: tensor<9xf32>) -> tensor<3x8x9xf32> {
  %0 = graph.transpose %x permutation [1, 0, 2] : (tensor<8x3x1xf32>) -> tensor<3x8x1xf32>
  %1 = graph.add %0, %y : (tensor<3x8x1xf32>, tensor<9xf32>) -> tensor<3x8x9xf32>
  return %1 : tensor<3x8x9xf32>
}

// CHECK-LABEL: func.func @transposes_cancel_through_normalizations
// CHECK-NEXT: %[[N:.*]] = graph.batch_norm %arg0
// CHECK-NEXT: %[[S:.*]] = graph.softmax %[[N]] dimension 2
// CHECK-NEXT: %[[D:.*]] = graph.dropout %[[S]]
// CHECK-NEXT: return %[[D]]
func.func @transposes_cancel_through_normalizations(%x: tensor<?x8x9x3xf32>, %s: tensor<3xf32>) -> tensor<?x8x9x3xf32> {
  %0 = graph.transpose %x permutation [0, 2, 1, 3] : (tensor<?x8x9x3xf32>) -> tensor<?x9x8x3xf32>
  %1 = graph.batch_norm %0, %s, %s, %s, %s epsilon 1.0e-3
    : (tensor<?x9x8x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<?x9x8x3xf32>
  %2 = graph.softmax %1 dimension 1 : tensor<?x9x8x3xf32>
  %3 = graph.dropout %2 rate 0.5 : tensor<?x9x8x3xf32>
  %4 = graph.transpose %3 permutation [0, 2, 1, 3] : (tensor<?x9x8x3xf32>) -> tensor<?x8x9x3xf32>
  return %4 : tensor<?x8x9x3xf32>
}

// batch_norm knows the last dimension alone.
// CHECK-LABEL: func.func @transpose_of_channels_stays_before_batch_norm
// CHECK-NEXT: graph.transpose
// CHECK-NEXT: graph.batch_norm
func.func @transpose_of_channels_stays_before_batch_norm(%x: tensor<?x3x8xf32>, %s: tensor<3xf32>) -> tensor<?x8x3xf32> {
  %0 = graph.transpose %x permutation [0, 2, 1] : (tensor<?x3x8xf32>) -> tensor<?x8x3xf32>
  %1 = graph.batch_norm %0, %s, %s, %s, %s epsilon 1.0e-3
    : (tensor<?x8x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<?x8x3xf32>
  return %1 : tensor<?x8x3xf32>
}

// CHECK-LABEL: func.func @transposes_cancel_through_pad_slice_and_concatenate
// CHECK-NEXT: %[[P:.*]] = graph.pad %arg0 low [0, 1, 2, 0] high [0, 0, 0, 3] value 0.000000e+00 : (tensor<?x8x9x3xf32>) -> tensor<?x9x11x6xf32>
// CHECK-NEXT: %[[S:.*]] = graph.slice %[[P]] start [0, 1, 2, 1] limit [-1, 9, 11, 4] strides [1, 1, 1, 2] : {{.*}} -> tensor<?x8x9x2xf32>
// CHECK-NEXT: %[[C:.*]] = graph.concatenate %[[S]], %arg0 dimension 3
// CHECK-NEXT: return %[[C]]
func.func @transposes_cancel_through_pad_slice_and_concatenate(%x: tensor<?x8x9x3xf32>) -> tensor<?x8x9x5xf32> {
  %0 = graph.transpose %x permutation [0, 3, 1, 2] : (tensor<?x8x9x3xf32>) -> tensor<?x3x8x9xf32>
  %1 = graph.pad %0 low [0, 0, 1, 2] high [0, 3, 0, 0] value 0.0 : (tensor<?x3x8x9xf32>) -> tensor<?x6x9x11xf32>
  %2 = graph.slice %1 start [0, 1, 1, 2] limit [-1, 4, 9, 11] strides [1, 2, 1, 1]
    : (tensor<?x6x9x11xf32>) -> tensor<?x2x8x9xf32>
  %3 = graph.concatenate %2, %0 dimension 1 : (tensor<?x2x8x9xf32>, tensor<?x3x8x9xf32>) -> tensor<?x5x8x9xf32>
  %4 = graph.transpose %3 permutation [0, 2, 3, 1] : (tensor<?x5x8x9xf32>) -> tensor<?x8x9x5xf32>
  return %4 : tensor<?x8x9x5xf32>
}

// CHECK-LABEL: func.func @concatenate_of_one_transpose_stays
// CHECK-NEXT: graph.transpose
// CHECK-NEXT: graph.concatenate
func.func @concatenate_of_one_transpose_stays(%x: tensor<?x8x3xf32>, %y: tensor<?x2x8xf32>) -> tensor<?x5x8xf32> {
  %0 = graph.transpose %x permutation [0, 2, 1] : (tensor<?x8x3xf32>) -> tensor<?x3x8xf32>
  %1 = graph.concatenate %y, %0 dimension 1 : (tensor<?x2x8xf32>, tensor<?x3x8xf32>) -> tensor<?x5x8xf32>
  return %1 : tensor<?x5x8xf32>
}

// Global pooling of a channels_first image: nothing is left to transpose.
// CHECK-LABEL: func.func @transpose_vanishes_in_a_reduction
// CHECK-NEXT: %[[Y:.*]] = graph.reduce_sum %arg0 dimensions [1, 2] : (tensor<?x8x9x3xf32>) -> tensor<?x3xf32>
// CHECK-NEXT: return %[[Y]]
func.func @transpose_vanishes_in_a_reduction(%x: tensor<?x8x9x3xf32>) -> tensor<?x3xf32> {
  %0 = graph.transpose %x permutation [0, 3, 1, 2] : (tensor<?x8x9x3xf32>) -> tensor<?x3x8x9xf32>
  %1 = graph.reduce_sum %0 dimensions [2, 3] : (tensor<?x3x8x9xf32>) -> tensor<?x3xf32>
  return %1 : tensor<?x3xf32>
}

// CHECK-LABEL: func.func @transpose_of_what_a_reduction_leaves
// CHECK-NEXT: %[[Y:.*]] = graph.reduce_max %arg0 dimensions [2] : (tensor<?x8x9x3xf32>) -> tensor<?x8x3xf32>
// CHECK-NEXT: %[[Z:.*]] = graph.transpose %[[Y]] permutation [0, 2, 1] : (tensor<?x8x3xf32>) -> tensor<?x3x8xf32>
// CHECK-NEXT: return %[[Z]]
func.func @transpose_of_what_a_reduction_leaves(%x: tensor<?x8x9x3xf32>) -> tensor<?x3x8xf32> {
  %0 = graph.transpose %x permutation [0, 3, 1, 2] : (tensor<?x8x9x3xf32>) -> tensor<?x3x8x9xf32>
  %1 = graph.reduce_max %0 dimensions [3] : (tensor<?x3x8x9xf32>) -> tensor<?x3x8xf32>
  return %1 : tensor<?x3x8xf32>
}

// What keeps the order of a window's elements is computed behind the pooling, of fewer elements; what
// differs within a window, or may turn the order, is not.

// CHECK-LABEL: func.func @sink_through_max_pool
// CHECK: %[[P:.*]] = graph.max_pool %arg0
// CHECK: %[[B:.*]] = graph.add %[[P]], %arg1
// CHECK: graph.tanh %[[B]] : tensor<?x2x2x3xf32>
func.func @sink_through_max_pool(%x: tensor<?x4x4x3xf32>, %b: tensor<3xf32>) -> tensor<?x2x2x3xf32> {
  %0 = graph.add %x, %b : (tensor<?x4x4x3xf32>, tensor<3xf32>) -> tensor<?x4x4x3xf32>
  %1 = graph.tanh %0 : tensor<?x4x4x3xf32>
  %2 = graph.max_pool %1 window [2, 2] strides [2, 2] low [0, 0] high [0, 0]
    : (tensor<?x4x4x3xf32>) -> tensor<?x2x2x3xf32>
  return %2 : tensor<?x2x2x3xf32>
}

// CHECK-LABEL: func.func @not_through_max_pool
// CHECK: graph.multiply
// CHECK: graph.max_pool
// CHECK: graph.add {{.*}} tensor<4x1x3xf32>
// CHECK: graph.max_pool
// CHECK: return
func.func @not_through_max_pool(%x: tensor<?x4x4x3xf32>, %s: tensor<3xf32>, %b: tensor<4x1x3xf32>)
    -> (tensor<?x2x2x3xf32>, tensor<?x2x2x3xf32>) {
  %0 = graph.multiply %x, %s : (tensor<?x4x4x3xf32>, tensor<3xf32>) -> tensor<?x4x4x3xf32>
  %1 = graph.max_pool %0 window [2, 2] strides [2, 2] low [0, 0] high [0, 0]
    : (tensor<?x4x4x3xf32>) -> tensor<?x2x2x3xf32>
  %2 = graph.add %x, %b : (tensor<?x4x4x3xf32>, tensor<4x1x3xf32>) -> tensor<?x4x4x3xf32>
  %3 = graph.max_pool %2 window [2, 2] strides [2, 2] low [0, 0] high [0, 0]
    : (tensor<?x4x4x3xf32>) -> tensor<?x2x2x3xf32>
  return %1, %3 : tensor<?x2x2x3xf32>, tensor<?x2x2x3xf32>
}

//===----------------------------------------------------------------------===//
// Letters instead of transposes
//===----------------------------------------------------------------------===//

// CHECK-LABEL: func.func @einsum_takes_transposes_in
// CHECK-NEXT: graph.einsum "bqhd,bkhd->bhqk" %arg0, %arg1
// CHECK-NEXT: return
func.func @einsum_takes_transposes_in(%q: tensor<?x7x2x4xf32>, %k: tensor<?x5x2x4xf32>) -> tensor<?x2x7x5xf32> {
  %0 = graph.transpose %q permutation [0, 2, 1, 3] : (tensor<?x7x2x4xf32>) -> tensor<?x2x7x4xf32>
  %1 = graph.transpose %k permutation [0, 2, 3, 1] : (tensor<?x5x2x4xf32>) -> tensor<?x2x4x5xf32>
  %2 = graph.einsum "bhqd,bhdk->bhqk" %0, %1 : (tensor<?x2x7x4xf32>, tensor<?x2x4x5xf32>) -> tensor<?x2x7x5xf32>
  return %2 : tensor<?x2x7x5xf32>
}

// CHECK-LABEL: func.func @einsum_writes_transposed
// CHECK-NEXT: graph.einsum "bhqk,bkhd->bqhd" %arg0, %arg1
// CHECK-NEXT: return
func.func @einsum_writes_transposed(%p: tensor<?x2x7x5xf32>, %v: tensor<?x5x2x4xf32>) -> tensor<?x7x2x4xf32> {
  %0 = graph.einsum "bhqk,bkhd->bhqd" %p, %v : (tensor<?x2x7x5xf32>, tensor<?x5x2x4xf32>) -> tensor<?x2x7x4xf32>
  %1 = graph.transpose %0 permutation [0, 2, 1, 3] : (tensor<?x2x7x4xf32>) -> tensor<?x7x2x4xf32>
  return %1 : tensor<?x7x2x4xf32>
}

// Vectors lie along the last dimension, which stays; nor may the batch go elsewhere.
// CHECK-LABEL: func.func @einsum_keeps_its_vectors
// CHECK: graph.einsum "bqd,bkd->bqk"
// CHECK: graph.transpose
func.func @einsum_keeps_its_vectors(%q: tensor<?x7x4xf32>, %k: tensor<?x5x4xf32>) -> tensor<?x5x7xf32> {
  %0 = graph.einsum "bqd,bkd->bqk" %q, %k : (tensor<?x7x4xf32>, tensor<?x5x4xf32>) -> tensor<?x7x5xf32>
  %1 = graph.transpose %0 permutation [0, 2, 1] : (tensor<?x7x5xf32>) -> tensor<?x5x7xf32>
  return %1 : tensor<?x5x7xf32>
}

// CHECK-LABEL: func.func @bias_before_interleave
// CHECK-NEXT: %[[X:.*]] = graph.add %arg0, %arg2 : (tensor<?x3x8xf32>, tensor<8xf32>) -> tensor<?x3x8xf32>
// CHECK-NEXT: %[[Y:.*]] = graph.add %arg1, %arg2 : (tensor<?x2x8xf32>, tensor<8xf32>) -> tensor<?x2x8xf32>
// CHECK-NEXT: %[[A:.*]] = graph.relu %[[X]]
// CHECK-NEXT: %[[B:.*]] = graph.relu %[[Y]]
// CHECK-NEXT: graph.interleave %[[A]], %[[B]] dimension 1
func.func @bias_before_interleave(%x: tensor<?x3x8xf32>, %y: tensor<?x2x8xf32>, %b: tensor<8xf32>) -> tensor<?x5x8xf32> {
  %0 = graph.interleave %x, %y dimension 1 : (tensor<?x3x8xf32>, tensor<?x2x8xf32>) -> tensor<?x5x8xf32>
  %1 = graph.add %0, %b : (tensor<?x5x8xf32>, tensor<8xf32>) -> tensor<?x5x8xf32>
  %2 = graph.relu %1 : tensor<?x5x8xf32>
  return %2 : tensor<?x5x8xf32>
}

// What differs from place to place is no part of one input.

// CHECK-LABEL: func.func @places_stay_behind_interleave
// CHECK-NEXT: graph.interleave
// CHECK-NEXT: graph.add
func.func @places_stay_behind_interleave(%x: tensor<?x2x8xf32>, %b: tensor<4x8xf32>) -> tensor<?x4x8xf32> {
  %0 = graph.interleave %x, %x dimension 1 : (tensor<?x2x8xf32>, tensor<?x2x8xf32>) -> tensor<?x4x8xf32>
  %1 = graph.add %0, %b : (tensor<?x4x8xf32>, tensor<4x8xf32>) -> tensor<?x4x8xf32>
  return %1 : tensor<?x4x8xf32>
}

// Gates side by side are one product.

// CHECK-LABEL: func.func @gates
// CHECK-NEXT: %[[K:.*]] = graph.concatenate %arg1, %arg2 dimension 1
// CHECK-NEXT: %[[Y:.*]] = graph.matmul %arg0, %[[K]]
// CHECK-NEXT: return %[[Y]]
func.func @gates(%x: tensor<?x4xf32>, %a: tensor<4x3xf32>, %b: tensor<4x2xf32>) -> tensor<?x5xf32> {
  %0 = graph.matmul %x, %a : (tensor<?x4xf32>, tensor<4x3xf32>) -> tensor<?x3xf32>
  %1 = graph.matmul %x, %b : (tensor<?x4xf32>, tensor<4x2xf32>) -> tensor<?x2xf32>
  %2 = graph.concatenate %0, %1 dimension 1 : (tensor<?x3xf32>, tensor<?x2xf32>) -> tensor<?x5xf32>
  return %2 : tensor<?x5xf32>
}

// Of two inputs they are not.

// CHECK-LABEL: func.func @products
// CHECK-COUNT-2: graph.matmul
func.func @products(%x: tensor<?x4xf32>, %z: tensor<?x4xf32>, %a: tensor<4x3xf32>) -> tensor<?x6xf32> {
  %0 = graph.matmul %x, %a : (tensor<?x4xf32>, tensor<4x3xf32>) -> tensor<?x3xf32>
  %1 = graph.matmul %z, %a : (tensor<?x4xf32>, tensor<4x3xf32>) -> tensor<?x3xf32>
  %2 = graph.concatenate %0, %1 dimension 1 : (tensor<?x3xf32>, tensor<?x3xf32>) -> tensor<?x6xf32>
  return %2 : tensor<?x6xf32>
}

// CHECK-LABEL: func.func @gates_of_convolutions
// CHECK-NEXT: %[[K:.*]] = graph.concatenate %arg1, %arg1 dimension 2
// CHECK-NEXT: %[[Y:.*]] = graph.convolution %arg0, %[[K]] strides [1] low [1] high [1]
// CHECK-NEXT: return %[[Y]]
func.func @gates_of_convolutions(%x: tensor<?x9x2xf32>, %f: tensor<3x2x4xf32>) -> tensor<?x9x8xf32> {
  %0 = graph.convolution %x, %f strides [1] low [1] high [1] dilations [1] groups 1
    : (tensor<?x9x2xf32>, tensor<3x2x4xf32>) -> tensor<?x9x4xf32>
  %1 = graph.convolution %x, %f strides [1] low [1] high [1] dilations [1] groups 1
    : (tensor<?x9x2xf32>, tensor<3x2x4xf32>) -> tensor<?x9x4xf32>
  %2 = graph.concatenate %0, %1 dimension 2 : (tensor<?x9x4xf32>, tensor<?x9x4xf32>) -> tensor<?x9x8xf32>
  return %2 : tensor<?x9x8xf32>
}
