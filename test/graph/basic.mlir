// Every op survives printing and parsing.
// RUN: hornet-opt %s | hornet-opt | FileCheck %s

// CHECK: graph.parameter @"conv2d/kernel" : tensor<3x3x1x32xf32>
graph.parameter @"conv2d/kernel" : tensor<3x3x1x32xf32>
// CHECK: graph.parameter @"bn/moving_mean" frozen : tensor<32xf32>
graph.parameter @"bn/moving_mean" frozen : tensor<32xf32>

// CHECK-LABEL: func.func @predict
func.func @predict(%x: tensor<?x28x28x1xf32> {graph.name = "image"}) -> tensor<?x26x26x32xf32> {
  // CHECK: graph.get_parameter @"conv2d/kernel" : tensor<3x3x1x32xf32>
  %f = graph.get_parameter @"conv2d/kernel" : tensor<3x3x1x32xf32>
  // CHECK: graph.convolution %{{.*}}, %{{.*}} strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 1
  %y = graph.convolution %x, %f strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 1
    : (tensor<?x28x28x1xf32>, tensor<3x3x1x32xf32>) -> tensor<?x26x26x32xf32>
  return %y : tensor<?x26x26x32xf32>
}

// CHECK-LABEL: func.func @unary
func.func @unary(%x: tensor<?x10xf32>) {
  // CHECK: graph.constant dense<5.000000e-01> : tensor<f32>
  %c = graph.constant dense<0.5> : tensor<f32>
  // CHECK: graph.abs %arg0 : tensor<?x10xf32>
  %0 = graph.abs %x : tensor<?x10xf32>
  // CHECK: graph.ceil %arg0 : tensor<?x10xf32>
  %16 = graph.ceil %x : tensor<?x10xf32>
  // CHECK: graph.cos %arg0 : tensor<?x10xf32>
  %1 = graph.cos %x : tensor<?x10xf32>
  // CHECK: graph.erf %arg0 : tensor<?x10xf32>
  %2 = graph.erf %x : tensor<?x10xf32>
  // CHECK: graph.exp %arg0 : tensor<?x10xf32>
  %3 = graph.exp %x : tensor<?x10xf32>
  // CHECK: graph.expm1 %arg0 : tensor<?x10xf32>
  %4 = graph.expm1 %x : tensor<?x10xf32>
  // CHECK: graph.floor %arg0 : tensor<?x10xf32>
  %5 = graph.floor %x : tensor<?x10xf32>
  // CHECK: graph.log %arg0 : tensor<?x10xf32>
  %6 = graph.log %x : tensor<?x10xf32>
  // CHECK: graph.log1p %arg0 : tensor<?x10xf32>
  %7 = graph.log1p %x : tensor<?x10xf32>
  // CHECK: graph.negate %arg0 : tensor<?x10xf32>
  %8 = graph.negate %x : tensor<?x10xf32>
  // CHECK: graph.relu %arg0 : tensor<?x10xf32>
  %9 = graph.relu %x : tensor<?x10xf32>
  // CHECK: graph.round %arg0 : tensor<?x10xf32>
  %17 = graph.round %x : tensor<?x10xf32>
  // CHECK: graph.rsqrt %arg0 : tensor<?x10xf32>
  %10 = graph.rsqrt %x : tensor<?x10xf32>
  // CHECK: graph.sigmoid %arg0 : tensor<?x10xf32>
  %11 = graph.sigmoid %x : tensor<?x10xf32>
  // CHECK: graph.sign %arg0 : tensor<?x10xf32>
  %12 = graph.sign %x : tensor<?x10xf32>
  // CHECK: graph.sin %arg0 : tensor<?x10xf32>
  %13 = graph.sin %x : tensor<?x10xf32>
  // CHECK: graph.sqrt %arg0 : tensor<?x10xf32>
  %14 = graph.sqrt %x : tensor<?x10xf32>
  // CHECK: graph.stop_gradient %arg0 : tensor<?x10xf32>
  %19 = graph.stop_gradient %x : tensor<?x10xf32>
  // CHECK: graph.tanh %arg0 : tensor<?x10xf32>
  %15 = graph.tanh %x : tensor<?x10xf32>
  // CHECK: graph.trunc %arg0 : tensor<?x10xf32>
  %18 = graph.trunc %x : tensor<?x10xf32>
  return
}

