// RUN: hornet-opt %s --hoist-parameters -split-input-file | FileCheck %s

// What depends on parameters alone is computed once; an activation is not touched.

// CHECK: func.func @prepare(%[[K:.*]]: tensor<4x8xf32> {graph.parameter = @"dense/kernel"}, %[[S:.*]]: tensor<8xf32> {graph.parameter = @scale}) -> tensor<4x8xf32>
// CHECK-NEXT: %[[P:.*]] = graph.multiply %[[K]], %[[S]]
// CHECK-NEXT: return %[[P]]
// CHECK: func.func @predict(%[[X:.*]]: tensor<?x4xf32>, %[[W:.*]]: tensor<4x8xf32> {graph.prepared = 0 : i64}, %[[B:.*]]: tensor<8xf32> {graph.parameter = @bias})
// CHECK-NEXT: %[[Y:.*]] = graph.matmul %[[X]], %[[W]]
// CHECK-NEXT: graph.add %[[Y]], %[[B]]
graph.parameter @"dense/kernel" : tensor<4x8xf32>
graph.parameter @scale : tensor<8xf32>
graph.parameter @bias : tensor<8xf32>
func.func @predict(%x: tensor<?x4xf32>) -> tensor<?x8xf32> {
  %k = graph.get_parameter @"dense/kernel" : tensor<4x8xf32>
  %s = graph.get_parameter @scale : tensor<8xf32>
  %b = graph.get_parameter @bias : tensor<8xf32>
  %w = graph.multiply %k, %s : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  %y = graph.matmul %x, %w : (tensor<?x4xf32>, tensor<4x8xf32>) -> tensor<?x8xf32>
  %z = graph.add %y, %b : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xf32>
  return %z : tensor<?x8xf32>
}

// -----

// A parameter that is only reshaped stays a parameter: reshaping is free.

// CHECK: func.func @prepare() {
// CHECK: func.func @predict(%{{.*}}: tensor<?x4xf32>, %[[K:.*]]: tensor<2x2x8xf32> {graph.parameter = @kernel})
// CHECK: tensor.collapse_shape %[[K]]
graph.parameter @kernel : tensor<2x2x8xf32>
func.func @predict(%x: tensor<?x4xf32>) -> tensor<?x8xf32> {
  %k = graph.get_parameter @kernel : tensor<2x2x8xf32>
  %w = tensor.collapse_shape %k [[0, 1], [2]] : tensor<2x2x8xf32> into tensor<4x8xf32>
  %y = graph.matmul %x, %w : (tensor<?x4xf32>, tensor<4x8xf32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
