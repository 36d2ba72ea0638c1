// RUN: hornet-opt %s --pass-pipeline='builtin.module(graph-to-linalg,resolve-ranked-shaped-type-result-dims,canonicalize,func.func(pack-filters),func.func(loop-invariant-code-motion),hoist-parameters,canonicalize,func.func(fuse-elementwise),canonicalize,func.func(schedule),canonicalize,results-to-destinations,eliminate-empty-tensors,one-shot-bufferize{bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map},cse,canonicalize)' | FileCheck %s

// A loop over time: the recurrent filter is packed once, when weights are loaded; the states are
// updated where they are. A step copies nothing, and allocates one buffer for the gates' sums, which
// has one place in the arena.

// CHECK-LABEL: func.func @prepare
// CHECK-SAME: memref<16x64xf32> {graph.parameter = @recurrent}
// CHECK: expand_shape {{.*}} : memref<16x64xf32> into memref<16x4x16xf32>

// CHECK-LABEL: func.func @predict
// CHECK: scf.for {{.*}} to %c9 step
// CHECK-NOT: scf.yield
// CHECK-NOT: memref.copy
// CHECK: memref.alloc(%{{.*}}) {{.*}}memref<?x64xf32>
// CHECK-NOT: memref.alloc
// CHECK-NOT: memref.copy
// CHECK: math.tanh
// CHECK-NOT: memref.alloc
// CHECK-NOT: memref.copy
// CHECK: return

graph.parameter @recurrent : tensor<16x64xf32>

func.func @predict(%x: tensor<?x9x64xf32>, %zero: tensor<?x16xf32>) -> tensor<?x16xf32> {
  %k = graph.get_parameter @recurrent : tensor<16x64xf32>
  %h, %c = graph.scan(%x) states(%zero, %zero) shared(%k) {
  ^bb0(%step: tensor<?x64xf32>, %h0: tensor<?x16xf32>, %c0: tensor<?x16xf32>, %f: tensor<16x64xf32>):
    %0 = graph.matmul %h0, %f : (tensor<?x16xf32>, tensor<16x64xf32>) -> tensor<?x64xf32>
    %z = graph.add %step, %0 : (tensor<?x64xf32>, tensor<?x64xf32>) -> tensor<?x64xf32>
    %1 = graph.slice %z start [0, 16] limit [-1, 32] strides [1, 1] : (tensor<?x64xf32>) -> tensor<?x16xf32>
    %keep = graph.sigmoid %1 : tensor<?x16xf32>
    %kept = graph.multiply %keep, %c0 : (tensor<?x16xf32>, tensor<?x16xf32>) -> tensor<?x16xf32>
    %2 = graph.slice %z start [0, 0] limit [-1, 16] strides [1, 1] : (tensor<?x64xf32>) -> tensor<?x16xf32>
    %new = graph.add %kept, %2 : (tensor<?x16xf32>, tensor<?x16xf32>) -> tensor<?x16xf32>
    %3 = graph.slice %z start [0, 48] limit [-1, 64] strides [1, 1] : (tensor<?x64xf32>) -> tensor<?x16xf32>
    %t = graph.tanh %new : tensor<?x16xf32>
    %out = graph.multiply %3, %t : (tensor<?x16xf32>, tensor<?x16xf32>) -> tensor<?x16xf32>
    graph.yield %out, %new : tensor<?x16xf32>, tensor<?x16xf32>
  } : (tensor<?x9x64xf32>, tensor<?x16xf32>, tensor<?x16xf32>, tensor<16x64xf32>) -> (tensor<?x16xf32>, tensor<?x16xf32>)
  %y = graph.relu %h : tensor<?x16xf32>
  return %y : tensor<?x16xf32>
}
