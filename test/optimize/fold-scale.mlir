// RUN: hornet-opt %s --fold-scale --cse | FileCheck %s

graph.parameter @w : tensor<3x3x2x4xf32>
graph.parameter @depthwise : tensor<3x3x1x4xf32>
graph.parameter @dense : tensor<2x4xf32>
graph.parameter @b : tensor<4xf32>
graph.parameter @s : tensor<4xf32>
graph.parameter @s2 : tensor<2xf32>
graph.parameter @t : tensor<4xf32>

// CHECK-LABEL: func.func @scale_after_convolution
// CHECK-DAG: %[[W:.*]] = graph.get_parameter @w
// CHECK-DAG: %[[S:.*]] = graph.get_parameter @s :
// CHECK: %[[WS:.*]] = graph.multiply %[[W]], %[[S]] : (tensor<3x3x2x4xf32>, tensor<4xf32>)
// CHECK: %[[Y:.*]] = graph.convolution %arg0, %[[WS]]
// CHECK: return %[[Y]]
func.func @scale_after_convolution(%x: tensor<?x8x8x2xf32>) -> tensor<?x6x6x4xf32> {
  %w = graph.get_parameter @w : tensor<3x3x2x4xf32>
  %s = graph.get_parameter @s : tensor<4xf32>
  %y = graph.convolution %x, %w strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 1
    : (tensor<?x8x8x2xf32>, tensor<3x3x2x4xf32>) -> tensor<?x6x6x4xf32>
  %z = graph.multiply %y, %s : (tensor<?x6x6x4xf32>, tensor<4xf32>) -> tensor<?x6x6x4xf32>
  return %z : tensor<?x6x6x4xf32>
}

// CHECK-LABEL: func.func @scale_and_shift_after_bias
// CHECK-DAG: %[[W:.*]] = graph.get_parameter @w
// CHECK-DAG: %[[B:.*]] = graph.get_parameter @b
// CHECK-DAG: %[[S:.*]] = graph.get_parameter @s :
// CHECK-DAG: %[[T:.*]] = graph.get_parameter @t
// CHECK-DAG: %[[WS:.*]] = graph.multiply %[[W]], %[[S]]
// CHECK-DAG: %[[Y:.*]] = graph.convolution %arg0, %[[WS]]
// CHECK-DAG: %[[BS:.*]] = graph.multiply %[[B]], %[[S]]
// CHECK-DAG: %[[BIAS:.*]] = graph.add %[[BS]], %[[T]]
// CHECK: %[[Z:.*]] = graph.add %[[Y]], %[[BIAS]]
// CHECK-NEXT: return %[[Z]]
func.func @scale_and_shift_after_bias(%x: tensor<?x8x8x2xf32>) -> tensor<?x6x6x4xf32> {
  %w = graph.get_parameter @w : tensor<3x3x2x4xf32>
  %b = graph.get_parameter @b : tensor<4xf32>
  %s = graph.get_parameter @s : tensor<4xf32>
  %t = graph.get_parameter @t : tensor<4xf32>
  %y = graph.convolution %x, %w strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 1
    : (tensor<?x8x8x2xf32>, tensor<3x3x2x4xf32>) -> tensor<?x6x6x4xf32>
  %0 = graph.add %b, %y : (tensor<4xf32>, tensor<?x6x6x4xf32>) -> tensor<?x6x6x4xf32>
  %1 = graph.multiply %0, %s : (tensor<?x6x6x4xf32>, tensor<4xf32>) -> tensor<?x6x6x4xf32>
  %2 = graph.add %1, %t : (tensor<?x6x6x4xf32>, tensor<4xf32>) -> tensor<?x6x6x4xf32>
  return %2 : tensor<?x6x6x4xf32>
}

