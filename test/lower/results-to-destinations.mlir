// RUN: hornet-opt %s --results-to-destinations | FileCheck %s

// CHECK-LABEL: func.func @predict(
// CHECK-SAME: %[[X:.*]]: tensor<?x4xf32> {bufferization.writable = false}, %[[Y:.*]]: memref<?x4xf32> {graph.name = "y"}, %[[Z:.*]]: memref<?x4xf32> {graph.name = "z"}) {
// CHECK: bufferization.materialize_in_destination %[[X]] in restrict writable %[[Y]]
// CHECK: bufferization.materialize_in_destination %[[X]] in restrict writable %[[Z]]
// CHECK: return{{$}}
func.func @predict(%x: tensor<?x4xf32>) -> (tensor<?x4xf32> {graph.name = "y"}, tensor<?x4xf32> {graph.name = "z"}) {
  return %x, %x : tensor<?x4xf32>, tensor<?x4xf32>
}
