// Every numbered constraint, broken once.
// RUN: hornet-opt %s -verify-diagnostics -split-input-file

// expected-error @+1 {{'graph.parameter' op (C1) must have a static type, got 'tensor<?x4xf32>'}}
graph.parameter @w : tensor<?x4xf32>

// -----

func.func @get_parameter_without_a_parameter() {
  // expected-error @+1 {{(C1) @w is no graph.parameter}}
  %0 = graph.get_parameter @w : tensor<4xf32>
  return
}

// -----

graph.parameter @w : tensor<4xf32>
func.func @get_parameter_of_another_type() {
  // expected-error @+1 {{(C1) @w has type 'tensor<4xf32>', not 'tensor<5xf32>'}}
  %0 = graph.get_parameter @w : tensor<5xf32>
  return
}

// -----

func.func @broadcasting(%x: tensor<?x10xf32>, %y: tensor<9xf32>) {
  // expected-error @+2 {{(C1) cannot broadcast these shapes together: 'tensor<?x10xf32>', 'tensor<9xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.add %x, %y : (tensor<?x10xf32>, tensor<9xf32>) -> tensor<?x10xf32>
  return
}

// -----

func.func @compare(%x: tensor<?x10xf32>, %y: tensor<2x10xf32>) {
  // expected-error @+2 {{(C1) cannot broadcast these shapes together}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.compare lt %x, %y : (tensor<?x10xf32>, tensor<2x10xf32>) -> tensor<?x10xi1>
  return
}

// -----

func.func @select_shapes(%p: tensor<3xi1>, %x: tensor<4xf32>) {
  // expected-error @+2 {{(C1) cannot broadcast these shapes together}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.select %p, %x, %x : (tensor<3xi1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @select_element_types(%p: tensor<4xi1>, %x: tensor<4xf32>, %y: tensor<4xf16>) {
  // expected-error @+2 {{(C2) the values have different element types}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.select %p, %x, %y : (tensor<4xi1>, tensor<4xf32>, tensor<4xf16>) -> tensor<4xf32>
  return
}

// -----

func.func @matmul_ranks(%x: tensor<?x4xf32>, %k: tensor<4xf32>) {
  // expected-error @+2 {{(C1) expected lhs of rank 1 or more and rhs of rank 2, got 'tensor<?x4xf32>' and 'tensor<4xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.matmul %x, %k : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?xf32>
  return
}

// -----

func.func @matmul_extents(%x: tensor<?x4xf32>, %k: tensor<5x2xf32>) {
  // expected-error @+2 {{(C2) cannot contract 'tensor<?x4xf32>' with 'tensor<5x2xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.matmul %x, %k : (tensor<?x4xf32>, tensor<5x2xf32>) -> tensor<?x2xf32>
  return
}

// -----

func.func @einsum_form(%x: tensor<?x4xf32>, %k: tensor<4x2xf32>) {
  // expected-error @+2 {{(C1, C2) expected letters 'lhs,rhs->result', each in two of them or more, got 'bi-bo'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.einsum "bi-bo" %x, %k : (tensor<?x4xf32>, tensor<4x2xf32>) -> tensor<?x2xf32>
  return
}

// -----

func.func @einsum_twice(%x: tensor<?x4xf32>, %k: tensor<4x2xf32>) {
  // expected-error @+2 {{(C1, C2) expected letters 'lhs,rhs->result', each in two of them or more, got 'bb,bo->bo'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.einsum "bb,bo->bo" %x, %k : (tensor<?x4xf32>, tensor<4x2xf32>) -> tensor<?x2xf32>
  return
}

// -----

func.func @einsum_sign(%x: tensor<?x4xf32>, %k: tensor<4x2xf32>) {
  // expected-error @+2 {{(C1, C2) expected letters 'lhs,rhs->result', each in two of them or more, got 'b1,1o->bo'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.einsum "b1,1o->bo" %x, %k : (tensor<?x4xf32>, tensor<4x2xf32>) -> tensor<?x2xf32>
  return
}

// -----

func.func @einsum_alone(%x: tensor<?x4xf32>, %k: tensor<4x2xf32>) {
  // expected-error @+2 {{(C1, C2) expected letters 'lhs,rhs->result', each in two of them or more, got 'bi,jo->bo'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.einsum "bi,jo->bo" %x, %k : (tensor<?x4xf32>, tensor<4x2xf32>) -> tensor<?x2xf32>
  return
}