// CHECK-LABEL: func.func @scale_after_depthwise
// CHECK: %[[WS:.*]] = graph.multiply %{{.*}}, %{{.*}} : (tensor<3x3x1x4xf32>, tensor<4xf32>)
// CHECK: graph.convolution %arg0, %[[WS]]
// CHECK-NEXT: return
func.func @scale_after_depthwise(%x: tensor<?x8x8x2xf32>) -> tensor<?x6x6x4xf32> {
  %w = graph.get_parameter @depthwise : tensor<3x3x1x4xf32>
  %s = graph.get_parameter @s : tensor<4xf32>
  %y = graph.convolution %x, %w strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 2
    : (tensor<?x8x8x2xf32>, tensor<3x3x1x4xf32>) -> tensor<?x6x6x4xf32>
  %z = graph.multiply %y, %s : (tensor<?x6x6x4xf32>, tensor<4xf32>) -> tensor<?x6x6x4xf32>
  return %z : tensor<?x6x6x4xf32>
}

// CHECK-LABEL: func.func @number_and_scale_after_matmul
// CHECK: %[[PRODUCT:.*]] = graph.multiply %{{.*}}, %{{.*}} : (tensor<4xf32>, tensor<f32>)
// CHECK: %[[WS:.*]] = graph.multiply %{{.*}}, %[[PRODUCT]] : (tensor<2x4xf32>, tensor<4xf32>)
// CHECK: graph.matmul %arg0, %[[WS]]
// CHECK-NEXT: return
func.func @number_and_scale_after_matmul(%x: tensor<?x2xf32>) -> tensor<?x4xf32> {
  %w = graph.get_parameter @dense : tensor<2x4xf32>
  %s = graph.get_parameter @s : tensor<4xf32>
  %half = graph.constant dense<0.5> : tensor<f32>
  %y = graph.matmul %x, %w : (tensor<?x2xf32>, tensor<2x4xf32>) -> tensor<?x4xf32>
  %0 = graph.multiply %y, %s : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  %1 = graph.multiply %0, %half : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
  return %1 : tensor<?x4xf32>
}

// With zero padding: a scale may go into the filter's inputs.
// CHECK-LABEL: func.func @scale_before_convolution
// CHECK: %[[S:.*]] = graph.reshape %{{.*}} : tensor<2xf32> -> tensor<2x1xf32>
// CHECK: %[[WS:.*]] = graph.multiply %{{.*}}, %[[S]] : (tensor<3x3x2x4xf32>, tensor<2x1xf32>)
// CHECK: graph.convolution %arg0, %[[WS]]
// CHECK-NEXT: return
func.func @scale_before_convolution(%x: tensor<?x8x8x2xf32>) -> tensor<?x8x8x4xf32> {
  %w = graph.get_parameter @w : tensor<3x3x2x4xf32>
  %s = graph.get_parameter @s2 : tensor<2xf32>
  %0 = graph.multiply %x, %s : (tensor<?x8x8x2xf32>, tensor<2xf32>) -> tensor<?x8x8x2xf32>
  %y = graph.convolution %0, %w strides [1, 1] low [1, 1] high [1, 1] dilations [1, 1] groups 1
    : (tensor<?x8x8x2xf32>, tensor<3x3x2x4xf32>) -> tensor<?x8x8x4xf32>
  return %y : tensor<?x8x8x4xf32>
}

// Filters 0 and 1 read channel 0, filters 2 and 3 read channel 1.
// CHECK-LABEL: func.func @scale_before_depthwise
// CHECK-DAG: %[[S:.*]] = graph.reshape %{{.*}} : tensor<1x2xf32> -> tensor<1x2x1xf32>
// CHECK-DAG: %[[W:.*]] = graph.reshape %{{.*}} : tensor<3x3x1x4xf32> -> tensor<3x3x1x2x2xf32>
// CHECK: %[[WS:.*]] = graph.multiply %[[W]], %[[S]]
// CHECK: %[[F:.*]] = graph.reshape %[[WS]] : tensor<3x3x1x2x2xf32> -> tensor<3x3x1x4xf32>
// CHECK: graph.convolution %arg0, %[[F]]
func.func @scale_before_depthwise(%x: tensor<?x8x8x2xf32>) -> tensor<?x6x6x4xf32> {
  %w = graph.get_parameter @depthwise : tensor<3x3x1x4xf32>
  %s = graph.get_parameter @s2 : tensor<2xf32>
  %0 = graph.multiply %x, %s : (tensor<?x8x8x2xf32>, tensor<2xf32>) -> tensor<?x8x8x2xf32>
  %y = graph.convolution %0, %w strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 2
    : (tensor<?x8x8x2xf32>, tensor<3x3x1x4xf32>) -> tensor<?x6x6x4xf32>
  return %y : tensor<?x6x6x4xf32>
}

