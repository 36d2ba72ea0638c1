// Each op infers its type: the message about a wrong one says what was inferred.
// RUN: hornet-opt %s -verify-diagnostics -split-input-file

func.func @broadcast_both_ways(%x: tensor<?x1x5xf32>, %y: tensor<4x1xf32>) {
  // expected-error @+2 {{inferred type(s) 'tensor<?x4x5xf32>' are incompatible with return type(s) of operation 'tensor<1xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.multiply %x, %y : (tensor<?x1x5xf32>, tensor<4x1xf32>) -> tensor<1xf32>
  return
}

// -----

func.func @a_dynamic_extent_wins_over_one(%x: tensor<1x5xf32>, %y: tensor<?x5xf32>) {
  // expected-error @+2 {{inferred type(s) 'tensor<?x5xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.add %x, %y : (tensor<1x5xf32>, tensor<?x5xf32>) -> tensor<1xf32>
  return
}

// -----

func.func @a_scalar_broadcasts(%x: tensor<f16>, %y: tensor<?x5xf16>) {
  // expected-error @+2 {{inferred type(s) 'tensor<?x5xf16>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.divide %x, %y : (tensor<f16>, tensor<?x5xf16>) -> tensor<1xf16>
  return
}

// -----

func.func @compare_gives_booleans(%x: tensor<?x5xf32>, %y: tensor<5xf32>) {
  // expected-error @+2 {{inferred type(s) 'tensor<?x5xi1>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.compare eq %x, %y : (tensor<?x5xf32>, tensor<5xf32>) -> tensor<1xi1>
  return
}

// -----

func.func @select_broadcasts_the_predicate_too(%p: tensor<?x1xi1>, %x: tensor<5xf32>) {
  // expected-error @+2 {{inferred type(s) 'tensor<?x5xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.select %p, %x, %x : (tensor<?x1xi1>, tensor<5xf32>, tensor<5xf32>) -> tensor<1xf32>
  return
}

// -----

func.func @matmul_keeps_leading_dimensions(%x: tensor<?x7x4xf32>, %k: tensor<4x2xf32>) {
  // expected-error @+2 {{inferred type(s) 'tensor<?x7x2xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.matmul %x, %k : (tensor<?x7x4xf32>, tensor<4x2xf32>) -> tensor<1xf32>
  return
}

// -----

func.func @einsum_takes_extents_by_letter(%q: tensor<?x7x2x4xf32>, %k: tensor<?x5x2x4xf32>) {
  // expected-error @+2 {{inferred type(s) 'tensor<?x2x7x5xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.einsum "bqhd,bkhd->bhqk" %q, %k : (tensor<?x7x2x4xf32>, tensor<?x5x2x4xf32>) -> tensor<1xf32>
  return
}

// -----

func.func @convolution_in_one_dimension(%x: tensor<?x10x2xf32>, %f: tensor<3x2x4xf32>) {
  // expected-error @+2 {{inferred type(s) 'tensor<?x6x4xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.convolution %x, %f strides [1] low [0] high [0] dilations [2] groups 1
    : (tensor<?x10x2xf32>, tensor<3x2x4xf32>) -> tensor<1xf32>
  return
}

// -----

func.func @convolution_with_strides_and_padding(%x: tensor<?x28x27x3xf32>, %f: tensor<3x3x3x8xf32>) {
  // expected-error @+2 {{inferred type(s) 'tensor<?x14x14x8xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.convolution %x, %f strides [2, 2] low [0, 1] high [1, 1] dilations [1, 1] groups 1
    : (tensor<?x28x27x3xf32>, tensor<3x3x3x8xf32>) -> tensor<1xf32>
  return
}

// -----

func.func @depthwise_convolution(%x: tensor<?x8x8x3xf32>, %f: tensor<3x3x1x6xf32>) {
  // expected-error @+2 {{inferred type(s) 'tensor<?x6x6x6xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.convolution %x, %f strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 3
    : (tensor<?x8x8x3xf32>, tensor<3x3x1x6xf32>) -> tensor<1xf32>
  return
}

// -----

func.func @max_pool_drops_what_no_window_covers(%x: tensor<?x9x8x3xf32>) {
  // expected-error @+2 {{inferred type(s) 'tensor<?x4x4x3xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.max_pool %x window [2, 2] strides [2, 2] low [0, 0] high [0, 0]
    : (tensor<?x9x8x3xf32>) -> tensor<1xf32>
  return
}

// -----

func.func @average_pool_with_padding(%x: tensor<?x9x3xf32>) {
  // expected-error @+2 {{inferred type(s) 'tensor<?x5x3xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.average_pool %x window [3] strides [2] low [1] high [1] : (tensor<?x9x3xf32>) -> tensor<1xf32>
  return
}

// -----

func.func @reduce_over_the_batch(%x: tensor<?x9x3xf32>) {
  // expected-error @+2 {{inferred type(s) 'tensor<9xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.reduce_sum %x dimensions [0, 2] : (tensor<?x9x3xf32>) -> tensor<1xf32>
  return
}

// -----

func.func @reduce_over_everything(%x: tensor<?x9xf32>) {
  // expected-error @+2 {{inferred type(s) 'tensor<f32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.reduce_max %x dimensions [0, 1] : (tensor<?x9xf32>) -> tensor<1xf32>
  return
}

// -----

func.func @transpose(%x: tensor<?x2x3x4xf32>) {
  // expected-error @+2 {{inferred type(s) 'tensor<?x4x2x3xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.transpose %x permutation [0, 3, 1, 2] : (tensor<?x2x3x4xf32>) -> tensor<1xf32>
  return
}

// -----

func.func @pad(%x: tensor<?x2x3xf32>) {
  // expected-error @+2 {{inferred type(s) 'tensor<?x5x5xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.pad %x low [0, 1, 0] high [0, 2, 2] value 0.0 : (tensor<?x2x3xf32>) -> tensor<1xf32>
  return
}

// -----

func.func @slice_rounds_up(%x: tensor<?x7x3xf32>) {
  // expected-error @+2 {{inferred type(s) 'tensor<?x3x0xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.slice %x start [0, 1, 2] limit [-1, 6, 2] strides [1, 2, 1] : (tensor<?x7x3xf32>) -> tensor<1xf32>
  return
}

// -----

func.func @concatenate_adds_up(%x: tensor<?x2x3xf32>, %y: tensor<?x2x4xf32>) {
  // expected-error @+2 {{inferred type(s) 'tensor<?x2x10xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.concatenate %x, %y, %x dimension 2
    : (tensor<?x2x3xf32>, tensor<?x2x4xf32>, tensor<?x2x3xf32>) -> tensor<1xf32>
  return
}

// -----

func.func @winograd_convolution_is_valid(%x: tensor<?x26x20x32xf32>, %u: tensor<16x32x64xf32>) {
  // expected-error @+2 {{inferred type(s) 'tensor<?x24x18x64xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.winograd_convolution %x, %u tile 2 : (tensor<?x26x20x32xf32>, tensor<16x32x64xf32>) -> tensor<1xf32>
  return
}