// -----

func.func @einsum_rank(%x: tensor<?x4xf32>, %k: tensor<4x2xf32>) {
  // expected-error @+2 {{(C1) expected a tensor of rank 3, got 'tensor<?x4xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.einsum "bim,io->bom" %x, %k : (tensor<?x4xf32>, tensor<4x2xf32>) -> tensor<?x2xf32>
  return
}

// -----

func.func @einsum_extents(%x: tensor<?x4xf32>, %k: tensor<5x2xf32>) {
  // expected-error @+2 {{(C3) the extents of 'i' differ: 4 and 5}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.einsum "bi,io->bo" %x, %k : (tensor<?x4xf32>, tensor<5x2xf32>) -> tensor<?x2xf32>
  return
}

// -----

func.func @einsum_open(%x: tensor<?x4xf32>, %k: tensor<4x2xf32>) {
  // expected-error @+2 {{(C4) 'b' is open, and does not lead}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.einsum "bi,io->ob" %x, %k : (tensor<?x4xf32>, tensor<4x2xf32>) -> tensor<?x2xf32>
  return
}

// -----

func.func @einsum_open_operand(%x: tensor<4x?xf32>, %k: tensor<4x2xf32>) {
  // expected-error @+2 {{(C4) 'b' is open, and does not lead}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.einsum "ib,io->bo" %x, %k : (tensor<4x?xf32>, tensor<4x2xf32>) -> tensor<?x2xf32>
  return
}

// -----

func.func @convolution_ranks(%x: tensor<?x8x8x2xf32>, %f: tensor<3x2x4xf32>) {
  // expected-error @+2 {{(C1) expected input and filter of one rank, 3 or more}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.convolution %x, %f strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 1
    : (tensor<?x8x8x2xf32>, tensor<3x2x4xf32>) -> tensor<?x6x6x4xf32>
  return
}

// -----

func.func @convolution_entries(%x: tensor<?x8x8x2xf32>, %f: tensor<3x3x2x4xf32>) {
  // expected-error @+2 {{(C2) expected 2 entries, got 1}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.convolution %x, %f strides [1, 1] low [0] high [0, 0] dilations [1, 1] groups 1
    : (tensor<?x8x8x2xf32>, tensor<3x3x2x4xf32>) -> tensor<?x6x6x4xf32>
  return
}

// -----

func.func @convolution_strides(%x: tensor<?x8x8x2xf32>, %f: tensor<3x3x2x4xf32>) {
  // expected-error @+2 {{(C3) strides, dilations and groups must be positive, paddings not negative}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.convolution %x, %f strides [1, 0] low [0, 0] high [0, 0] dilations [1, 1] groups 1
    : (tensor<?x8x8x2xf32>, tensor<3x3x2x4xf32>) -> tensor<?x6x6x4xf32>
  return
}

// -----

func.func @convolution_channels(%x: tensor<?x8x8x2xf32>, %f: tensor<3x3x2x4xf32>) {
  // expected-error @+2 {{(C4) channels of 'tensor<?x8x8x2xf32>' and 'tensor<3x3x2x4xf32>' do not fit together in 2 groups}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.convolution %x, %f strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 2
    : (tensor<?x8x8x2xf32>, tensor<3x3x2x4xf32>) -> tensor<?x6x6x4xf32>
  return
}

// -----

func.func @convolution_span(%x: tensor<?x8x8x2xf32>, %f: tensor<3x3x2x4xf32>) {
  // expected-error @+2 {{(C5) the window spans 9 in spatial dimension 1, the padded input has 8}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.convolution %x, %f strides [1, 1] low [0, 0] high [0, 0] dilations [1, 4] groups 1
    : (tensor<?x8x8x2xf32>, tensor<3x3x2x4xf32>) -> tensor<?x6x1x4xf32>
  return
}

// -----

func.func @convolution_dynamic(%x: tensor<?x?x8x2xf32>, %f: tensor<3x3x2x4xf32>) {
  // expected-error @+2 {{(C5) spatial dimension 0 must be static}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.convolution %x, %f strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 1
    : (tensor<?x?x8x2xf32>, tensor<3x3x2x4xf32>) -> tensor<?x?x6x4xf32>
  return
}

// -----

