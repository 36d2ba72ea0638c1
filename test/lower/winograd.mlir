// RUN: hornet-opt %s --pass-pipeline='builtin.module(graph-to-linalg{winograd-tile=2},canonicalize)' | FileCheck %s --check-prefix=CHOICE
// RUN: hornet-opt %s --pass-pipeline='builtin.module(graph-to-linalg{winograd-tile=2},resolve-ranked-shaped-type-result-dims,canonicalize,func.func(fuse-elementwise,schedule{threads=2}),canonicalize)' | FileCheck %s

// Minimal filtering: the filter is transformed by itself, so that it can go to @prepare; bias, relu
// and the pooling of each 2 x 2 tile happen before the store.

// CHECK: #[[LAST:.*]] = affine_map<(d0) -> (5, d0 * 2)>
// CHOICE-LABEL: func.func @pooled
// CHOICE-SAME: %[[X:[a-z0-9]+]]: tensor<?x26x26x32xf32>, %[[F:[a-z0-9]+]]: tensor<3x3x32x64xf32>
// CHOICE: %[[U:.*]] = linalg.generic {{.*}} ins(%{{.*}}, %[[F]] : tensor<16x3x3xf32>, tensor<3x3x32x64xf32>)
// CHOICE: graph.winograd_convolution %[[X]], %[[U]] tile 2
// CHECK-LABEL: func.func @pooled
// CHECK: scf.forall (%{{.*}}, %{{.*}}) in (%{{.*}}, 6)
// CHECK: tensor.empty() : tensor<16x25x32xf32>
// CHECK-COUNT-16: vector.transfer_read
// CHECK-COUNT-32: arith.{{addf|subf}}
// CHECK-COUNT-16: vector.transfer_write
// CHECK-COUNT-12: arith.mulf
// CHECK-COUNT-16: vector.transfer_read
// CHECK-COUNT-4: arith.cmpf olt
// CHECK-COUNT-4: arith.cmpf ogt
// CHECK-COUNT-1: vector.transfer_write
// CHECK-NOT: vector.transfer_write
// CHECK: tensor<?x12x12x64xf32>
// CHECK-NOT: scf.forall (
// CHECK: return
func.func @pooled(%x: tensor<?x26x26x32xf32>, %f: tensor<3x3x32x64xf32>, %b: tensor<64xf32>) -> tensor<?x12x12x64xf32> {
  %0 = graph.convolution %x, %f strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 1
    : (tensor<?x26x26x32xf32>, tensor<3x3x32x64xf32>) -> tensor<?x24x24x64xf32>
  %1 = graph.add %0, %b : (tensor<?x24x24x64xf32>, tensor<64xf32>) -> tensor<?x24x24x64xf32>
  %2 = graph.relu %1 : tensor<?x24x24x64xf32>
  %3 = graph.max_pool %2 window [2, 2] strides [2, 2] low [0, 0] high [0, 0]
    : (tensor<?x24x24x64xf32>) -> tensor<?x12x12x64xf32>
  return %3 : tensor<?x12x12x64xf32>
}

// What a gradient wants of a pooling: which element of each window its maximum is. It is known where
// the maximum is, so that the convolution's whole result is never written; and a bias and an
// activation behind the pooling belong to the same loop.

// CHECK-LABEL: func.func @indexed
// CHECK: scf.forall {{.*}} -> (tensor<?x12x12x64xf32>, tensor<?x12x12x64xf32>)
// CHECK-NOT: tensor<?x24x24x64xf32>
// CHECK: return
func.func @indexed(%x: tensor<?x26x26x32xf32>, %f: tensor<3x3x32x64xf32>, %b: tensor<64xf32>)
    -> (tensor<?x12x12x64xf32>, tensor<?x12x12x64xf32>) {
  %0 = graph.convolution %x, %f strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 1
    : (tensor<?x26x26x32xf32>, tensor<3x3x32x64xf32>) -> tensor<?x24x24x64xf32>
  %1 = graph.max_pool %0 window [2, 2] strides [2, 2] low [0, 0] high [0, 0]
    : (tensor<?x24x24x64xf32>) -> tensor<?x12x12x64xf32>
  %2 = graph.add %1, %b : (tensor<?x12x12x64xf32>, tensor<64xf32>) -> tensor<?x12x12x64xf32>
  %3 = graph.relu %2 : tensor<?x12x12x64xf32>
  %4 = graph.max_pool_index %0, %1 window [2, 2] strides [2, 2] low [0, 0] high [0, 0]
    : (tensor<?x24x24x64xf32>, tensor<?x12x12x64xf32>) -> tensor<?x12x12x64xf32>
  return %3, %4 : tensor<?x12x12x64xf32>, tensor<?x12x12x64xf32>
}

// The gradient to a filter: eight parts of the batch, each with a sum of its own of 16 matrices.

