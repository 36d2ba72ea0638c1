// RUN: hornet-opt %s --pass-pipeline='builtin.module(graph-to-linalg,canonicalize,func.func(fuse-elementwise,store-masks))' | FileCheck %s
// RUN: hornet-opt %s --pass-pipeline='builtin.module(graph-to-linalg,canonicalize,func.func(fuse-elementwise,store-masks,schedule),canonicalize)' | FileCheck %s --check-prefix=VECTORS

// A mask that two ops need is in memory, as bytes, and is made in vectors of what it is computed with.

// CHECK-LABEL: func.func @used_twice
// CHECK: linalg.generic
// CHECK: %[[TRUE:.*]] = arith.cmpf
// CHECK: %[[BYTE:.*]] = arith.extui %[[TRUE]] : i1 to i8
// CHECK: linalg.yield %[[BYTE]] : i8
// CHECK: -> tensor<?x64xi8>
// CHECK: linalg.generic
// CHECK: arith.cmpi ne, %{{.*}}, %{{.*}} : i8
// CHECK: linalg.generic
// CHECK: arith.cmpi ne, %{{.*}}, %{{.*}} : i8
// VECTORS-LABEL: func.func @used_twice
// VECTORS-NOT: linalg.generic
// VECTORS: vector.transfer_write {{.*}} vector<8xi8>
// VECTORS: vector.transfer_read {{.*}} vector<8xi8>
// VECTORS: return
func.func @used_twice(%x: tensor<?x64xf32>, %y: tensor<?x64xf32>, %z: tensor<?x64xf32>) -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  %0 = graph.compare gt %x, %y : (tensor<?x64xf32>, tensor<?x64xf32>) -> tensor<?x64xi1>
  %1 = graph.select %0, %x, %z : (tensor<?x64xi1>, tensor<?x64xf32>, tensor<?x64xf32>) -> tensor<?x64xf32>
  %2 = graph.select %0, %z, %y : (tensor<?x64xi1>, tensor<?x64xf32>, tensor<?x64xf32>) -> tensor<?x64xf32>
  return %1, %2 : tensor<?x64xf32>, tensor<?x64xf32>
}

// One that leaves the function keeps its type.

// CHECK-LABEL: func.func @returned
// CHECK-NOT: i8
// CHECK: return
func.func @returned(%x: tensor<?x64xf32>, %y: tensor<?x64xf32>) -> (tensor<?x64xi1>, tensor<?x64xf32>) {
  %0 = graph.compare gt %x, %y : (tensor<?x64xf32>, tensor<?x64xf32>) -> tensor<?x64xi1>
  %1 = graph.select %0, %x, %y : (tensor<?x64xi1>, tensor<?x64xf32>, tensor<?x64xf32>) -> tensor<?x64xf32>
  return %0, %1 : tensor<?x64xi1>, tensor<?x64xf32>
}

// A long body, as that of random numbers, is computed for two vectors at a time, not four.

// VECTORS-LABEL: func.func @random
// VECTORS: scf.for
// VECTORS-COUNT-2: arith.shrui {{.*}} vector<8xi32>
// VECTORS-NOT: arith.shrui
// VECTORS: return
func.func @random(%x: tensor<?x64xf32>, %key: tensor<4xi32>) -> tensor<?x64xf32> {
  %0 = graph.random_uniform %key, %x stream 0 : (tensor<4xi32>, tensor<?x64xf32>) -> tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}
