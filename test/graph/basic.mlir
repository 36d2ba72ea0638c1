// RUN: hornet-opt %s | hornet-opt | FileCheck %s

// CHECK-LABEL: graph.parameter @"conv2d/kernel" : tensor<3x3x1x32xf32>
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
  // CHECK: graph.relu %{{.*}} : tensor<?x26x26x32xf32>
  %z = graph.relu %y : tensor<?x26x26x32xf32>
  return %z : tensor<?x26x26x32xf32>
}