// CHOICE-LABEL: func.func @gradient
// CHOICE: graph.winograd_filter_gradient %{{.*}}, %{{.*}} tile 2 parts 8
// CHECK-LABEL: func.func @gradient
// CHECK: scf.forall (%{{.*}}) in (8)
// CHECK: linalg.fill {{.*}} outs(%{{.*}} : tensor<16x32x64xf32>)
// CHECK-COUNT-16: vector.transfer_read
// CHECK-COUNT-16: vector.transfer_write
// CHECK-COUNT-4: vector.transfer_read
// CHECK-COUNT-16: vector.transfer_write
// CHECK: return
func.func @gradient(%x: tensor<?x26x26x32xf32>, %dy: tensor<?x24x24x64xf32>) -> tensor<3x3x32x64xf32> {
  %0 = graph.filter_gradient %x, %dy window [3, 3] strides [1, 1] low [0, 0] high [0, 0]
    dilations [1, 1] groups 1
    : (tensor<?x26x26x32xf32>, tensor<?x24x24x64xf32>) -> tensor<3x3x32x64xf32>
  return %0 : tensor<3x3x32x64xf32>
}

// Tiles lie side by side, on zeros in the end: nothing may be counted twice.

// CHOICE-LABEL: func.func @odd_gradient
// CHOICE: graph.winograd_filter_gradient {{.*}} (tensor<?x10x10x32xf32>, tensor<?x8x8x64xf32>)
func.func @odd_gradient(%x: tensor<?x7x7x32xf32>, %dy: tensor<?x7x7x64xf32>) -> tensor<3x3x32x64xf32> {
  %0 = graph.filter_gradient %x, %dy window [3, 3] strides [1, 1] low [1, 1] high [1, 1]
    dilations [1, 1] groups 1
    : (tensor<?x7x7x32xf32>, tensor<?x7x7x64xf32>) -> tensor<3x3x32x64xf32>
  return %0 : tensor<3x3x32x64xf32>
}

// Of an extent that is no multiple of the tile, the last tile lies on the end.

// CHECK-LABEL: func.func @odd
// CHECK: affine.min #[[LAST]]
func.func @odd(%x: tensor<?x9x9x32xf32>, %f: tensor<3x3x32x32xf32>) -> tensor<?x7x7x32xf32> {
  %0 = graph.convolution %x, %f strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 1
    : (tensor<?x9x9x32xf32>, tensor<3x3x32x32xf32>) -> tensor<?x7x7x32xf32>
  return %0 : tensor<?x7x7x32xf32>
}

// 32 tiles of 32 channels are a multiple of 1024 bytes: the matrices of a block lie a row further apart, or all of
// what a transform touches would be in few sets of the first cache.

// CHECK-LABEL: func.func @apart
// CHECK: tensor.empty() : tensor<16x33x32xf32>
// CHECK: tensor.extract_slice {{.*}} tensor<16x33x32xf32> to tensor<16x32x32xf32>
// CHECK: tensor.empty() : tensor<16x33x32xf32>
func.func @apart(%x: tensor<?x66x66x32xf32>, %f: tensor<3x3x32x32xf32>) -> tensor<?x64x64x32xf32> {
  %0 = graph.convolution %x, %f strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 1
    : (tensor<?x66x66x32xf32>, tensor<3x3x32x32xf32>) -> tensor<?x64x64x32xf32>
  return %0 : tensor<?x64x64x32xf32>
}

// A small filter leaves place for 8 tiles in the first cache.

// CHECK-LABEL: func.func @near
// CHECK: scf.forall (%{{.*}}, %{{.*}}, %{{.*}}) in (%{{.*}}, 16, 2)
// CHECK: tensor.empty() : tensor<16x8x16xf32>
func.func @near(%x: tensor<?x34x34x16xf32>, %f: tensor<3x3x16x16xf32>) -> tensor<?x32x32x16xf32> {
  %0 = graph.convolution %x, %f strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 1
    : (tensor<?x34x34x16xf32>, tensor<3x3x16x16xf32>) -> tensor<?x32x32x16xf32>
  return %0 : tensor<?x32x32x16xf32>
}

// Too few channels to pay for the transforms, a stride, a window of another size.

// CHOICE-LABEL: func.func @direct
// CHOICE-NOT: winograd
func.func @direct(%x: tensor<?x28x28x1xf32>, %f: tensor<3x3x1x32xf32>, %y: tensor<?x28x28x32xf32>,
                  %g: tensor<3x3x32x32xf32>, %h: tensor<5x5x32x32xf32>)
    -> (tensor<?x26x26x32xf32>, tensor<?x13x13x32xf32>, tensor<?x24x24x32xf32>) {
  %0 = graph.convolution %x, %f strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 1
    : (tensor<?x28x28x1xf32>, tensor<3x3x1x32xf32>) -> tensor<?x26x26x32xf32>
  %1 = graph.convolution %y, %g strides [2, 2] low [0, 0] high [0, 0] dilations [1, 1] groups 1
    : (tensor<?x28x28x32xf32>, tensor<3x3x32x32xf32>) -> tensor<?x13x13x32xf32>
  %2 = graph.convolution %y, %h strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 1
    : (tensor<?x28x28x32xf32>, tensor<5x5x32x32xf32>) -> tensor<?x24x24x32xf32>
  return %0, %1, %2 : tensor<?x26x26x32xf32>, tensor<?x13x13x32xf32>, tensor<?x24x24x32xf32>
}
