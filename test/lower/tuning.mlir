// RUN: hornet-opt %s --pass-pipeline='builtin.module(graph-to-linalg{winograd-tile=2},canonicalize)' | FileCheck %s --check-prefix=TILE
// RUN: hornet-opt %s --pass-pipeline='builtin.module(graph-to-linalg{winograd-tile=2},canonicalize,func.func(pack-filters),hoist-parameters,canonicalize)' | FileCheck %s --check-prefix=PACKED
// RUN: hornet-opt %s --pass-pipeline='builtin.module(graph-to-linalg{winograd-tile=2},canonicalize,func.func(pack-filters),hoist-parameters,canonicalize,func.func(fuse-elementwise,schedule),canonicalize)' | FileCheck %s
// RUN: hornet-opt %s --pass-pipeline='builtin.module(graph-to-linalg{winograd-tile=2},canonicalize,func.func(pack-filters{storage=bf16}),hoist-parameters,canonicalize,func.func(fuse-elementwise,schedule),canonicalize)' | FileCheck %s --check-prefix=NARROW

module attributes {hornet.tuning = {
  "product ?x7x7x64xf32, 1x1x64x80xf32 -> ?x7x7x80xf32" = {rows = 2, vectors = 3},
  "product ?x300xf32, 300x80xf32 -> ?x80xf32" = {rows = 5, vectors = 1},
  "product ?x300xf32, 300x80xbf16 -> ?x80xf32" = {rows = 3, vectors = 1},
  "product ?x1200xf32, 1200x16xf32 -> ?x16xf32" = {reductionBlock = 200},
  "product ?x1024xf32, 1024x16xf32 -> ?x16xf32" = {reductionBlock = 65536},
  "convolution ?x26x26x32xf32, 3x3x32x64xf32 -> ?x24x24x64xf32" = {tile = 0},
  "convolution ?x10x10x32xf32, 3x3x32x64xf32 -> ?x8x8x64xf32" = {tile = 4},
  "winograd ?x10x10x32xf32, 16x32x64xf32 -> ?x8x8x64xf32" = {tiles = 2, filters = 20}
}} {

graph.parameter @pointwise : tensor<1x1x64x80xf32>
graph.parameter @dense : tensor<300x80xf32>
graph.parameter @long : tensor<1200x16xf32>
graph.parameter @longer : tensor<1024x16xf32>
graph.parameter @direct : tensor<3x3x32x64xf32>

// Filters are packed in blocks as wide as the tiles that were chosen: 3 vectors of 8, 1 vector. The
// choices for a filter that is stored in 16 bits are its own.

// PACKED-LABEL: func.func @predict
// PACKED-SAME: tensor<4x1x1x64x24xf32>
// PACKED-SAME: tensor<10x300x8xf32>

// Minimal filtering is what the choice says, but never with larger tiles than the options allow.

// TILE-LABEL: func.func @predict
// TILE: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<?x26x26x32xf32>, tensor<3x3x32x64xf32>)
// TILE: graph.winograd_convolution {{.*}} tile 2
// TILE-NOT: graph.winograd_convolution

// CHECK-LABEL: func.func @predict

// 7 rows 2 at a time, the last one alone, by 3 vectors; the last columns by 1.
// CHECK: :6 = scf.for
// CHECK: :2 = scf.for
// CHECK: :3 = scf.for
// CHECK: tensor<?x300xf32>

// 5 rows by 1 vector, of an unknown batch; then 2, then 1, with more sums than these side by side.
// CHECK: :5 = scf.for %{{.*}} to %c300 step %c1
// CHECK: :8 = scf.for %{{.*}} to %c300 step %c4
// CHECK: :6 = scf.for %{{.*}} to %c300 step %c6
// NARROW-LABEL: func.func @predict
// NARROW: :6 = scf.for %{{.*}} to %c300 step %c2
// NARROW: :8 = scf.for %{{.*}} to %c300 step %c4

// 1200 products in blocks of 200. Longer sums than 512 would round more than by default.
// CHECK: scf.for {{.*}} to %c6 step
// CHECK: scf.for {{.*}} to %c200 step
// CHECK: scf.for {{.*}} to %c2 step
// CHECK: scf.for {{.*}} to %c512 step

// The direct convolution, then blocks of 2 tiles of 4 x 4, and of 16 filters, which is what fits of 20.
// CHECK: scf.forall {{.*}} in (%{{.*}}, 24)
// CHECK: scf.forall {{.*}} in (%{{.*}}, 4, 2)
// CHECK: tensor.empty() : tensor<16x2x32xf32>
// CHECK: scf.for {{.*}} to %c64 step %c16
// CHECK: tensor.empty() : tensor<16x2x16xf32>
func.func @predict(%a: tensor<?x7x7x64xf32>, %b: tensor<?x300xf32>, %c: tensor<?x1200xf32>, %d: tensor<?x1024xf32>,
                   %e: tensor<?x26x26x32xf32>, %f: tensor<?x10x10x32xf32>)
    -> (tensor<?x7x7x80xf32>, tensor<?x80xf32>, tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x24x24x64xf32>, tensor<?x8x8x64xf32>) {
  %pointwise = graph.get_parameter @pointwise : tensor<1x1x64x80xf32>
  %0 = graph.convolution %a, %pointwise strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 1
    : (tensor<?x7x7x64xf32>, tensor<1x1x64x80xf32>) -> tensor<?x7x7x80xf32>
  %dense = graph.get_parameter @dense : tensor<300x80xf32>
  %1 = graph.matmul %b, %dense : (tensor<?x300xf32>, tensor<300x80xf32>) -> tensor<?x80xf32>
  %long = graph.get_parameter @long : tensor<1200x16xf32>
  %2 = graph.matmul %c, %long : (tensor<?x1200xf32>, tensor<1200x16xf32>) -> tensor<?x16xf32>
  %longer = graph.get_parameter @longer : tensor<1024x16xf32>
  %3 = graph.matmul %d, %longer : (tensor<?x1024xf32>, tensor<1024x16xf32>) -> tensor<?x16xf32>
  %direct = graph.get_parameter @direct : tensor<3x3x32x64xf32>
  %4 = graph.convolution %e, %direct strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 1
    : (tensor<?x26x26x32xf32>, tensor<3x3x32x64xf32>) -> tensor<?x24x24x64xf32>
  %5 = graph.convolution %f, %direct strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 1
    : (tensor<?x10x10x32xf32>, tensor<3x3x32x64xf32>) -> tensor<?x8x8x64xf32>
  return %0, %1, %2, %3, %4, %5 : tensor<?x7x7x80xf32>, tensor<?x80xf32>, tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x24x24x64xf32>, tensor<?x8x8x64xf32>
}
}
