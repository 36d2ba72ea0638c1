// RUN: hornet-opt %s --graph-to-linalg --canonicalize | FileCheck %s

// CHECK-DAG: #[[CONV_IN:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d1 * 2 + d4, d2 * 2 + d5, d6)>
// CHECK-DAG: #[[DEPTH_F:.*]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d4, d5, d3)>
// CHECK-DAG: #[[BIAS:.*]] = affine_map<(d0, d1) -> (d1)>

// CHECK-LABEL: func.func @elementwise_becomes_one_generic
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "parallel"]
// CHECK: arith.cmpf olt
// CHECK: arith.select
func.func @elementwise_becomes_one_generic(%x: tensor<?x10xf32>) -> tensor<?x10xf32> {
  %0 = graph.relu %x : tensor<?x10xf32>
  return %0 : tensor<?x10xf32>
}

// CHECK-LABEL: func.func @bias_is_read_along_its_own_dimension
// CHECK: linalg.generic {indexing_maps = [{{.*}}, #[[BIAS]], {{.*}}]
func.func @bias_is_read_along_its_own_dimension(%x: tensor<?x10xf32>, %b: tensor<10xf32>) -> tensor<?x10xf32> {
  %0 = graph.add %x, %b : (tensor<?x10xf32>, tensor<10xf32>) -> tensor<?x10xf32>
  return %0 : tensor<?x10xf32>
}

// CHECK-LABEL: func.func @unit_extents_are_dropped_before_they_are_repeated
// CHECK: tensor.collapse_shape %{{.*}} {{\[\[}}0, 1, 2], [3]] : tensor<?x1x1x4xf32> into tensor<?x4xf32>
func.func @unit_extents_are_dropped_before_they_are_repeated(%x: tensor<?x8x8x4xf32>, %s: tensor<?x1x1x4xf32>) -> tensor<?x8x8x4xf32> {
  %0 = graph.multiply %x, %s : (tensor<?x8x8x4xf32>, tensor<?x1x1x4xf32>) -> tensor<?x8x8x4xf32>
  return %0 : tensor<?x8x8x4xf32>
}

// CHECK-LABEL: func.func @splat_constants_become_scalars
// CHECK-NOT: tensor<f32>
// CHECK: arith.constant 5.000000e-01 : f32
// CHECK: arith.mulf
func.func @splat_constants_become_scalars(%x: tensor<?x10xf32>) -> tensor<?x10xf32> {
  %half = graph.constant dense<0.5> : tensor<f32>
  %0 = graph.multiply %x, %half : (tensor<?x10xf32>, tensor<f32>) -> tensor<?x10xf32>
  return %0 : tensor<?x10xf32>
}

// CHECK-LABEL: func.func @strided_convolution
// CHECK: linalg.generic {indexing_maps = [#[[CONV_IN]]
// CHECK-SAME: "parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"
// CHECK: arith.mulf {{.*}} fastmath<contract>
// CHECK: arith.addf {{.*}} fastmath<contract>
func.func @strided_convolution(%x: tensor<?x9x9x3xf32>, %f: tensor<3x3x3x8xf32>) -> tensor<?x4x4x8xf32> {
  %0 = graph.convolution %x, %f strides [2, 2] low [0, 0] high [0, 0] dilations [1, 1] groups 1
    : (tensor<?x9x9x3xf32>, tensor<3x3x3x8xf32>) -> tensor<?x4x4x8xf32>
  return %0 : tensor<?x4x4x8xf32>
}

// CHECK-LABEL: func.func @padding_is_filled_and_inserted_into
// CHECK: linalg.fill
// CHECK: tensor.insert_slice %{{.*}}[0, 1, 1, 0]
func.func @padding_is_filled_and_inserted_into(%x: tensor<?x8x8x3xf32>, %f: tensor<3x3x3x8xf32>) -> tensor<?x8x8x8xf32> {
  %0 = graph.convolution %x, %f strides [1, 1] low [1, 1] high [1, 1] dilations [1, 1] groups 1
    : (tensor<?x8x8x3xf32>, tensor<3x3x3x8xf32>) -> tensor<?x8x8x8xf32>
  return %0 : tensor<?x8x8x8xf32>
}

// CHECK-LABEL: func.func @depthwise_has_no_channel_loop
// CHECK: linalg.generic {indexing_maps = [{{.*}}, #[[DEPTH_F]], {{.*}}]
func.func @depthwise_has_no_channel_loop(%x: tensor<?x8x8x4xf32>, %f: tensor<3x3x1x4xf32>) -> tensor<?x6x6x4xf32> {
  %0 = graph.convolution %x, %f strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 4
    : (tensor<?x8x8x4xf32>, tensor<3x3x1x4xf32>) -> tensor<?x6x6x4xf32>
  return %0 : tensor<?x6x6x4xf32>
}

// CHECK-LABEL: func.func @grouped_convolution_splits_its_channels
// CHECK: tensor.expand_shape %{{.*}} output_shape [%{{.*}}, 8, 8, 2, 2]
// CHECK: tensor.expand_shape %{{.*}} output_shape [3, 3, 2, 2, 3]
// CHECK: tensor.collapse_shape %{{.*}} : tensor<?x6x6x2x3xf32> into tensor<?x6x6x6xf32>
func.func @grouped_convolution_splits_its_channels(%x: tensor<?x8x8x4xf32>, %f: tensor<3x3x2x6xf32>) -> tensor<?x6x6x6xf32> {
  %0 = graph.convolution %x, %f strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 2
    : (tensor<?x8x8x4xf32>, tensor<3x3x2x6xf32>) -> tensor<?x6x6x6xf32>
  return %0 : tensor<?x6x6x6xf32>
}