// CHECK-LABEL: func.func @broadcasting
func.func @broadcasting(%x: tensor<?x10xf32>, %b: tensor<10xf32>, %p: tensor<?x1xi1>) {
  // CHECK: graph.add %arg0, %arg1 : (tensor<?x10xf32>, tensor<10xf32>) -> tensor<?x10xf32>
  %0 = graph.add %x, %b : (tensor<?x10xf32>, tensor<10xf32>) -> tensor<?x10xf32>
  // CHECK: graph.atan2 %arg0, %arg1 : (tensor<?x10xf32>, tensor<10xf32>) -> tensor<?x10xf32>
  %10 = graph.atan2 %x, %b : (tensor<?x10xf32>, tensor<10xf32>) -> tensor<?x10xf32>
  // CHECK: graph.divide %arg0, %arg1 : (tensor<?x10xf32>, tensor<10xf32>) -> tensor<?x10xf32>
  %1 = graph.divide %x, %b : (tensor<?x10xf32>, tensor<10xf32>) -> tensor<?x10xf32>
  // CHECK: graph.maximum %arg0, %arg1 : (tensor<?x10xf32>, tensor<10xf32>) -> tensor<?x10xf32>
  %2 = graph.maximum %x, %b : (tensor<?x10xf32>, tensor<10xf32>) -> tensor<?x10xf32>
  // CHECK: graph.minimum %arg0, %arg1 : (tensor<?x10xf32>, tensor<10xf32>) -> tensor<?x10xf32>
  %3 = graph.minimum %x, %b : (tensor<?x10xf32>, tensor<10xf32>) -> tensor<?x10xf32>
  // CHECK: graph.multiply %arg0, %arg1 : (tensor<?x10xf32>, tensor<10xf32>) -> tensor<?x10xf32>
  %4 = graph.multiply %x, %b : (tensor<?x10xf32>, tensor<10xf32>) -> tensor<?x10xf32>
  // CHECK: graph.power %arg0, %arg1 : (tensor<?x10xf32>, tensor<10xf32>) -> tensor<?x10xf32>
  %5 = graph.power %x, %b : (tensor<?x10xf32>, tensor<10xf32>) -> tensor<?x10xf32>
  // CHECK: graph.subtract %arg0, %arg1 : (tensor<?x10xf32>, tensor<10xf32>) -> tensor<?x10xf32>
  %6 = graph.subtract %x, %b : (tensor<?x10xf32>, tensor<10xf32>) -> tensor<?x10xf32>
  // CHECK: graph.compare gt %arg0, %arg1 : (tensor<?x10xf32>, tensor<10xf32>) -> tensor<?x10xi1>
  %7 = graph.compare gt %x, %b : (tensor<?x10xf32>, tensor<10xf32>) -> tensor<?x10xi1>
  // CHECK: graph.select %arg2, %arg0, %arg1 : (tensor<?x1xi1>, tensor<?x10xf32>, tensor<10xf32>) -> tensor<?x10xf32>
  %8 = graph.select %p, %x, %b : (tensor<?x1xi1>, tensor<?x10xf32>, tensor<10xf32>) -> tensor<?x10xf32>
  return
}

// CHECK-LABEL: func.func @windows_and_contractions
func.func @windows_and_contractions(%x: tensor<?x8x8x4xf32>, %v: tensor<?x4xf32>, %k: tensor<4x2xf32>) {
  // CHECK: graph.matmul %arg1, %arg2 : (tensor<?x4xf32>, tensor<4x2xf32>) -> tensor<?x2xf32>
  %0 = graph.matmul %v, %k : (tensor<?x4xf32>, tensor<4x2xf32>) -> tensor<?x2xf32>
  // CHECK: graph.einsum "bi,io->bo" %arg1, %arg2 : (tensor<?x4xf32>, tensor<4x2xf32>) -> tensor<?x2xf32>
  %e = graph.einsum "bi,io->bo" %v, %k : (tensor<?x4xf32>, tensor<4x2xf32>) -> tensor<?x2xf32>
  // CHECK: graph.max_pool %arg0 window [3, 3] strides [2, 2] low [0, 0] high [1, 1] : (tensor<?x8x8x4xf32>) -> tensor<?x4x4x4xf32>
  %1 = graph.max_pool %x window [3, 3] strides [2, 2] low [0, 0] high [1, 1]
    : (tensor<?x8x8x4xf32>) -> tensor<?x4x4x4xf32>
  // CHECK: graph.average_pool %arg0 window [2, 2] strides [2, 2] low [0, 0] high [0, 0] : (tensor<?x8x8x4xf32>) -> tensor<?x4x4x4xf32>
  %2 = graph.average_pool %x window [2, 2] strides [2, 2] low [0, 0] high [0, 0]
    : (tensor<?x8x8x4xf32>) -> tensor<?x4x4x4xf32>
  return
}