// Filters 0 and 1 read channels 0 and 1, filters 2 and 3 read channels 2 and 3.
// CHECK-LABEL: func.func @scale_before_grouped_convolution
// CHECK: graph.transpose %{{.*}} permutation [1, 0] : (tensor<2x2xf32>) -> tensor<2x2xf32>
// CHECK: graph.convolution %arg0
func.func @scale_before_grouped_convolution(%x: tensor<?x8x8x4xf32>) -> tensor<?x6x6x4xf32> {
  %w = graph.get_parameter @w : tensor<3x3x2x4xf32>
  %s = graph.get_parameter @s : tensor<4xf32>
  %0 = graph.multiply %x, %s : (tensor<?x8x8x4xf32>, tensor<4xf32>) -> tensor<?x8x8x4xf32>
  %y = graph.convolution %0, %w strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 2
    : (tensor<?x8x8x4xf32>, tensor<3x3x2x4xf32>) -> tensor<?x6x6x4xf32>
  return %y : tensor<?x6x6x4xf32>
}

// CHECK-LABEL: func.func @number_before_matmul
// CHECK: %[[WS:.*]] = graph.multiply %{{.*}}, %{{.*}} : (tensor<2x4xf32>, tensor<1xf32>)
// CHECK: graph.matmul %arg0, %[[WS]]
// CHECK-NEXT: return
func.func @number_before_matmul(%x: tensor<?x2xf32>) -> tensor<?x4xf32> {
  %w = graph.get_parameter @dense : tensor<2x4xf32>
  %s = graph.constant dense<0.00392156886> : tensor<f32>
  %0 = graph.multiply %x, %s : (tensor<?x2xf32>, tensor<f32>) -> tensor<?x2xf32>
  %y = graph.matmul %0, %w : (tensor<?x2xf32>, tensor<2x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

//===----------------------------------------------------------------------===//
// Where it must not
//===----------------------------------------------------------------------===//

// CHECK-LABEL: func.func @not_a_shift_before_convolution
// CHECK: %[[SCALED:.*]] = graph.multiply %arg0
// CHECK: %[[SHIFTED:.*]] = graph.add %[[SCALED]]
// CHECK: graph.convolution %[[SHIFTED]], %{{.*}}
func.func @not_a_shift_before_convolution(%x: tensor<?x8x8x2xf32>) -> tensor<?x8x8x4xf32> {
  %w = graph.get_parameter @w : tensor<3x3x2x4xf32>
  %s = graph.get_parameter @s2 : tensor<2xf32>
  %0 = graph.multiply %x, %s : (tensor<?x8x8x2xf32>, tensor<2xf32>) -> tensor<?x8x8x2xf32>
  %1 = graph.add %0, %s : (tensor<?x8x8x2xf32>, tensor<2xf32>) -> tensor<?x8x8x2xf32>
  %y = graph.convolution %1, %w strides [1, 1] low [1, 1] high [1, 1] dilations [1, 1] groups 1
    : (tensor<?x8x8x2xf32>, tensor<3x3x2x4xf32>) -> tensor<?x8x8x4xf32>
  return %y : tensor<?x8x8x4xf32>
}

// CHECK-LABEL: func.func @not_across_relu_or_max_pool
// CHECK: graph.matmul
// CHECK-NEXT: graph.relu
// CHECK-NEXT: graph.multiply
// CHECK: graph.convolution
// CHECK-NEXT: graph.max_pool
// CHECK-NEXT: graph.multiply
func.func @not_across_relu_or_max_pool(%x: tensor<?x2xf32>, %image: tensor<?x8x8x2xf32>)
    -> (tensor<?x4xf32>, tensor<?x3x3x4xf32>) {
  %w = graph.get_parameter @dense : tensor<2x4xf32>
  %filter = graph.get_parameter @w : tensor<3x3x2x4xf32>
  %s = graph.get_parameter @s : tensor<4xf32>
  %0 = graph.matmul %x, %w : (tensor<?x2xf32>, tensor<2x4xf32>) -> tensor<?x4xf32>
  %1 = graph.relu %0 : tensor<?x4xf32>
  %2 = graph.multiply %1, %s : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  %3 = graph.convolution %image, %filter strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 1
    : (tensor<?x8x8x2xf32>, tensor<3x3x2x4xf32>) -> tensor<?x6x6x4xf32>
  %4 = graph.max_pool %3 window [2, 2] strides [2, 2] low [0, 0] high [0, 0]
    : (tensor<?x6x6x4xf32>) -> tensor<?x3x3x4xf32>
  %5 = graph.multiply %4, %s : (tensor<?x3x3x4xf32>, tensor<4xf32>) -> tensor<?x3x3x4xf32>
  return %2, %5 : tensor<?x4xf32>, tensor<?x3x3x4xf32>
}

// CHECK-LABEL: func.func @not_when_the_result_has_other_uses
// CHECK: %[[Y:.*]] = graph.matmul %arg0
// CHECK: graph.multiply %[[Y]]
func.func @not_when_the_result_has_other_uses(%x: tensor<?x2xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>) {
  %w = graph.get_parameter @dense : tensor<2x4xf32>
  %s = graph.get_parameter @s : tensor<4xf32>
  %0 = graph.matmul %x, %w : (tensor<?x2xf32>, tensor<2x4xf32>) -> tensor<?x4xf32>
  %1 = graph.multiply %0, %s : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return %0, %1 : tensor<?x4xf32>, tensor<?x4xf32>
}

// CHECK-LABEL: func.func @not_a_scale_from_the_input
// CHECK: graph.matmul
// CHECK-NEXT: graph.multiply
func.func @not_a_scale_from_the_input(%x: tensor<?x2xf32>, %s: tensor<4xf32>) -> tensor<?x4xf32> {
  %w = graph.get_parameter @dense : tensor<2x4xf32>
  %0 = graph.matmul %x, %w : (tensor<?x2xf32>, tensor<2x4xf32>) -> tensor<?x4xf32>
  %1 = graph.multiply %0, %s : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return %1 : tensor<?x4xf32>
}

// CHECK-LABEL: func.func @not_into_a_weight_from_the_input
// CHECK: graph.matmul
// CHECK-NEXT: graph.multiply
func.func @not_into_a_weight_from_the_input(%x: tensor<?x2xf32>, %w: tensor<2x4xf32>) -> tensor<?x4xf32> {
  %s = graph.get_parameter @s : tensor<4xf32>
  %0 = graph.matmul %x, %w : (tensor<?x2xf32>, tensor<2x4xf32>) -> tensor<?x4xf32>
  %1 = graph.multiply %0, %s : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return %1 : tensor<?x4xf32>
}

// A scale that differs from place to place, and one that widens the result.
graph.parameter @map : tensor<6x1x4xf32>
graph.parameter @one : tensor<2x1xf32>
// CHECK-LABEL: func.func @not_a_scale_of_another_shape
// CHECK: graph.convolution
// CHECK-NEXT: graph.multiply
// CHECK: graph.matmul
// CHECK-NEXT: graph.multiply
func.func @not_a_scale_of_another_shape(%x: tensor<?x8x8x2xf32>, %v: tensor<?x2xf32>)
    -> (tensor<?x6x6x4xf32>, tensor<?x4xf32>) {
  %w = graph.get_parameter @w : tensor<3x3x2x4xf32>
  %map = graph.get_parameter @map : tensor<6x1x4xf32>
  %y = graph.convolution %x, %w strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 1
    : (tensor<?x8x8x2xf32>, tensor<3x3x2x4xf32>) -> tensor<?x6x6x4xf32>
  %z = graph.multiply %y, %map : (tensor<?x6x6x4xf32>, tensor<6x1x4xf32>) -> tensor<?x6x6x4xf32>
  %one = graph.get_parameter @one : tensor<2x1xf32>
  %s = graph.get_parameter @s : tensor<4xf32>
  %0 = graph.matmul %v, %one : (tensor<?x2xf32>, tensor<2x1xf32>) -> tensor<?x1xf32>
  %1 = graph.multiply %0, %s : (tensor<?x1xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return %z, %1 : tensor<?x6x6x4xf32>, tensor<?x4xf32>
}
