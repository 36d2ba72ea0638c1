// RUN: hornet-opt %s --pass-pipeline='builtin.module(graph-to-linalg,resolve-ranked-shaped-type-result-dims,canonicalize,func.func(fuse-elementwise,store-masks),canonicalize,func.func(fuse-rows{cache-bytes=1048576}),canonicalize)' | FileCheck %s
// RUN: hornet-opt %s --pass-pipeline='builtin.module(graph-to-linalg,resolve-ranked-shaped-type-result-dims,canonicalize,func.func(fuse-elementwise,store-masks),canonicalize,func.func(fuse-rows{cache-bytes=1048576 threads=2},schedule{threads=2}),canonicalize,results-to-destinations,eliminate-empty-tensors,one-shot-bufferize{bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map},cse,canonicalize,plan-memory{threads=2})' | FileCheck %s --check-prefix=PLAN

// CHECK: #[[LAST:.*]] = affine_map<(d0) -> (86, d0 * 44)>

// An attention of 1024 steps: of its scores there is never more than a block of rows. The mask, the
// exponentials, their sums and the product with the values are in the same loop, and it is the sums of
// products that are divided, not the weights.

// CHECK-LABEL: func.func @attention
// CHECK-NOT: x1024x1024x
// CHECK: scf.forall (%{{.*}}, %{{.*}}, %{{.*}}) in (%{{.*}}, 4, 69) shared_outs({{.*}}) -> (tensor<?x1024x4x32xf32>)
// CHECK-NOT: x1024x1024x
// CHECK: linalg.fill {{.*}} -> tensor<1x1x15x1024xf32>
// CHECK: arith.mulf
// CHECK: arith.select
// CHECK: arith.maximumf
// CHECK: math.exp
// CHECK: arith.addf
// CHECK: arith.mulf
// CHECK: arith.divf
// CHECK-NEXT: linalg.yield
// CHECK-NEXT: -> tensor<1x15x1x32xf32>
// CHECK-NOT: arith.divf
// CHECK: return

// Scratch memory is as large for every batch, and there is one for each of two threads: scores and
// exponentials are 60 KiB each. What grows with the batch are the transposed keys and the mask.

// PLAN-LABEL: func.func @attention
// PLAN-SAME: hornet.arena_bytes = 246016 : i64, hornet.arena_bytes_per_sample = 525312 : i64
// PLAN-NOT: memref.alloc
// PLAN-NOT: memref.copy
// PLAN: return
func.func @attention(%q: tensor<?x1024x4x32xf32>, %k: tensor<?x1024x4x32xf32>, %v: tensor<?x1024x4x32xf32>, %t: tensor<?x1024xf32>) -> (tensor<?x1024x4x32xf32> {graph.name = "y"}) {
  %far = graph.constant dense<-1.0e9> : tensor<f32>
  %none = graph.constant dense<0.0> : tensor<f32>
  %words = graph.compare gt %t, %none : (tensor<?x1024xf32>, tensor<f32>) -> tensor<?x1024xi1>
  %m = graph.reshape %words : tensor<?x1024xi1> -> tensor<?x1x1x1024xi1>
  %0 = graph.einsum "bqhd,bkhd->bhqk" %q, %k : (tensor<?x1024x4x32xf32>, tensor<?x1024x4x32xf32>) -> tensor<?x4x1024x1024xf32>
  %1 = graph.select %m, %0, %far : (tensor<?x1x1x1024xi1>, tensor<?x4x1024x1024xf32>, tensor<f32>) -> tensor<?x4x1024x1024xf32>
  %2 = graph.softmax %1 dimension 3 : tensor<?x4x1024x1024xf32>
  %3 = graph.einsum "bhqk,bkhd->bqhd" %2, %v : (tensor<?x4x1024x1024xf32>, tensor<?x1024x4x32xf32>) -> tensor<?x1024x4x32xf32>
  return %3 : tensor<?x1024x4x32xf32>
}

// A layer normalization is one loop; what it takes as input stays with the product before it. The
// last block of 130 rows lies on the end.

