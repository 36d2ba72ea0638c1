// RUN: hornet-opt %s --expand-composites | FileCheck %s

// CHECK-LABEL: func.func @batch_norm
// CHECK-SAME: (%[[X:.*]]: tensor<?x8x8x4xf32>, %[[GAMMA:.*]]: tensor<4xf32>, %[[BETA:.*]]: tensor<4xf32>, %[[MEAN:.*]]: tensor<4xf32>, %[[VARIANCE:.*]]: tensor<4xf32>)
// CHECK: %[[EPSILON:.*]] = graph.constant dense<1.000000e-03> : tensor<f32>
// CHECK: %[[SUM:.*]] = graph.add %[[VARIANCE]], %[[EPSILON]]
// CHECK: %[[ROOT:.*]] = graph.rsqrt %[[SUM]]
// CHECK: %[[SCALE:.*]] = graph.multiply %[[GAMMA]], %[[ROOT]]
// CHECK: %[[MOVED:.*]] = graph.multiply %[[MEAN]], %[[SCALE]]
// CHECK: %[[SHIFT:.*]] = graph.subtract %[[BETA]], %[[MOVED]]
// CHECK: %[[SCALED:.*]] = graph.multiply %[[X]], %[[SCALE]]
// CHECK: %[[Y:.*]] = graph.add %[[SCALED]], %[[SHIFT]]
// CHECK: return %[[Y]]
func.func @batch_norm(%x: tensor<?x8x8x4xf32>, %gamma: tensor<4xf32>, %beta: tensor<4xf32>,
                      %mean: tensor<4xf32>, %variance: tensor<4xf32>) -> tensor<?x8x8x4xf32> {
  %y = graph.batch_norm %x, %gamma, %beta, %mean, %variance epsilon 1.0e-3
    : (tensor<?x8x8x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<?x8x8x4xf32>
  return %y : tensor<?x8x8x4xf32>
}

// The new ops keep the layer's location.
// RUN: hornet-opt %s --expand-composites --mlir-print-debuginfo | FileCheck %s --check-prefix=LOCATION
// LOCATION-LABEL: func.func @location
// LOCATION: graph.add {{.*}} loc(#[[LAYER:.*]])
// LOCATION: #[[LAYER]] = loc("bn")
func.func @location(%x: tensor<?x4xf32>, %g: tensor<4xf32>) -> tensor<?x4xf32> {
  %y = graph.batch_norm %x, %g, %g, %g, %g epsilon 1.0e-3
    : (tensor<?x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<?x4xf32> loc("bn")
  return %y : tensor<?x4xf32>
}
