// RUN: hornet-opt %s --pass-pipeline='builtin.module(graph-to-linalg,canonicalize,func.func(pack-filters),hoist-parameters,canonicalize)' | FileCheck %s

// RUN: hornet-opt %s --pass-pipeline='builtin.module(graph-to-linalg,canonicalize,func.func(pack-filters{storage=bf16}),hoist-parameters,canonicalize)' | FileCheck %s --check-prefix=NARROW

// 40 columns are three blocks of 16 (two vectors of 8), the last one filled up with zeros. The filter
// is packed in @prepare; the convolution finds column n in block n floordiv 16.

// CHECK-DAG: #[[PACKED:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d3 floordiv 16, d4, d5, d6, d3 mod 16)>
// CHECK-LABEL: func.func @prepare
// CHECK-SAME: tensor<3x3x3x4x16xf32>
// CHECK: linalg.fill
// CHECK: tensor.insert_slice {{.*}} tensor<3x3x4x40xf32> into tensor<3x3x4x48xf32>
// CHECK: linalg.generic
// CHECK-LABEL: func.func @predict
// CHECK-SAME: %[[FILTER:[a-z0-9]+]]: tensor<3x3x3x4x16xf32> {graph.prepared
// CHECK: linalg.generic {indexing_maps = [#{{.*}}, #[[PACKED]], #{{.*}}]
// CHECK-SAME: ins(%{{.*}}, %[[FILTER]]
// A small filter stays as it is; one of 16384 elements is stored in 16 bits, and extended where it is
// read.

// NARROW-LABEL: func.func @prepare
// NARROW-SAME: tensor<3x3x3x4x16xf32>
// NARROW: arith.truncf {{.*}} : f32 to bf16
// NARROW-LABEL: func.func @predict
// NARROW: linalg.generic {{.*}} tensor<8x128x16xbf16>)
// NARROW-NEXT: ^bb0(%{{.*}}: f32, %[[NARROW:.*]]: bf16, %{{.*}}: f32):
// NARROW-NEXT: arith.extf %[[NARROW]] : bf16 to f32
graph.parameter @"dense/kernel" : tensor<128x128xf32>
graph.parameter @"conv/kernel" : tensor<3x3x4x40xf32>
func.func @predict(%x: tensor<?x8x8x4xf32>, %y: tensor<?x128xf32>) -> (tensor<?x6x6x40xf32>, tensor<?x128xf32>) {
  %k = graph.get_parameter @"dense/kernel" : tensor<128x128xf32>
  %1 = graph.matmul %y, %k : (tensor<?x128xf32>, tensor<128x128xf32>) -> tensor<?x128xf32>
  %f = graph.get_parameter @"conv/kernel" : tensor<3x3x4x40xf32>
  %0 = graph.convolution %x, %f strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 1
    : (tensor<?x8x8x4xf32>, tensor<3x3x4x40xf32>) -> tensor<?x6x6x40xf32>
  return %0, %1 : tensor<?x6x6x40xf32>, tensor<?x128xf32>
}


