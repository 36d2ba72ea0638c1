// RUN: hornet-opt %s | hornet-opt | FileCheck %s
// RUN: hornet-opt %s --canonicalize | FileCheck %s --check-prefix=CANON

// CHECK-LABEL: func.func @sums
// CHECK: graph.scan reverse(%{{.*}}) states(%{{.*}}) shared()
// What nothing uses is not stacked.
// CANON-LABEL: func.func @sums
// CANON: %[[LAST:.*]] = graph.scan reverse
// CANON: graph.yield %{{.*}} : tensor<?x8xf32>
// CANON: return %[[LAST]]
func.func @sums(%x: tensor<?x5x8xf32>, %zero: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %sums, %last = graph.scan reverse (%x) states (%zero) shared () {
  ^bb0(%step: tensor<?x8xf32>, %sum: tensor<?x8xf32>):
    %new = graph.add %sum, %step : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
    graph.yield %new, %new : tensor<?x8xf32>, tensor<?x8xf32>
  } : (tensor<?x5x8xf32>, tensor<?x8xf32>) -> (tensor<?x5x8xf32>, tensor<?x8xf32>)
  return %last : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @dropped
// CHECK: graph.dropout %{{.*}} rate 5.000000e-01 : tensor<?x8xf32>
func.func @dropped(%x: tensor<?x5x8xf32>, %zero: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %last = graph.scan (%x) states (%zero) shared () {
  ^bb0(%step: tensor<?x8xf32>, %sum: tensor<?x8xf32>):
    %0 = graph.dropout %sum rate 5.0e-1 : tensor<?x8xf32>
    %1 = graph.add %0, %step : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
    graph.yield %1 : tensor<?x8xf32>
  } : (tensor<?x5x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %last : tensor<?x8xf32>
}
