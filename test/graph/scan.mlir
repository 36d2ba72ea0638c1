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
