// RUN: hornet-opt %s --test-differentiate -verify-diagnostics -split-input-file

// What a step expands first has no gradient of its own.
func.func @dropout(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{'graph.dropout' has no gradient}}
  %0 = graph.dropout %x rate 5.0e-1 : tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// -----

// Truth values are not kept for the way back.
func.func @mask_as_state(%x: tensor<?x5xf32>, %m: tensor<?xi1>) -> tensor<?xf32> {
  // expected-error @+1 {{a state of 'tensor<?xi1>' has no gradient}}
  %y, %last = graph.scan (%x) states (%m) shared () {
  ^bb0(%step: tensor<?xf32>, %p: tensor<?xi1>):
    %0 = graph.negate %step : tensor<?xf32>
    %1 = graph.select %p, %step, %0 : (tensor<?xi1>, tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
    %2 = graph.compare gt %step, %0 : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xi1>
    graph.yield %1, %2 : tensor<?xf32>, tensor<?xi1>
  } : (tensor<?x5xf32>, tensor<?xi1>) -> (tensor<?x5xf32>, tensor<?xi1>)
  %sum = graph.reduce_sum %y dimensions [1] : (tensor<?x5xf32>) -> tensor<?xf32>
  return %sum : tensor<?xf32>
}