// CHECK-LABEL: func.func @reductions_and_normalizations
func.func @reductions_and_normalizations(%x: tensor<?x8x8x4xf32>, %s: tensor<4xf32>) {
  // CHECK: graph.reduce_max %arg0 dimensions [1, 2] : (tensor<?x8x8x4xf32>) -> tensor<?x4xf32>
  %0 = graph.reduce_max %x dimensions [1, 2] : (tensor<?x8x8x4xf32>) -> tensor<?x4xf32>
  // CHECK: graph.reduce_sum %arg0 dimensions [3] : (tensor<?x8x8x4xf32>) -> tensor<?x8x8xf32>
  %1 = graph.reduce_sum %x dimensions [3] : (tensor<?x8x8x4xf32>) -> tensor<?x8x8xf32>
  // CHECK: graph.softmax %arg0 dimension 3 : tensor<?x8x8x4xf32>
  %2 = graph.softmax %x dimension 3 : tensor<?x8x8x4xf32>
  // CHECK: graph.batch_norm %arg0, %arg1, %arg1, %arg1, %arg1 epsilon 1.000000e-03
  %3 = graph.batch_norm %x, %s, %s, %s, %s epsilon 1.0e-3
    : (tensor<?x8x8x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<?x8x8x4xf32>
  // CHECK: graph.dropout %arg0 rate 2.500000e-01 : tensor<?x8x8x4xf32>
  %4 = graph.dropout %x rate 2.5e-1 : tensor<?x8x8x4xf32>
  return
}

// CHECK-LABEL: func.func @shapes
func.func @shapes(%x: tensor<?x8x9x4xf32>) {
  // CHECK: graph.reshape %arg0 : tensor<?x8x9x4xf32> -> tensor<?x288xf32>
  %0 = graph.reshape %x : tensor<?x8x9x4xf32> -> tensor<?x288xf32>
  // CHECK: graph.transpose %arg0 permutation [0, 3, 1, 2] : (tensor<?x8x9x4xf32>) -> tensor<?x4x8x9xf32>
  %1 = graph.transpose %x permutation [0, 3, 1, 2] : (tensor<?x8x9x4xf32>) -> tensor<?x4x8x9xf32>
  // CHECK: graph.pad %arg0 low [0, 1, 0, 0] high [0, 0, 2, 0] value 0.000000e+00 : (tensor<?x8x9x4xf32>) -> tensor<?x9x11x4xf32>
  %2 = graph.pad %x low [0, 1, 0, 0] high [0, 0, 2, 0] value 0.0
    : (tensor<?x8x9x4xf32>) -> tensor<?x9x11x4xf32>
  // CHECK: graph.slice %arg0 start [0, 1, 0, 2] limit [-1, 8, 9, 4] strides [1, 2, 1, 1] : (tensor<?x8x9x4xf32>) -> tensor<?x4x9x2xf32>
  %3 = graph.slice %x start [0, 1, 0, 2] limit [-1, 8, 9, 4] strides [1, 2, 1, 1]
    : (tensor<?x8x9x4xf32>) -> tensor<?x4x9x2xf32>
  // CHECK: graph.concatenate %arg0, %arg0 dimension 3 : (tensor<?x8x9x4xf32>, tensor<?x8x9x4xf32>) -> tensor<?x8x9x8xf32>
  %4 = graph.concatenate %x, %x dimension 3
    : (tensor<?x8x9x4xf32>, tensor<?x8x9x4xf32>) -> tensor<?x8x9x8xf32>
  // CHECK: graph.interleave %arg0, %arg0 dimension 2 : (tensor<?x8x9x4xf32>, tensor<?x8x9x4xf32>) -> tensor<?x8x18x4xf32>
  %5 = graph.interleave %x, %x dimension 2
    : (tensor<?x8x9x4xf32>, tensor<?x8x9x4xf32>) -> tensor<?x8x18x4xf32>
  return
}

// CHECK-LABEL: func.func @what_training_needs
func.func @what_training_needs(%x: tensor<?x8x4xf32>, %g: tensor<?x6x2xf32>, %m: tensor<?x4x4xf32>, %k: tensor<4xi32>) {
  // CHECK: graph.filter_gradient %arg0, %arg1 window [3] strides [1] low [0] high [0] dilations [1] groups 1 : (tensor<?x8x4xf32>, tensor<?x6x2xf32>) -> tensor<3x4x2xf32>
  %0 = graph.filter_gradient %x, %g window [3] strides [1] low [0] high [0] dilations [1] groups 1
    : (tensor<?x8x4xf32>, tensor<?x6x2xf32>) -> tensor<3x4x2xf32>
  // CHECK: graph.max_pool_index %arg0, %arg2 window [2] strides [2] low [0] high [0] : (tensor<?x8x4xf32>, tensor<?x4x4xf32>) -> tensor<?x4x4xf32>
  %1 = graph.max_pool_index %x, %m window [2] strides [2] low [0] high [0]
    : (tensor<?x8x4xf32>, tensor<?x4x4xf32>) -> tensor<?x4x4xf32>
  // CHECK: graph.softplus %arg0 : tensor<?x8x4xf32>
  %2 = graph.softplus %x : tensor<?x8x4xf32>
  // CHECK: graph.log_softmax %arg0 dimension 2 : tensor<?x8x4xf32>
  %3 = graph.log_softmax %x dimension 2 : tensor<?x8x4xf32>
  // CHECK: graph.reverse %arg0 dimensions [1, 2] : tensor<?x8x4xf32>
  %4 = graph.reverse %x dimensions [1, 2] : tensor<?x8x4xf32>
  // CHECK: %[[N:.*]] = graph.extent %arg0 dimension 0 : tensor<?x8x4xf32> -> tensor<f32>
  %5 = graph.extent %x dimension 0 : tensor<?x8x4xf32> -> tensor<f32>
  // CHECK: graph.broadcast %[[N]], %arg0 : (tensor<f32>, tensor<?x8x4xf32>) -> tensor<?x8x4xf32>
  %6 = graph.broadcast %5, %x : (tensor<f32>, tensor<?x8x4xf32>) -> tensor<?x8x4xf32>
  // CHECK: graph.random_uniform %arg3, %arg0 stream 2 : (tensor<4xi32>, tensor<?x8x4xf32>) -> tensor<?x8x4xf32>
  %7 = graph.random_uniform %k, %x stream 2 : (tensor<4xi32>, tensor<?x8x4xf32>) -> tensor<?x8x4xf32>
  // CHECK: graph.penalize %arg0 regularizer "l2" : tensor<?x8x4xf32>
  %8 = graph.penalize %x regularizer "l2" : tensor<?x8x4xf32>
  // CHECK: graph.dropout %arg0 rate 5.000000e-01 shared [1] : tensor<?x8x4xf32>
  %9 = graph.dropout %x rate 5.0e-1 shared [1] : tensor<?x8x4xf32>
  // CHECK: graph.noise gaussian %arg0 amount 5.000000e-01 : tensor<?x8x4xf32>
  %10 = graph.noise gaussian %x amount 5.0e-1 : tensor<?x8x4xf32>
  // CHECK: graph.noise alpha_dropout %arg0 amount 5.000000e-01 shared [0, 1] : tensor<?x8x4xf32>
  %11 = graph.noise alpha_dropout %x amount 5.0e-1 shared [0, 1] : tensor<?x8x4xf32>
  return
}

// CHECK-LABEL: func.func @trained_batch_norm
func.func @trained_batch_norm(%x: tensor<?x4xf32>, %s: tensor<4xf32>) {
  // CHECK: graph.batch_norm %arg0, %arg1, %arg1, %arg1, %arg1 epsilon 1.000000e-03 momentum 5.000000e-01 unbiased
  %0 = graph.batch_norm %x, %s, %s, %s, %s epsilon 1.0e-3 momentum 5.0e-1 unbiased
    : (tensor<?x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func.func @lookup
func.func @lookup(%t: tensor<10x4xf32>, %i: tensor<?x5xf32>) {
  // CHECK: %[[ROWS:.*]] = graph.gather %arg0, %arg1 dimension 0 batch 0 : (tensor<10x4xf32>, tensor<?x5xf32>) -> tensor<?x5x4xf32>
  %0 = graph.gather %t, %i dimension 0 batch 0 : (tensor<10x4xf32>, tensor<?x5xf32>) -> tensor<?x5x4xf32>
  // CHECK: graph.scatter_add %[[ROWS]], %arg1, %arg0 dimension 0 batch 0 : (tensor<?x5x4xf32>, tensor<?x5xf32>, tensor<10x4xf32>) -> tensor<10x4xf32>
  %1 = graph.scatter_add %0, %i, %t dimension 0 batch 0
    : (tensor<?x5x4xf32>, tensor<?x5xf32>, tensor<10x4xf32>) -> tensor<10x4xf32>
  return
}
