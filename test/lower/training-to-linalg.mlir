// The ops that gradients are made of.
// RUN: hornet-opt %s --graph-to-linalg --canonicalize | FileCheck %s

// CHECK-DAG: #[[WINDOW:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d4, d0 + d5, d1 + d6, d2)>
// CHECK-DAG: #[[GRADIENT:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d4, d5, d6, d3)>
// CHECK-DAG: #[[FILTER:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d1, d2, d3)>
// CHECK-DAG: #[[BACKWARDS:.*]] = affine_map<(d0, d1, d2) -> (d0, -d1 + 2, d2)>
// CHECK-DAG: #[[REPEATED:.*]] = affine_map<(d0, d1, d2) -> (d1)>

// A sum of products over the samples and over all places of the window.

// CHECK-LABEL: func.func @filter_gradient
// CHECK: linalg.generic {indexing_maps = [#[[WINDOW]], #[[GRADIENT]], #[[FILTER]]], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
// CHECK: arith.mulf %{{.*}} fastmath<contract>
// CHECK: arith.addf %{{.*}} fastmath<contract>
func.func @filter_gradient(%x: tensor<?x8x8x2xf32>, %g: tensor<?x6x6x4xf32>) -> tensor<3x3x2x4xf32> {
  %0 = graph.filter_gradient %x, %g window [3, 3] strides [1, 1] low [0, 0] high [0, 0]
    dilations [1, 1] groups 1 : (tensor<?x8x8x2xf32>, tensor<?x6x6x4xf32>) -> tensor<3x3x2x4xf32>
  return %0 : tensor<3x3x2x4xf32>
}

// CHECK-LABEL: func.func @padding_comes_first
// CHECK: %[[PADDED:.*]] = tensor.insert_slice %arg0 into {{.*}} : tensor<?x8x8x2xf32> into tensor<?x10x10x2xf32>
// CHECK: linalg.generic {{.*}} ins(%[[PADDED]], %arg1
func.func @padding_comes_first(%x: tensor<?x8x8x2xf32>, %g: tensor<?x8x8x4xf32>) -> tensor<3x3x2x4xf32> {
  %0 = graph.filter_gradient %x, %g window [3, 3] strides [1, 1] low [1, 1] high [1, 1]
    dilations [1, 1] groups 1 : (tensor<?x8x8x2xf32>, tensor<?x8x8x4xf32>) -> tensor<3x3x2x4xf32>
  return %0 : tensor<3x3x2x4xf32>
}

// CHECK-LABEL: func.func @groups_are_a_dimension_of_their_own
// CHECK: tensor.expand_shape %arg0 {{.*}} into tensor<?x9x2x2xf32>
// CHECK: tensor.expand_shape %arg1 {{.*}} into tensor<?x4x2x3xf32>
// CHECK: tensor.collapse_shape {{.*}} into tensor<3x2x6xf32>
func.func @groups_are_a_dimension_of_their_own(%x: tensor<?x9x4xf32>, %g: tensor<?x4x6xf32>) -> tensor<3x2x6xf32> {
  %0 = graph.filter_gradient %x, %g window [3] strides [2] low [0] high [0]
    dilations [1] groups 2 : (tensor<?x9x4xf32>, tensor<?x4x6xf32>) -> tensor<3x2x6xf32>
  return %0 : tensor<3x2x6xf32>
}

// The least number of an element that equals the maximum; the window's size where none does.

// CHECK-LABEL: func.func @max_pool_index
// CHECK-DAG: %[[NUMBERS:.*]] = arith.constant dense<[0.000000e+00, 1.000000e+00]> : tensor<2xf32>
// CHECK-DAG: %[[NONE:.*]] = arith.constant 2.000000e+00 : f32
// CHECK: %[[IS:.*]] = arith.cmpf oeq
// CHECK: %[[HERE:.*]] = arith.select %[[IS]], %{{.*}}, %[[NONE]]
// CHECK: %[[LESS:.*]] = arith.cmpf olt, %[[HERE]], %[[BEFORE:.*]] : f32
// CHECK: arith.select %[[LESS]], %[[HERE]], %[[BEFORE]]
func.func @max_pool_index(%x: tensor<?x8x2xf32>, %m: tensor<?x4x2xf32>) -> tensor<?x4x2xf32> {
  %0 = graph.max_pool_index %x, %m window [2] strides [2] low [0] high [0]
    : (tensor<?x8x2xf32>, tensor<?x4x2xf32>) -> tensor<?x4x2xf32>
  return %0 : tensor<?x4x2xf32>
}

// e^x never overflows.

// CHECK-LABEL: func.func @softplus
// CHECK: math.absf
// CHECK: arith.negf
// CHECK: math.exp
// CHECK: math.log1p
// CHECK: arith.addf
func.func @softplus(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %0 = graph.softplus %x : tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// CHECK-LABEL: func.func @log_softmax
// CHECK: arith.maximumf
// CHECK: arith.subf
// CHECK: math.exp
// CHECK: arith.addf
// CHECK: math.log
// CHECK: arith.subf
// CHECK-NOT: arith.divf
func.func @log_softmax(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %0 = graph.log_softmax %x dimension 1 : tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// CHECK-LABEL: func.func @reverse
// CHECK: linalg.generic {indexing_maps = [#[[BACKWARDS]], {{.*}}]
func.func @reverse(%x: tensor<?x3x4xf32>) -> tensor<?x3x4xf32> {
  %0 = graph.reverse %x dimensions [1] : tensor<?x3x4xf32>
  return %0 : tensor<?x3x4xf32>
}

// CHECK-LABEL: func.func @broadcast
// CHECK: linalg.generic {indexing_maps = [#[[REPEATED]], {{.*}}]
// CHECK-NEXT: ^bb0(%[[X:.*]]: f32, %{{.*}}: f32, %{{.*}}: f32):
// CHECK-NEXT: linalg.yield %[[X]]
func.func @broadcast(%x: tensor<3x1xf32>, %y: tensor<?x3x4xf32>) -> tensor<?x3x4xf32> {
  %0 = graph.broadcast %x, %y : (tensor<3x1xf32>, tensor<?x3x4xf32>) -> tensor<?x3x4xf32>
  return %0 : tensor<?x3x4xf32>
}

// CHECK-LABEL: func.func @extent
// CHECK: %[[DIM:.*]] = tensor.dim %arg0
// CHECK: arith.index_cast %[[DIM]]
// CHECK: arith.sitofp
func.func @extent(%x: tensor<?x3xf32>) -> tensor<f32> {
  %0 = graph.extent %x dimension 0 : tensor<?x3xf32> -> tensor<f32>
  return %0 : tensor<f32>
}

// Ten rounds of two products for each element, whose place is the counter.

// CHECK-LABEL: func.func @random_uniform
// CHECK-COUNT-4: tensor.extract %arg0
// CHECK: linalg.generic {{.*}} outs
// CHECK-DAG: linalg.index 0
// CHECK-DAG: linalg.index 1
// CHECK-COUNT-16: arith.mului_extended
// CHECK: arith.shrui
// CHECK: arith.sitofp
func.func @random_uniform(%k: tensor<4xi32>, %x: tensor<?x5xf32>) -> tensor<?x5xf32> {
  %0 = graph.random_uniform %k, %x stream 7 : (tensor<4xi32>, tensor<?x5xf32>) -> tensor<?x5xf32>
  return %0 : tensor<?x5xf32>
}