func.func @pool_entries(%x: tensor<?x8x8x2xf32>) {
  // expected-error @+2 {{(C1) expected 2 entries, got 3}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.max_pool %x window [2, 2, 2] strides [2, 2] low [0, 0] high [0, 0]
    : (tensor<?x8x8x2xf32>) -> tensor<?x4x4x2xf32>
  return
}

// -----

func.func @pool_padding(%x: tensor<?x8x8x2xf32>) {
  // expected-error @+2 {{(C2) window and strides must be positive, paddings smaller than the window and not negative}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.average_pool %x window [2, 2] strides [2, 2] low [0, 2] high [0, 0]
    : (tensor<?x8x8x2xf32>) -> tensor<?x4x5x2xf32>
  return
}

// -----

func.func @pool_span(%x: tensor<?x8x8x2xf32>) {
  // expected-error @+2 {{(C3) the window spans 9 in spatial dimension 0, the padded input has 8}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.max_pool %x window [9, 2] strides [1, 2] low [0, 0] high [0, 0]
    : (tensor<?x8x8x2xf32>) -> tensor<?x1x4x2xf32>
  return
}

// -----

func.func @reduce_twice(%x: tensor<?x8x8x2xf32>) {
  // expected-error @+2 {{(C1) dimensions must be in range and strictly increasing for 'tensor<?x8x8x2xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.reduce_sum %x dimensions [1, 1] : (tensor<?x8x8x2xf32>) -> tensor<?x8x2xf32>
  return
}

// -----

func.func @reduce_out_of_range(%x: tensor<?x8xf32>) {
  // expected-error @+2 {{(C1) dimensions must be in range and strictly increasing}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.reduce_max %x dimensions [2] : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @softmax(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{'graph.softmax' op (C1) dimension -1 is out of range for rank 2}}
  %0 = graph.softmax %x dimension -1 : tensor<?x8xf32>
  return
}

// -----

func.func @batch_norm_channels(%x: tensor<?x8xf32>, %s: tensor<8xf32>, %v: tensor<4xf32>) {
  // expected-error @+1 {{'graph.batch_norm' op (C1) expected 8 channels, got 'tensor<4xf32>'}}
  %0 = graph.batch_norm %x, %s, %s, %s, %v epsilon 1.0e-3
    : (tensor<?x8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<4xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @batch_norm_rank(%x: tensor<f32>) {
  // expected-error @+1 {{'graph.batch_norm' op (C1) input must have a channel dimension}}
  %0 = graph.batch_norm %x, %x, %x, %x, %x epsilon 1.0e-3
    : (tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>) -> tensor<f32>
  return
}

// -----

func.func @dropout(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{'graph.dropout' op (C1) rate must be between 0 and 1, got 1.5}}
  %0 = graph.dropout %x rate 1.5 : tensor<?x8xf32>
  return
}

// -----

func.func @reshape_elements(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{'graph.reshape' op (C1) cannot give 'tensor<?x8xf32>' the shape of 'tensor<?x9xf32>'}}
  %0 = graph.reshape %x : tensor<?x8xf32> -> tensor<?x9xf32>
  return
}

// -----

func.func @reshape_batch(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{(C1) cannot give 'tensor<?x8xf32>' the shape of 'tensor<8x?xf32>'}}
  %0 = graph.reshape %x : tensor<?x8xf32> -> tensor<8x?xf32>
  return
}

// -----

func.func @transpose(%x: tensor<?x8xf32>) {
  // expected-error @+2 {{(C1) not a permutation of the dimensions of 'tensor<?x8xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.transpose %x permutation [1, 1] : (tensor<?x8xf32>) -> tensor<8x8xf32>
  return
}

// -----

func.func @pad_entries(%x: tensor<?x8xf32>) {
  // expected-error @+2 {{(C1) expected 2 entries, got 1 and 2}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.pad %x low [1] high [0, 1] value 0.0 : (tensor<?x8xf32>) -> tensor<?x9xf32>
  return
}

// -----

func.func @pad_batch(%x: tensor<?x8xf32>) {
  // expected-error @+2 {{(C1) paddings must not be negative, and 0 for a dynamic dimension}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.pad %x low [1, 0] high [0, 0] value 0.0 : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @slice_entries(%x: tensor<?x8xf32>) {
  // expected-error @+2 {{(C1) expected 2 entries, got 1}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.slice %x start [0, 0] limit [8] strides [1, 1] : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @slice_range(%x: tensor<?x8xf32>) {
  // expected-error @+2 {{(C2) cannot take 4 to 9 by 1 of the 8 elements in dimension 1}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.slice %x start [0, 4] limit [-1, 9] strides [1, 1] : (tensor<?x8xf32>) -> tensor<?x5xf32>
  return
}

