// Loops over time.

#include "test/differentiate/Cases.h"

namespace hornet::test {

const std::vector<OpCase> &scanCases() {
  static const std::vector<OpCase> cases = {
      {"scan_outputs",
       {"?x4x3", "?x3"},
       "%o, %l = graph.scan (%a) states (%b) shared () {\n"
       "^bb0(%x: <?x3>, %s: B):\n"
       "%t = graph.add %x, %s : (B, B) -> B\n"
       "%n = graph.tanh %t : B\n"
       "%p = graph.multiply %n, %x : (B, B) -> B\n"
       "graph.yield %p, %n : B, B\n"
       "} : (A, B) -> (A, B)\n"
       "graph.sin %o : A"},
      {"scan_sum_of_all_steps",
       {"?x4x3", "?x3"},
       "%l = graph.scan reverse (%a) states (%b) shared () {\n"
       "^bb0(%x: <?x3>, %s: B):\n"
       "%n = graph.add %x, %s : (B, B) -> B\n"
       "graph.yield %n : B\n"
       "} : (A, B) -> B\n"
       "graph.sin %l : B"},
      {"scan_one_step",
       {"2x1x3", "2x3"},
       "%o, %l = graph.scan (%a) states (%b) shared () {\n"
       "^bb0(%x: <2x3>, %s: B):\n"
       "%n = graph.multiply %x, %s : (B, B) -> B\n"
       "graph.yield %x, %n : B, B\n"
       "} : (A, B) -> (A, B)\n"
       "%r = graph.reshape %o : A -> <2x3>\n"
       "graph.multiply %r, %l : (B, B) -> B"},
      {"scan_recurrent_kernel",
       {"?x4x3", "?x3", "3x3", "3"},
       "%o, %l = graph.scan reverse (%a) states (%b) shared (%c, %d) {\n"
       "^bb0(%x: <?x3>, %s: B, %k: C, %v: D):\n"
       "%m = graph.matmul %s, %k : (B, C) -> B\n"
       "%z = graph.add %m, %v : (B, D) -> B\n"
       "%t = graph.add %x, %z : (B, B) -> B\n"
       "%n = graph.tanh %t : B\n"
       "graph.yield %n, %n : B, B\n"
       "} : (A, B, C, D) -> (A, B)\n"
       "%w = graph.reshape %l : B -> <?x1x3>\n"
       "graph.add %o, %w : (A, <?x1x3>) -> A"},
      // A product with the step, and one with the state; a kernel is used twice.
      {"scan_kernel_of_both",
       {"?x4x3", "?x3", "3x3"},
       "%l = graph.scan (%a) states (%b) shared (%c) {\n"
       "^bb0(%x: <?x3>, %s: B, %k: C):\n"
       "%m = graph.matmul %s, %k : (B, C) -> B\n"
       "%i = graph.matmul %x, %k : (B, C) -> B\n"
       "%t = graph.subtract %m, %i : (B, B) -> B\n"
       "%n = graph.sigmoid %t : B\n"
       "graph.yield %n : B\n"
       "} : (A, B, C) -> B\n"
       "graph.negate %l : B"},
      {"scan_two_states",
       {"?x5x2", "?x2", "?x2", "2x8"},
       "%o, %h, %c2 = graph.scan (%a) states (%b, %c) shared (%d) {\n"
       "^bb0(%x: <?x2>, %s: B, %q: C, %k: D):\n"
       "%z = graph.matmul %s, %k : (B, D) -> <?x8>\n"
       "%z0 = graph.slice %z start [0, 0] limit [-1, 2] strides [1, 1] : (<?x8>) -> B\n"
       "%z1 = graph.slice %z start [0, 2] limit [-1, 4] strides [1, 1] : (<?x8>) -> B\n"
       "%z2 = graph.slice %z start [0, 4] limit [-1, 6] strides [1, 1] : (<?x8>) -> B\n"
       "%z3 = graph.slice %z start [0, 6] limit [-1, 8] strides [1, 1] : (<?x8>) -> B\n"
       "%i = graph.sigmoid %z0 : B\n"
       "%f = graph.sigmoid %z1 : B\n"
       "%g0 = graph.add %z2, %x : (B, B) -> B\n"
       "%g = graph.tanh %g0 : B\n"
       "%r = graph.sigmoid %z3 : B\n"
       "%ig = graph.multiply %i, %g : (B, B) -> B\n"
       "%fc = graph.multiply %f, %q : (B, B) -> B\n"
       "%n = graph.add %ig, %fc : (B, B) -> B\n"
       "%tn = graph.tanh %n : B\n"
       "%h1 = graph.multiply %r, %tn : (B, B) -> B\n"
       "graph.yield %h1, %h1, %n : B, B, B\n"
       "} : (A, B, C, D) -> (A, B, C)\n"
       "%hc = graph.multiply %h, %c2 : (B, B) -> B\n"
       "%w = graph.reshape %hc : B -> <?x1x2>\n"
       "graph.add %o, %w : (A, <?x1x2>) -> A"},
      // Steps that are masked keep the state, and give it.
      {"scan_masked",
       {"?x5x2", "?x2", "?x5", "2x2"},
       "%zero = graph.constant dense<0.0> : <>\n"
       "%m = graph.compare gt %c, %zero : (C, <>) -> tensor<?x5xi1>\n"
       "%o, %l = graph.scan reverse (%a, %m) states (%b) shared (%d) {\n"
       "^bb0(%x: <?x2>, %p: tensor<?xi1>, %s: B, %k: D):\n"
       "%t = graph.matmul %s, %k : (B, D) -> B\n"
       "%u = graph.add %t, %x : (B, B) -> B\n"
       "%n = graph.tanh %u : B\n"
       "%q = graph.reshape %p : tensor<?xi1> -> tensor<?x1xi1>\n"
       "%r = graph.select %q, %n, %s : (tensor<?x1xi1>, B, B) -> B\n"
       "graph.yield %r, %r : B, B\n"
       "} : (A, tensor<?x5xi1>, B, D) -> (A, B)\n"
       "%w = graph.reshape %l : B -> <?x1x2>\n"
       "graph.add %o, %w : (A, <?x1x2>) -> A"},
      // What can not be summed behind the loop: the loop sums it.
      {"scan_shared_in_a_formula",
       {"?x3x2", "?x2", "2", "", "2x2"},
       "%l = graph.scan (%a) states (%b) shared (%c, %d, %e) {\n"
       "^bb0(%x: <?x2>, %s: B, %v: C, %f: D, %k: E):\n"
       "%t = graph.sin %v : C\n"
       "%u = graph.multiply %t, %x : (C, B) -> B\n"
       "%n0 = graph.add %u, %s : (B, B) -> B\n"
       "%n1 = graph.multiply %n0, %f : (B, D) -> B\n"
       "%n2 = graph.einsum \"bi,ij->bj\" %s, %k : (B, E) -> B\n"
       "%n = graph.multiply %n1, %n2 : (B, B) -> B\n"
       "graph.yield %n : B\n"
       "} : (A, B, C, D, E) -> B\n"
       "graph.sin %l : B"},
      // A value of each sample that is the same for all steps, as masks of dropout are.
      {"scan_shared_by_sample",
       {"?x3x2", "?x2", "?x2"},
       "%o, %l = graph.scan (%a) states (%b) shared (%c) {\n"
       "^bb0(%x: <?x2>, %s: B, %v: C):\n"
       "%t = graph.multiply %s, %v : (B, C) -> B\n"
       "%n = graph.add %t, %x : (B, B) -> B\n"
       "graph.yield %n, %n : B, B\n"
       "} : (A, B, C) -> (A, B)\n"
       "graph.negate %o : A"},
      {"scan_convolution",
       {"?x3x4x2", "?x4x2", "3x2x2"},
       "%o, %l = graph.scan (%a) states (%b) shared (%c) {\n"
       "^bb0(%x: <?x4x2>, %s: B, %k: C):\n"
       "%t = graph.convolution %s, %k strides [1] low [1] high [1] dilations [1] groups 1"
       " : (B, C) -> B\n"
       "%u = graph.add %t, %x : (B, B) -> B\n"
       "%n = graph.tanh %u : B\n"
       "graph.yield %n, %n : B, B\n"
       "} : (A, B, C) -> (A, B)\n"
       "graph.negate %o : A"},
      {"scan_reductions",
       {"?x3x4", "?x4"},
       "%o, %l = graph.scan (%a) states (%b) shared () {\n"
       "^bb0(%x: <?x4>, %s: B):\n"
       "%t = graph.add %s, %x : (B, B) -> B\n"
       "%n = graph.softmax %t dimension 1 : B\n"
       "%u = graph.reduce_sum %t dimensions [1] : (B) -> <?>\n"
       "graph.yield %u, %n : <?>, B\n"
       "} : (A, B) -> (<?x3>, B)\n"
       "graph.sin %o : <?x3>"},
      {"scan_in_a_scan",
       {"?x3x2x4", "?x4", "4x4"},
       "%o, %l = graph.scan (%a) states (%b) shared (%c) {\n"
       "^bb0(%x: <?x2x4>, %s: B, %k: C):\n"
       "%p, %q = graph.scan reverse (%x) states (%s) shared (%k) {\n"
       "^bb0(%y: <?x4>, %u: B, %kk: C):\n"
       "%m = graph.matmul %u, %kk : (B, C) -> B\n"
       "%t = graph.add %m, %y : (B, B) -> B\n"
       "%n = graph.tanh %t : B\n"
       "graph.yield %n, %n : B, B\n"
       "} : (<?x2x4>, B, C) -> (<?x2x4>, B)\n"
       "%r = graph.sin %q : B\n"
       "graph.yield %p, %r : <?x2x4>, B\n"
       "} : (A, B, C) -> (A, B)\n"
       "%w = graph.reshape %l : B -> <?x1x1x4>\n"
       "graph.add %o, %w : (A, <?x1x1x4>) -> A"},
  };
  return cases;
}

} // namespace hornet::test
