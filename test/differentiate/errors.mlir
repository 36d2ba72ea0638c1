// RUN: hornet-opt %s --test-differentiate -verify-diagnostics -split-input-file

// What a step expands first has no gradient of its own.
func.func @dropout(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{'graph.dropout' has no gradient}}
  %0 = graph.dropout %x rate 5.0e-1 : tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}