// -----

func.func @slice_batch(%x: tensor<?x8xf32>) {
  // expected-error @+2 {{(C3) dynamic dimension 0 must be taken whole}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.slice %x start [1, 0] limit [-1, 8] strides [1, 1] : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @interleave_places(%x: tensor<?x3xf32>, %y: tensor<?x1xf32>) {
  // expected-error @below {{(C4) input 0 of 2 is 'tensor<?x3xf32>', which should have 2 places in dimension 1}}
  // expected-error @below {{failed to infer returned types}}
  %0 = graph.interleave %x, %y dimension 1 : (tensor<?x3xf32>, tensor<?x1xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @concatenate_nothing() {
  // expected-error @+2 {{(C1) expected at least one input}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = "graph.concatenate"() {dimension = 0 : i64} : () -> tensor<8xf32>
  return
}

// -----

func.func @concatenate_ranks(%x: tensor<?x8xf32>, %y: tensor<8xf32>) {
  // expected-error @+2 {{(C1) cannot join 'tensor<?x8xf32>' and 'tensor<8xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.concatenate %x, %y dimension 1 : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x16xf32>
  return
}

// -----

func.func @concatenate_dimension(%x: tensor<?x8xf32>) {
  // expected-error @+2 {{(C2) dimension 2 is out of range for 'tensor<?x8xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.concatenate %x, %x dimension 2 : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @concatenate_batch(%x: tensor<?x8xf32>) {
  // expected-error @+2 {{(C2) dimension 0 of 'tensor<?x8xf32>' is dynamic}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.concatenate %x, %x dimension 0 : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @concatenate_extents(%x: tensor<?x8x2xf32>, %y: tensor<?x9x2xf32>) {
  // expected-error @+2 {{(C3) extents of 'tensor<?x8x2xf32>' and 'tensor<?x9x2xf32>' differ in dimension 1}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.concatenate %x, %y dimension 2 : (tensor<?x8x2xf32>, tensor<?x9x2xf32>) -> tensor<?x8x4xf32>
  return
}

// -----

func.func @winograd_filter(%x: tensor<?x8x8x4xf32>, %u: tensor<9x4x8xf32>) {
  // expected-error @+2 {{(C1) expected input (N, H, W, I) and filter (16, I, O), got 'tensor<?x8x8x4xf32>' and 'tensor<9x4x8xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.winograd_convolution %x, %u tile 2 : (tensor<?x8x8x4xf32>, tensor<9x4x8xf32>) -> tensor<?x6x6x8xf32>
  return
}

// -----

func.func @winograd_input(%x: tensor<?x8x5x4xf32>, %u: tensor<36x4x8xf32>) {
  // expected-error @+2 {{(C2) expected static extents of 6 or more, got 'tensor<?x8x5x4xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.winograd_convolution %x, %u tile 4 : (tensor<?x8x5x4xf32>, tensor<36x4x8xf32>) -> tensor<?x6x3x8xf32>
  return
}

// -----

func.func @filter_gradient_ranks(%x: tensor<?x8x2xf32>, %g: tensor<?x4xf32>) {
  // expected-error @+2 {{(C1) expected input and gradient of one rank, 2 or more, and one batch, got 'tensor<?x8x2xf32>' and 'tensor<?x4xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.filter_gradient %x, %g window [3] strides [1] low [0] high [0] dilations [1] groups 1
    : (tensor<?x8x2xf32>, tensor<?x4xf32>) -> tensor<3x2x4xf32>
  return
}

// -----

func.func @filter_gradient_batches(%x: tensor<5x2xf32>, %g: tensor<6x4xf32>) {
  // expected-error @+2 {{(C1) expected input and gradient of one rank, 2 or more, and one batch}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.filter_gradient %x, %g window [] strides [] low [] high [] dilations [] groups 1
    : (tensor<5x2xf32>, tensor<6x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @filter_gradient_entries(%x: tensor<?x8x2xf32>, %g: tensor<?x6x4xf32>) {
  // expected-error @+2 {{(C2) expected 1 entries, got 2}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.filter_gradient %x, %g window [3, 3] strides [1] low [0] high [0] dilations [1] groups 1
    : (tensor<?x8x2xf32>, tensor<?x6x4xf32>) -> tensor<3x2x4xf32>
  return
}

// -----

func.func @filter_gradient_groups(%x: tensor<?x8x2xf32>, %g: tensor<?x6x4xf32>) {
  // expected-error @+2 {{(C3) channels of 'tensor<?x8x2xf32>' and 'tensor<?x6x4xf32>' do not fit together in 3 groups}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.filter_gradient %x, %g window [3] strides [1] low [0] high [0] dilations [1] groups 3
    : (tensor<?x8x2xf32>, tensor<?x6x4xf32>) -> tensor<3x2x4xf32>
  return
}

// -----

func.func @filter_gradient_extents(%x: tensor<?x8x2xf32>, %g: tensor<?x8x4xf32>) {
  // expected-error @+2 {{(C4) the convolution's result has other extents than 'tensor<?x8x4xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.filter_gradient %x, %g window [3] strides [1] low [0] high [0] dilations [1] groups 1
    : (tensor<?x8x2xf32>, tensor<?x8x4xf32>) -> tensor<3x2x4xf32>
  return
}

// -----

func.func @filter_gradient_span(%x: tensor<?x8x2xf32>, %g: tensor<?x8x4xf32>) {
  // expected-error @+2 {{(C4) the window spans 9 in spatial dimension 0, the padded input has 8}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.filter_gradient %x, %g window [9] strides [1] low [0] high [0] dilations [1] groups 1
    : (tensor<?x8x2xf32>, tensor<?x8x4xf32>) -> tensor<9x2x4xf32>
  return
}

// -----

func.func @filter_gradient_strides(%x: tensor<?x8x2xf32>, %g: tensor<?x6x4xf32>) {
  // expected-error @+2 {{(C5) window, strides and dilations must be positive, paddings not negative}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.filter_gradient %x, %g window [3] strides [0] low [0] high [0] dilations [1] groups 1
    : (tensor<?x8x2xf32>, tensor<?x6x4xf32>) -> tensor<3x2x4xf32>
  return
}

// -----

func.func @max_pool_index_entries(%x: tensor<?x8x2xf32>, %m: tensor<?x4x2xf32>) {
  // expected-error @+2 {{(C1) expected 1 entries, got 2}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.max_pool_index %x, %m window [2, 2] strides [2] low [0] high [0]
    : (tensor<?x8x2xf32>, tensor<?x4x2xf32>) -> tensor<?x4x2xf32>
  return
}

// -----

func.func @max_pool_index_padding(%x: tensor<?x8x2xf32>, %m: tensor<?x4x2xf32>) {
  // expected-error @+2 {{(C2) window and strides must be positive, paddings smaller than the window and not negative}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.max_pool_index %x, %m window [2] strides [2] low [2] high [0]
    : (tensor<?x8x2xf32>, tensor<?x4x2xf32>) -> tensor<?x4x2xf32>
  return
}

// -----

func.func @max_pool_index_maxima(%x: tensor<?x8x2xf32>, %m: tensor<?x8x2xf32>) {
  // expected-error @+2 {{(C3) expected maxima of type 'tensor<?x4x2xf32>', got 'tensor<?x8x2xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.max_pool_index %x, %m window [2] strides [2] low [0] high [0]
    : (tensor<?x8x2xf32>, tensor<?x8x2xf32>) -> tensor<?x4x2xf32>
  return
}

// -----

func.func @log_softmax(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{(C1) dimension 2 is out of range for rank 2}}
  %0 = graph.log_softmax %x dimension 2 : tensor<?x8xf32>
  return
}

// -----

func.func @dropout_shared(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{(C2) shared dimensions must be in range and strictly increasing for 'tensor<?x8xf32>'}}
  %0 = graph.dropout %x rate 0.5 shared [2] : tensor<?x8xf32>
  return
}

// -----

func.func @noise_deviation(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{(C1) amount must not be negative, got -1.000000e+00}}
  %0 = graph.noise gaussian %x amount -1.0 : tensor<?x8xf32>
  return
}

// -----

func.func @noise_rate(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{(C1) amount must be between 0 and 1, got 2.000000e+00}}
  %0 = graph.noise gaussian_dropout %x amount 2.0 : tensor<?x8xf32>
  return
}