// CHECK-LABEL: func.func @normalization
// CHECK: %[[X:.*]] = linalg.generic {{.*}} ins(%arg1, %{{.*}} : tensor<?x130x64xf32>, tensor<?x130x64xf32>)
// CHECK: scf.forall (%[[B:.*]], %[[I:.*]]) in (%{{.*}}, 3)
// CHECK: %[[AT:.*]] = affine.min #[[LAST]](%[[I]])
// CHECK: tensor.extract_slice %[[X]][%[[B]], %[[AT]], 0] [1, 44, 64]
// CHECK-COUNT-2: "reduction"
// CHECK: parallel_insert_slice
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @normalization(%x: tensor<?x130x32xf32>, %r: tensor<?x130x64xf32>, %w: tensor<32x64xf32>, %g: tensor<64xf32>) -> (tensor<?x130x64xf32> {graph.name = "y"}) {
  %n = graph.constant dense<64.0> : tensor<f32>
  %e = graph.constant dense<1.0e-3> : tensor<f32>
  %0 = graph.matmul %x, %w : (tensor<?x130x32xf32>, tensor<32x64xf32>) -> tensor<?x130x64xf32>
  %1 = graph.add %r, %0 : (tensor<?x130x64xf32>, tensor<?x130x64xf32>) -> tensor<?x130x64xf32>
  %2 = graph.reduce_sum %1 dimensions [2] : (tensor<?x130x64xf32>) -> tensor<?x130xf32>
  %3 = graph.divide %2, %n : (tensor<?x130xf32>, tensor<f32>) -> tensor<?x130xf32>
  %4 = graph.reshape %3 : tensor<?x130xf32> -> tensor<?x130x1xf32>
  %5 = graph.subtract %1, %4 : (tensor<?x130x64xf32>, tensor<?x130x1xf32>) -> tensor<?x130x64xf32>
  %6 = graph.multiply %5, %5 : (tensor<?x130x64xf32>, tensor<?x130x64xf32>) -> tensor<?x130x64xf32>
  %7 = graph.reduce_sum %6 dimensions [2] : (tensor<?x130x64xf32>) -> tensor<?x130xf32>
  %8 = graph.add %7, %e : (tensor<?x130xf32>, tensor<f32>) -> tensor<?x130xf32>
  %9 = graph.rsqrt %8 : tensor<?x130xf32>
  %10 = graph.reshape %9 : tensor<?x130xf32> -> tensor<?x130x1xf32>
  %11 = graph.multiply %5, %10 : (tensor<?x130x64xf32>, tensor<?x130x1xf32>) -> tensor<?x130x64xf32>
  %12 = graph.multiply %11, %g : (tensor<?x130x64xf32>, tensor<64xf32>) -> tensor<?x130x64xf32>
  return %12 : tensor<?x130x64xf32>
}

// Weights that are wanted outside, too, are a second result of the loop.

// CHECK-LABEL: func.func @weights
// CHECK: scf.forall {{.*}} -> (tensor<?x32x48xf32>, tensor<?x32x16xf32>)
// CHECK-NOT: linalg.generic {{.*}}tensor<?x32x48xf32>
// CHECK: return
func.func @weights(%s: tensor<?x32x48xf32>, %v: tensor<?x48x16xf32>) -> (tensor<?x32x16xf32> {graph.name = "y"}, tensor<?x32x48xf32> {graph.name = "w"}) {
  %0 = graph.softmax %s dimension 2 : tensor<?x32x48xf32>
  %1 = graph.einsum "bqk,bkd->bqd" %0, %v : (tensor<?x32x48xf32>, tensor<?x48x16xf32>) -> tensor<?x32x16xf32>
  return %1, %0 : tensor<?x32x16xf32>, tensor<?x32x48xf32>
}

// What needs other rows than its own waits for the loop, and what a product elsewhere takes from
// registers stays with that.

// CHECK-LABEL: func.func @other_rows
// CHECK: scf.forall
// CHECK: parallel_insert_slice
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "parallel", "parallel"]} ins(%[[W:.*]], %[[W]] : tensor<?x32x32xf32>, tensor<?x32x32xf32>)
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "parallel", "parallel", "reduction"]
// CHECK: return
func.func @other_rows(%s: tensor<?x32x32xf32>, %f: tensor<32x32xf32>) -> (tensor<?x32x32xf32> {graph.name = "y"}, tensor<?x32x32xf32> {graph.name = "z"}) {
  %0 = graph.softmax %s dimension 2 : tensor<?x32x32xf32>
  %1 = graph.transpose %0 permutation [0, 2, 1] : (tensor<?x32x32xf32>) -> tensor<?x32x32xf32>
  %2 = graph.add %0, %1 : (tensor<?x32x32xf32>, tensor<?x32x32xf32>) -> tensor<?x32x32xf32>
  %3 = graph.matmul %s, %f : (tensor<?x32x32xf32>, tensor<32x32xf32>) -> tensor<?x32x32xf32>
  %4 = graph.add %0, %3 : (tensor<?x32x32xf32>, tensor<?x32x32xf32>) -> tensor<?x32x32xf32>
  return %2, %4 : tensor<?x32x32xf32>, tensor<?x32x32xf32>
}

// Ten classes of a sample have no rows but the batch.

// CHECK-LABEL: func.func @classes
// CHECK-NOT: scf.forall
// CHECK: return
func.func @classes(%x: tensor<?x10xf32>) -> (tensor<?x10xf32> {graph.name = "y"}) {
  %0 = graph.softmax %x dimension 1 : tensor<?x10xf32>
  return %0 : tensor<?x10xf32>
}
