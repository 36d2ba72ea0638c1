// RUN: hornet-opt %s --graph-to-linalg --canonicalize --fuse-elementwise --canonicalize | FileCheck %s

// Bias and relu become one op, and stay out of the convolution.

// CHECK-LABEL: func.func @bias_and_relu
// CHECK-COUNT-2: linalg.generic
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @bias_and_relu(%x: tensor<?x8xf32>, %k: tensor<8x4xf32>, %b: tensor<4xf32>) -> tensor<?x4xf32> {
  %0 = graph.matmul %x, %k : (tensor<?x8xf32>, tensor<8x4xf32>) -> tensor<?x4xf32>
  %1 = graph.add %0, %b : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  %2 = graph.relu %1 : tensor<?x4xf32>
  return %2 : tensor<?x4xf32>
}

// Not into a window, which would compute exp four times an element.

// CHECK-LABEL: func.func @not_into_a_window
// CHECK: linalg.generic
// CHECK: math.exp
// CHECK: linalg.generic
// CHECK-NOT: math.exp
// CHECK: return
func.func @not_into_a_window(%x: tensor<?x8x8x4xf32>) -> tensor<?x4x4x4xf32> {
  %0 = graph.exp %x : tensor<?x8x8x4xf32>
  %1 = graph.max_pool %0 window [2, 2] strides [2, 2] low [0, 0] high [0, 0]
    : (tensor<?x8x8x4xf32>) -> tensor<?x4x4x4xf32>
  return %1 : tensor<?x4x4x4xf32>
}

// Not where the result is needed elsewhere too.

// CHECK-LABEL: func.func @not_what_is_used_twice
// CHECK-COUNT-2: linalg.generic
// CHECK: return
func.func @not_what_is_used_twice(%x: tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>) {
  %0 = graph.exp %x : tensor<?x4xf32>
  %1 = graph.relu %0 : tensor<?x4xf32>
  return %0, %1 : tensor<?x4xf32>, tensor<?x4xf32>
}

// A mask that two vectors say is compared where it is used, for each head anew, and never stored.

// CHECK-LABEL: func.func @causal
// CHECK: linalg.generic
// CHECK: arith.cmpf oge
// CHECK: arith.select
// CHECK-NOT: linalg.generic
// CHECK-NOT: 64x64xi1
// CHECK: return
func.func @causal(%x: tensor<?x4x64x64xf32>, %q: tensor<64x1xf32>, %k: tensor<64xf32>) -> tensor<?x4x64x64xf32> {
  %far = graph.constant dense<-1.0e9> : tensor<f32>
  %0 = graph.compare ge %q, %k : (tensor<64x1xf32>, tensor<64xf32>) -> tensor<64x64xi1>
  %1 = graph.select %0, %x, %far : (tensor<64x64xi1>, tensor<?x4x64x64xf32>, tensor<f32>) -> tensor<?x4x64x64xf32>
  return %1 : tensor<?x4x64x64xf32>
}