// -----

func.func @noise_shared(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{(C2) shared dimensions must be in range and strictly increasing}}
  %0 = graph.noise alpha_dropout %x amount 0.5 shared [1, 1] : tensor<?x8xf32>
  return
}

// -----

func.func @reverse_range(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{(C1) dimensions must be in range, strictly increasing and static for 'tensor<?x8xf32>'}}
  %0 = graph.reverse %x dimensions [2] : tensor<?x8xf32>
  return
}

// -----

func.func @reverse_batch(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{(C1) dimensions must be in range, strictly increasing and static}}
  %0 = graph.reverse %x dimensions [0, 1] : tensor<?x8xf32>
  return
}

// -----

func.func @broadcast_extents(%x: tensor<3xf32>, %y: tensor<?x8xf32>) {
  // expected-error @+1 {{(C1) cannot repeat 'tensor<3xf32>' to 'tensor<?x8xf32>'}}
  %0 = graph.broadcast %x, %y : (tensor<3xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @broadcast_element_types(%x: tensor<8xf16>, %y: tensor<?x8xf32>) {
  // expected-error @+1 {{(C2) element types of 'tensor<8xf16>' and 'tensor<?x8xf32>' differ}}
  %0 = graph.broadcast %x, %y : (tensor<8xf16>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @extent(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{(C1) dimension 2 is out of range for rank 2}}
  %0 = graph.extent %x dimension 2 : tensor<?x8xf32> -> tensor<f32>
  return
}

// -----

func.func @random_uniform(%k: tensor<2xi32>, %x: tensor<?x8xf32>) {
  // expected-error @+1 {{(C1) expected a key of four words, got 'tensor<2xi32>'}}
  %0 = graph.random_uniform %k, %x stream 0 : (tensor<2xi32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @gather_dimension(%t: tensor<10x4xf32>, %i: tensor<?x5xf32>) {
  // expected-error @+2 {{(C1) dimension 2 and batch 0 do not fit}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.gather %t, %i dimension 2 batch 0 : (tensor<10x4xf32>, tensor<?x5xf32>) -> tensor<?x5x4xf32>
  return
}

// -----

func.func @gather_dynamic_table(%t: tensor<?x4xf32>, %i: tensor<5xf32>) {
  // expected-error @+2 {{(C2) dimension 0 of 'tensor<?x4xf32>' is dynamic}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.gather %t, %i dimension 0 batch 0 : (tensor<?x4xf32>, tensor<5xf32>) -> tensor<5x4xf32>
  return
}

// -----

func.func @gather_batch(%t: tensor<?x4xf32>, %i: tensor<7x5xf32>) {
  // expected-error @+2 {{(C3) the first 1 extents}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.gather %t, %i dimension 1 batch 1 : (tensor<?x4xf32>, tensor<7x5xf32>) -> tensor<7x5xf32>
  return
}

// -----

func.func @gather_two_batches(%t: tensor<?x4xf32>, %i: tensor<?x5xf32>) {
  // expected-error @+2 {{(C4) rows of}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.gather %t, %i dimension 1 batch 0 : (tensor<?x4xf32>, tensor<?x5xf32>) -> tensor<?x?x5xf32>
  return
}

// -----

func.func @scatter_add_rows(%r: tensor<5x3xf32>, %i: tensor<5xf32>, %t: tensor<10x4xf32>) {
  // expected-error @+1 {{(C1) expected rows of type 'tensor<5x4xf32>', got 'tensor<5x3xf32>'}}
  %0 = graph.scatter_add %r, %i, %t dimension 0 batch 0 : (tensor<5x3xf32>, tensor<5xf32>, tensor<10x4xf32>) -> tensor<10x4xf32>
  return
}

// -----

func.func @dropout_in_a_loop(%x: tensor<?x5x8xf32>, %s: tensor<?x8xf32>) {
  %r = graph.scan (%x) states (%s) shared () {
  ^bb0(%a: tensor<?x8xf32>, %b: tensor<?x8xf32>):
    // expected-error @+1 {{'graph.dropout' op (C3) in the body of a loop, the input must be a state}}
    %0 = graph.dropout %a rate 0.5 : tensor<?x8xf32>
    graph.yield %0 : tensor<?x8xf32>
  } : (tensor<?x5x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}
