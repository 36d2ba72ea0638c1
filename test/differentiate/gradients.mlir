// The gradients of the sum of each function's result to its arguments.
// RUN: hornet-opt %s --test-differentiate --canonicalize | FileCheck %s

// What was not passed on gets nothing back.

// CHECK-LABEL: func.func @relu
// CHECK: %[[Y:.*]] = graph.relu %arg0
// CHECK: %[[DY:.*]] = graph.broadcast %{{.*}}, %[[Y]]
// CHECK: %[[PASSED:.*]] = graph.compare gt %[[Y]]
// CHECK: %[[DX:.*]] = graph.select %[[PASSED]], %[[DY]]
// CHECK: return %[[DX]]
func.func @relu(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %0 = graph.relu %x : tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// A bias was repeated for each sample: its gradient is a sum. A kernel's is x^T dy, without a
// transposed x in memory.

// CHECK-LABEL: func.func @dense
// CHECK: %[[SLOPE:.*]] = graph.subtract
// CHECK: %[[DZ:.*]] = graph.multiply %{{.*}}, %[[SLOPE]]
// CHECK: %[[DB:.*]] = graph.reduce_sum %[[DZ]] dimensions [0] : (tensor<?x3xf32>) -> tensor<3xf32>
// CHECK: %[[KT:.*]] = graph.transpose %arg1 permutation [1, 0]
// CHECK: %[[DX:.*]] = graph.matmul %[[DZ]], %[[KT]]
// CHECK: %[[DK:.*]] = graph.filter_gradient %arg0, %[[DZ]] window []
// CHECK: return %[[DX]], %[[DK]], %[[DB]]
func.func @dense(%x: tensor<?x4xf32>, %k: tensor<4x3xf32>, %b: tensor<3xf32>) -> tensor<?x3xf32> {
  %0 = graph.matmul %x, %k : (tensor<?x4xf32>, tensor<4x3xf32>) -> tensor<?x3xf32>
  %1 = graph.add %0, %b : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xf32>
  %2 = graph.tanh %1 : tensor<?x3xf32>
  return %2 : tensor<?x3xf32>
}

// Without strides, the gradient to the input is one convolution with the filter turned around, its
// channels and filters swapped.

// CHECK-LABEL: func.func @convolution
// CHECK: %[[DY:.*]] = graph.broadcast
// CHECK: graph.reverse %arg1 dimensions [0, 1]
// CHECK: graph.transpose {{.*}} permutation [0, 1, 4, 3, 2]
// CHECK: %[[TURNED:.*]] = graph.reshape {{.*}} -> tensor<3x3x4x2xf32>
// CHECK: %[[DX:.*]] = graph.convolution %[[DY]], %[[TURNED]] strides [1, 1] low [2, 2] high [2, 2]
// CHECK-NOT: graph.convolution
// CHECK: %[[DF:.*]] = graph.filter_gradient %arg0, %[[DY]] window [3, 3]
// CHECK: return %[[DX]], %[[DF]]
func.func @convolution(%x: tensor<?x8x8x2xf32>, %f: tensor<3x3x2x4xf32>) -> tensor<?x6x6x4xf32> {
  %0 = graph.convolution %x, %f strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 1
    : (tensor<?x8x8x2xf32>, tensor<3x3x2x4xf32>) -> tensor<?x6x6x4xf32>
  return %0 : tensor<?x6x6x4xf32>
}

// With strides, even places of the input get elements 0 and 2 of the filter, odd ones element 1: a
// convolution each, and no zeros are multiplied.

// CHECK-LABEL: func.func @strided
// CHECK: %[[PADDED:.*]] = graph.pad {{.*}} low [0, 1, 0] high [0, 1, 0] {{.*}} -> tensor<?x6x4xf32>
// CHECK: graph.slice %arg1 start [0, 0, 0] limit [3, 2, 4] strides [2, 1, 1] {{.*}} -> tensor<2x2x4xf32>
// CHECK: %[[EVEN:.*]] = graph.convolution %[[PADDED]], {{.*}} low [0] high [0] {{.*}} tensor<2x4x2xf32>) -> tensor<?x5x2xf32>
// CHECK: graph.slice %arg1 start [1, 0, 0] limit [3, 2, 4] strides [2, 1, 1] {{.*}} -> tensor<1x2x4xf32>
// CHECK: %[[PART:.*]] = graph.slice %[[PADDED]] start [0, 1, 0] limit [-1, 5, 4]
// CHECK: %[[ODD:.*]] = graph.convolution %[[PART]], {{.*}} low [0] high [0] {{.*}} tensor<1x4x2xf32>) -> tensor<?x4x2xf32>
// CHECK: graph.interleave %[[EVEN]], %[[ODD]] dimension 1
// CHECK: graph.filter_gradient %arg0, {{.*}} strides [2]
func.func @strided(%x: tensor<?x9x2xf32>, %f: tensor<3x2x4xf32>) -> tensor<?x4x4xf32> {
  %0 = graph.convolution %x, %f strides [2] low [0] high [0] dilations [1] groups 1
    : (tensor<?x9x2xf32>, tensor<3x2x4xf32>) -> tensor<?x4x4xf32>
  return %0 : tensor<?x4x4xf32>
}

// With strides and dilations: zeros between the elements of dy.

// CHECK-LABEL: func.func @dilated
// CHECK: graph.pad {{.*}} high [0, 0, 1, 0] value 0.000000e+00
// CHECK: graph.convolution {{.*}} strides [1] low [4] high [4] dilations [2]
func.func @dilated(%x: tensor<?x9x2xf32>, %f: tensor<3x2x4xf32>) -> tensor<?x3x4xf32> {
  %0 = graph.convolution %x, %f strides [2] low [0] high [0] dilations [2] groups 1
    : (tensor<?x9x2xf32>, tensor<3x2x4xf32>) -> tensor<?x3x4xf32>
  return %0 : tensor<?x3x4xf32>
}

// Windows side by side: each element is compared with the place of its window's maximum.

// CHECK-LABEL: func.func @max_pool
// CHECK: %[[INDEX:.*]] = graph.max_pool_index %arg0
// CHECK: %[[PLACE:.*]] = graph.reshape %[[INDEX]] {{.*}} -> tensor<?x2x1x3x1x3xf32>
// CHECK: graph.compare eq %[[PLACE]]
// CHECK: graph.select {{.*}} -> tensor<?x2x2x3x2x3xf32>
// CHECK: graph.reshape {{.*}} -> tensor<?x4x6x3xf32>
func.func @max_pool(%x: tensor<?x4x6x3xf32>) -> tensor<?x2x3x3xf32> {
  %0 = graph.max_pool %x window [2, 2] strides [2, 2] low [0, 0] high [0, 0]
    : (tensor<?x4x6x3xf32>) -> tensor<?x2x3x3xf32>
  return %0 : tensor<?x2x3x3xf32>
}

// Steps have no slope, and what was not used no gradient.

// CHECK-LABEL: func.func @unused
// CHECK-NOT: graph.floor
// CHECK: %[[DX:.*]] = graph.broadcast %{{.*}}, %arg0
// CHECK: %[[DY:.*]] = graph.broadcast %{{.*}}, %arg1
// CHECK: return %[[DX]], %[[DY]]
func.func @unused(%x: tensor<?x8xf32>, %y: tensor<2xf32>) -> tensor<?x8xf32> {
  %0 = graph.floor %x : tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// Through time: the forward loop keeps what the backward one needs, which is that loop turned around.
// The product with the recurrent kernel has its gradient made once, of all steps.

// CHECK-LABEL: func.func @recurrent
// CHECK: %[[FORWARD:.*]]:3 = graph.scan(%arg0) states(%arg1) shared(%arg2) {
// CHECK: %[[Y:.*]] = graph.tanh
// CHECK: graph.yield %[[Y]], %{{.*}}, %[[Y]]
// CHECK: %[[DLAST:.*]] = graph.broadcast %{{.*}}, %[[FORWARD]]#2
// CHECK: %[[KT:.*]] = graph.transpose %arg2
// CHECK: %[[BACKWARD:.*]]:2 = graph.scan reverse(%[[FORWARD]]#0) states(%[[DLAST]]) shared(%[[KT]]) {
// CHECK: ^bb0(%[[KEPT:.*]]: tensor<?x3xf32>, %[[DY:.*]]: tensor<?x3xf32>, %[[K:.*]]: tensor<3x3xf32>):
// CHECK: %[[SLOPE:.*]] = graph.subtract
// CHECK: %[[DZ:.*]] = graph.multiply %[[DY]], %[[SLOPE]]
// CHECK: %[[DH:.*]] = graph.matmul %[[DZ]], %[[K]]
// CHECK-NOT: graph.filter_gradient
// CHECK: graph.yield %[[DZ]], %[[DH]]
// CHECK: %[[H:.*]] = graph.reshape %[[FORWARD]]#1 : tensor<?x5x3xf32> -> tensor<?x3xf32>
// CHECK: %[[DZS:.*]] = graph.reshape %[[BACKWARD]]#0 : tensor<?x5x3xf32> -> tensor<?x3xf32>
// CHECK: %[[DK:.*]] = graph.filter_gradient %[[H]], %[[DZS]]
// CHECK: return %[[BACKWARD]]#0, %[[BACKWARD]]#1, %[[DK]]
func.func @recurrent(%x: tensor<?x5x3xf32>, %s: tensor<?x3xf32>, %u: tensor<3x3xf32>) -> tensor<?x3xf32> {
  %last = graph.scan (%x) states (%s) shared (%u) {
  ^bb0(%step: tensor<?x3xf32>, %h: tensor<?x3xf32>, %k: tensor<3x3xf32>):
    %0 = graph.matmul %h, %k : (tensor<?x3xf32>, tensor<3x3xf32>) -> tensor<?x3xf32>
    %1 = graph.add %step, %0 : (tensor<?x3xf32>, tensor<?x3xf32>) -> tensor<?x3xf32>
    %2 = graph.tanh %1 : tensor<?x3xf32>
    graph.yield %2 : tensor<?x3xf32>
  } : (tensor<?x5x3xf32>, tensor<?x3xf32>, tensor<3x3xf32>) -> tensor<?x3xf32>
  return %last : tensor<?x3xf32>
}
