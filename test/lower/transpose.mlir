// RUN: hornet-opt %s --pass-pipeline='builtin.module(graph-to-linalg,canonicalize,func.func(fuse-elementwise,schedule),canonicalize)' | FileCheck %s
// RUN: hornet-opt %s --pass-pipeline='builtin.module(graph-to-linalg,canonicalize,func.func(fuse-elementwise,schedule{threads=2}),canonicalize)' | FileCheck %s --check-prefix=THREADS

// Squares of 8 by 8 are read as they lie and turned in registers: 8 vectors, three rounds of 8
// shuffles. What is left over at the edges is read element by element. Threads share the columns.

// CHECK-LABEL: func.func @transpose
// CHECK: scf.for
// CHECK: scf.for
// CHECK-COUNT-8: vector.transfer_read {{.*}} vector<8xf32>
// CHECK-COUNT-24: vector.shuffle {{.*}} : vector<8xf32>, vector<8xf32>
// CHECK-NOT: vector.shuffle
// CHECK-COUNT-8: vector.transfer_write {{.*}} vector<8xf32>
// CHECK: vector.from_elements
// CHECK-NOT: linalg.generic
// CHECK: return
// THREADS-LABEL: func.func @transpose
// THREADS: scf.forall (%{{.*}}) in (4)
// THREADS-COUNT-24: vector.shuffle
// THREADS: return
func.func @transpose(%x: tensor<33x18xf32>) -> tensor<18x33xf32> {
  %0 = graph.transpose %x permutation [1, 0] : (tensor<33x18xf32>) -> tensor<18x33xf32>
  return %0 : tensor<18x33xf32>
}

// Channels go last, and are computed with, in one pass; what lies the right way is read as it is.

// CHECK-LABEL: func.func @added
// CHECK: scf.forall
// CHECK-COUNT-24: vector.shuffle
// CHECK-NOT: vector.from_elements
// CHECK: arith.addf {{.*}} vector<8xf32>
// CHECK: return
func.func @added(%x: tensor<?x16x40xf32>, %y: tensor<?x40x16xf32>) -> tensor<?x40x16xf32> {
  %0 = graph.transpose %x permutation [0, 2, 1] : (tensor<?x16x40xf32>) -> tensor<?x40x16xf32>
  %1 = graph.add %0, %y : (tensor<?x40x16xf32>, tensor<?x40x16xf32>) -> tensor<?x40x16xf32>
  return %1 : tensor<?x40x16xf32>
}