// CHECK-LABEL: func.func @average_counts_no_padding
// CHECK: arith.constant dense<{{\[\[\[}}4.000000e+00], [2.000000e+00]], {{\[\[}}2.000000e+00], [1.000000e+00]]]> : tensor<2x2x1xf32>
// CHECK: arith.divf
func.func @average_counts_no_padding(%x: tensor<?x3x3x1xf32>) -> tensor<?x2x2x1xf32> {
  %0 = graph.average_pool %x window [2, 2] strides [2, 2] low [0, 0] high [1, 1]
    : (tensor<?x3x3x1xf32>) -> tensor<?x2x2x1xf32>
  return %0 : tensor<?x2x2x1xf32>
}

// CHECK-LABEL: func.func @softmax_subtracts_the_maximum
// CHECK: arith.maximumf
// CHECK: arith.subf
// CHECK: math.exp
// CHECK: arith.addf
// CHECK: arith.divf
func.func @softmax_subtracts_the_maximum(%x: tensor<?x10xf32>) -> tensor<?x10xf32> {
  %0 = graph.softmax %x dimension 1 : tensor<?x10xf32>
  return %0 : tensor<?x10xf32>
}

// CHECK-LABEL: func.func @flatten_costs_nothing
// CHECK-NOT: linalg
// CHECK: tensor.collapse_shape
func.func @flatten_costs_nothing(%x: tensor<?x12x12x64xf32>) -> tensor<?x9216xf32> {
  %0 = graph.reshape %x : tensor<?x12x12x64xf32> -> tensor<?x9216xf32>
  return %0 : tensor<?x9216xf32>
}

// CHECK-LABEL: func.func @shapes_that_do_not_nest_go_through_the_flat_one
// CHECK: tensor.collapse_shape %{{.*}} : tensor<?x6x4xf32> into tensor<?x24xf32>
// CHECK: tensor.expand_shape %{{.*}} : tensor<?x24xf32> into tensor<?x3x8xf32>
func.func @shapes_that_do_not_nest_go_through_the_flat_one(%x: tensor<?x6x4xf32>) -> tensor<?x3x8xf32> {
  %0 = graph.reshape %x : tensor<?x6x4xf32> -> tensor<?x3x8xf32>
  return %0 : tensor<?x3x8xf32>
}

// CHECK-LABEL: func.func @scalars_per_sample_become_rows
// CHECK: tensor.expand_shape %{{.*}} : tensor<?xf32> into tensor<?x1xf32>
func.func @scalars_per_sample_become_rows(%x: tensor<?xf32>) -> tensor<?x1xf32> {
  %0 = graph.reshape %x : tensor<?xf32> -> tensor<?x1xf32>
  return %0 : tensor<?x1xf32>
}

// CHECK-LABEL: func.func @concatenate_inserts_into_slices
// CHECK-COUNT-2: tensor.insert_slice
func.func @concatenate_inserts_into_slices(%x: tensor<?x3xf32>, %y: tensor<?x4xf32>) -> tensor<?x7xf32> {
  %0 = graph.concatenate %x, %y dimension 1 : (tensor<?x3xf32>, tensor<?x4xf32>) -> tensor<?x7xf32>
  return %0 : tensor<?x7xf32>
}

// CHECK-LABEL: func.func @gather
// A row that does not exist is NaN, and is not read.
// CHECK: linalg.generic
// CHECK:   %[[EXISTS:.*]] = arith.andi
// CHECK:   %[[SAFE:.*]] = arith.select %[[EXISTS]], %{{.*}}, %{{.*}} : f32
// CHECK:   arith.fptosi %[[SAFE]]
// CHECK:   %[[COLUMN:.*]] = linalg.index 2
// CHECK:   %[[ELEMENT:.*]] = tensor.extract %arg0[%{{.*}}, %[[COLUMN]]]
// CHECK:   arith.select %[[EXISTS]], %[[ELEMENT]], %{{.*}} : f32
func.func @gather(%t: tensor<10x40xf32>, %i: tensor<?x5xf32>) -> tensor<?x5x40xf32> {
  %0 = graph.gather %t, %i dimension 0 batch 0 : (tensor<10x40xf32>, tensor<?x5xf32>) -> tensor<?x5x40xf32>
  return %0 : tensor<?x5x40xf32>
}

// CHECK-LABEL: func.func @scatter_add
// Threads share the columns: each adds the rows in their order.
// CHECK: scf.forall (%{{.*}}) in (2)
// CHECK:   scf.for
// CHECK:     vector.transfer_read %{{.*}} : tensor<10x32xf32>, vector<32xf32>
// CHECK: {hornet.work = 160 : i64}
// CHECK: vector<8xf32>
func.func @scatter_add(%r: tensor<?x5x72xf32>, %i: tensor<?x5xf32>, %t: tensor<10x72xf32>) -> tensor<10x72xf32> {
  %0 = graph.scatter_add %r, %i, %t dimension 0 batch 0
    : (tensor<?x5x72xf32>, tensor<?x5xf32>, tensor<10x72xf32>) -> tensor<10x72xf32>
  return %0 : tensor<10x72xf32>
}
