// RUN: hornet-opt %s --split-input-file --verify-diagnostics

func.func @c1(%x: tensor<?xf32>, %s: tensor<?xf32>) {
  // expected-error @+1 {{(C1) sequences must be (batch, time, …) with one time, got 'tensor<?xf32>'}}
  %r = graph.scan (%x) states (%s) shared () {
  ^bb0(%a: tensor<?xf32>, %b: tensor<?xf32>):
    graph.yield %b : tensor<?xf32>
  } : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  return
}

// -----

func.func @c1_none(%s: tensor<?xf32>) {
  // expected-error @+1 {{(C1) must have a sequence}}
  %r = graph.scan () states (%s) shared () {
  ^bb0(%b: tensor<?xf32>):
    graph.yield %b : tensor<?xf32>
  } : (tensor<?xf32>) -> tensor<?xf32>
  return
}

// -----

func.func @c2(%x: tensor<?x3xf32>, %s: tensor<?xf32>) {
  // expected-error @+1 {{(C2) the body must take}}
  %r = graph.scan (%x) states (%s) shared () {
  ^bb0(%b: tensor<?xf32>):
    graph.yield %b : tensor<?xf32>
  } : (tensor<?x3xf32>, tensor<?xf32>) -> tensor<?xf32>
  return
}

// -----

func.func @c3(%x: tensor<?x3xf32>, %s: tensor<?xf32>) {
  // expected-error @+1 {{(C3) the body must yield outputs and then states}}
  %r = graph.scan (%x) states (%s) shared () {
  ^bb0(%a: tensor<?xf32>, %b: tensor<?xf32>):
    graph.yield
  } : (tensor<?x3xf32>, tensor<?xf32>) -> tensor<?xf32>
  return
}

// -----

func.func @c4(%x: tensor<?x3xf32>, %s: tensor<?xf32>) {
  // expected-error @+1 {{(C4) expected the output 'tensor<?x3xf32>'}}
  %o, %r = graph.scan (%x) states (%s) shared () {
  ^bb0(%a: tensor<?xf32>, %b: tensor<?xf32>):
    graph.yield %a, %b : tensor<?xf32>, tensor<?xf32>
  } : (tensor<?x3xf32>, tensor<?xf32>) -> (tensor<?x4xf32>, tensor<?xf32>)
  return
}
