// RUN: hornet-opt %s --pass-pipeline='builtin.module(graph-to-linalg,resolve-ranked-shaped-type-result-dims,canonicalize,func.func(fuse-elementwise,schedule),canonicalize,results-to-destinations,eliminate-empty-tensors,one-shot-bufferize{bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map},cse,canonicalize)' | FileCheck %s

// No copies and no buffer for the result: the last loop writes where the caller wants it.

// CHECK-LABEL: func.func @two_layers
// CHECK-SAME: %[[OUT:[a-z0-9]+]]: memref<?x10xf32> {graph.name = "y"}
// CHECK-COUNT-1: memref.alloc
// CHECK-NOT: memref.alloc
// CHECK-NOT: memref.copy
// CHECK: return
func.func @two_layers(%x: tensor<?x16xf32>, %k: tensor<16x32xf32>, %l: tensor<32x10xf32>) -> (tensor<?x10xf32> {graph.name = "y"}) {
  %0 = graph.matmul %x, %k : (tensor<?x16xf32>, tensor<16x32xf32>) -> tensor<?x32xf32>
  %1 = graph.relu %0 : tensor<?x32xf32>
  %2 = graph.matmul %1, %l : (tensor<?x32xf32>, tensor<32x10xf32>) -> tensor<?x10xf32>
  %3 = graph.relu %2 : tensor<?x10xf32>
  return %3 : tensor<?x10xf32>
}

// A padded convolution's predecessor writes right into the padded buffer.

// CHECK-LABEL: func.func @into_padding
// CHECK-COUNT-1: memref.alloc
// CHECK-NOT: memref.alloc
// CHECK-NOT: memref.copy
// CHECK: return
func.func @into_padding(%x: tensor<?x8x8x4xf32>, %f: tensor<3x3x4x4xf32>) -> tensor<?x8x8x4xf32> {
  %0 = graph.relu %x : tensor<?x8x8x4xf32>
  %1 = graph.convolution %0, %f strides [1, 1] low [1, 1] high [1, 1] dilations [1, 1] groups 1
    : (tensor<?x8x8x4xf32>, tensor<3x3x4x4xf32>) -> tensor<?x8x8x4xf32>
  return %1 : tensor<?x8x8x4xf32>
}

// Concatenated tensors are computed in their places.

// CHECK-LABEL: func.func @into_concatenation
// CHECK-COUNT-1: memref.alloc
// CHECK-NOT: memref.alloc
// CHECK-NOT: memref.copy
// CHECK: return
func.func @into_concatenation(%x: tensor<?x8xf32>, %y: tensor<?x16xf32>, %k: tensor<24x4xf32>) -> tensor<?x4xf32> {
  %0 = graph.relu %x : tensor<?x8xf32>
  %1 = graph.tanh %y : tensor<?x16xf32>
  %2 = graph.concatenate %0, %1 dimension 1 : (tensor<?x8xf32>, tensor<?x16xf32>) -> tensor<?x24xf32>
  %3 = graph.matmul %2, %k : (tensor<?x24xf32>, tensor<24x4xf32>) -> tensor<?x4xf32>
  return %3 : tensor<?x4xf32>
}

// So are parts that take turns, and parts of parts: each where the result wants it, every second row
// and column of an image.

// CHECK-LABEL: func.func @into_turns
// CHECK: %[[WHOLE:.*]] = memref.alloc(%{{.*}}) {{.*}}memref<?x8x8x4xf32>
// CHECK-NOT: memref.alloc
// CHECK-NOT: memref.copy
// CHECK: memref.subview %[[WHOLE]][0, 1, 0, 0] [%{{.*}}, 4, 8, 4] [1, 2, 1, 1]
// CHECK-NOT: memref.alloc
// CHECK-NOT: memref.copy
// CHECK: return
func.func @into_turns(%x: tensor<?x4x4x4xf32>, %f: tensor<1x1x4x4xf32>) -> tensor<?x8x8xf32> {
  %0 = graph.relu %x : tensor<?x4x4x4xf32>
  %1 = graph.convolution %x, %f strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 1
    : (tensor<?x4x4x4xf32>, tensor<1x1x4x4xf32>) -> tensor<?x4x4x4xf32>
  %2 = graph.interleave %0, %1 dimension 2 : (tensor<?x4x4x4xf32>, tensor<?x4x4x4xf32>) -> tensor<?x4x8x4xf32>
  %3 = graph.tanh %x : tensor<?x4x4x4xf32>
  %4 = graph.exp %x : tensor<?x4x4x4xf32>
  %5 = graph.interleave %3, %4 dimension 2 : (tensor<?x4x4x4xf32>, tensor<?x4x4x4xf32>) -> tensor<?x4x8x4xf32>
  %6 = graph.interleave %2, %5 dimension 1 : (tensor<?x4x8x4xf32>, tensor<?x4x8x4xf32>) -> tensor<?x8x8x4xf32>
  %7 = graph.reduce_sum %6 dimensions [3] : (tensor<?x8x8x4xf32>) -> tensor<?x8x8xf32>
  return %7 : tensor<?x8x8xf32>
}
