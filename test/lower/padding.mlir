// RUN: hornet-opt %s --pass-pipeline='builtin.module(graph-to-linalg,resolve-ranked-shaped-type-result-dims,canonicalize,func.func(fuse-elementwise,schedule),canonicalize)' | FileCheck %s

// Of a padded tensor the border alone is filled with zeros, in strips that do not overlap; the
// convolution before it writes to the middle, with its activation, and its result is stored once.

// CHECK-LABEL: func.func @between_convolutions
// CHECK: %[[PADDED:.*]] = tensor.empty(%{{.*}}) : tensor<?x10x10x16xf32>
// CHECK: tensor.extract_slice %[[PADDED]][0, 0, 0, 0] [%{{.*}}, 1, 10, 16]
// CHECK: scf.forall
// CHECK: tensor.extract_slice {{.*}}[0, 9, 0, 0] [%{{.*}}, 1, 10, 16]
// CHECK: scf.forall
// CHECK: tensor.extract_slice {{.*}}[0, 1, 0, 0] [%{{.*}}, 8, 1, 16]
// CHECK: scf.forall
// CHECK: tensor.extract_slice {{.*}}[0, 1, 9, 0] [%{{.*}}, 8, 1, 16]
// CHECK: scf.forall
// CHECK: %[[MIDDLE:.*]] = tensor.extract_slice {{.*}}[0, 1, 1, 0] [%{{.*}}, 8, 8, 16]
// CHECK: scf.forall {{.*}} shared_outs(%{{.*}} = %[[MIDDLE]])
// CHECK: arith.mulf
// CHECK: arith.cmpf olt
// CHECK: vector.transfer_write
// CHECK: tensor.insert_slice {{.*}}[0, 1, 1, 0]
// CHECK: scf.forall
// CHECK: arith.mulf
// CHECK-NOT: scf.forall (
// CHECK: return
func.func @between_convolutions(%x: tensor<?x10x10x4xf32>, %f: tensor<3x3x4x16xf32>, %g: tensor<3x3x16x8xf32>) -> tensor<?x8x8x8xf32> {
  %0 = graph.convolution %x, %f strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 1
    : (tensor<?x10x10x4xf32>, tensor<3x3x4x16xf32>) -> tensor<?x8x8x16xf32>
  %1 = graph.relu %0 : tensor<?x8x8x16xf32>
  %2 = graph.convolution %1, %g strides [1, 1] low [1, 1] high [1, 1] dilations [1, 1] groups 1
    : (tensor<?x8x8x16xf32>, tensor<3x3x16x8xf32>) -> tensor<?x8x8x8xf32>
  return %2 : tensor<?x8x8x8xf32>
}
