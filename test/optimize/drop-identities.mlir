// RUN: hornet-opt %s --drop-identities | FileCheck %s

// CHECK-LABEL: func.func @dropout
// CHECK-NEXT: %[[Y:.*]] = graph.relu %arg0
// CHECK-NEXT: return %[[Y]]
func.func @dropout(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %y = graph.relu %x : tensor<?x8xf32>
  %z = graph.dropout %y rate 2.5e-1 : tensor<?x8xf32>
  return %z : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @every_dropout_of_a_chain
// CHECK-NEXT: return %arg0
func.func @every_dropout_of_a_chain(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %y = graph.dropout %x rate 5.0e-1 : tensor<?x8xf32>
  %z = graph.dropout %y rate 1.0 : tensor<?x8xf32>
  return %z : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @noise_and_penalties
// CHECK-NEXT: return %arg0
func.func @noise_and_penalties(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %0 = graph.noise gaussian %x amount 5.0e-1 : tensor<?x8xf32>
  %1 = graph.noise alpha_dropout %0 amount 5.0e-1 : tensor<?x8xf32>
  %2 = graph.penalize %1 regularizer "l2" : tensor<?x8xf32>
  %3 = graph.stop_gradient %2 : tensor<?x8xf32>
  return %3 : tensor<?x8xf32>
}
