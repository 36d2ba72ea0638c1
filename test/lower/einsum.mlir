// Products over batches: one linalg.generic, whose maps are the letters. Vectors lie along the
// result's last dimension; what has that elsewhere is transposed, and no other operand is.
// RUN: hornet-opt %s --pass-pipeline='builtin.module(graph-to-linalg,canonicalize)' | FileCheck %s
// RUN: hornet-opt %s --pass-pipeline='builtin.module(graph-to-linalg,canonicalize,func.func(fuse-elementwise,schedule),canonicalize)' | FileCheck %s --check-prefix=SCHEDULE

// CHECK-DAG: #[[HEADS:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d2, d1, d4)>
// CHECK-DAG: #[[VALUES:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d4, d2, d3)>
// CHECK-DAG: #[[KEYS:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d4, d3)>
// CHECK-DAG: #[[OUT:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3)>

// Heads stay where they are: no operand is copied.
// CHECK-LABEL: func.func @values
// CHECK: linalg.generic {indexing_maps = [#[[HEADS]], #[[VALUES]], #[[OUT]]], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%arg0, %arg1
// CHECK-NOT: linalg.generic
// SCHEDULE-LABEL: func.func @values
// SCHEDULE: scf.forall
// SCHEDULE: scf.for
// SCHEDULE: iter_args({{.*}}) -> (vector<8xf32>, vector<8xf32>
// SCHEDULE-NOT: linalg.generic
func.func @values(%p: tensor<?x4x32x48xf32>, %v: tensor<?x48x4x64xf32>) -> tensor<?x32x4x64xf32> {
  %0 = graph.einsum "bhqk,bkhd->bqhd" %p, %v
    : (tensor<?x4x32x48xf32>, tensor<?x48x4x64xf32>) -> tensor<?x32x4x64xf32>
  return %0 : tensor<?x32x4x64xf32>
}

// The keys are transposed, the queries are not.
// CHECK-LABEL: func.func @scores
// CHECK: %[[T:.*]] = linalg.generic {{.*}}iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%arg1
// CHECK: linalg.generic {indexing_maps = [#[[HEADS]], #[[KEYS]], #[[OUT]]]{{.*}} ins(%arg0, %[[T]]
// CHECK-NOT: linalg.generic
// SCHEDULE-LABEL: func.func @scores
// SCHEDULE: vector.shuffle
// SCHEDULE-NOT: vector.from_elements
// SCHEDULE-NOT: linalg.generic
func.func @scores(%q: tensor<?x32x4x64xf32>, %k: tensor<?x48x4x64xf32>) -> tensor<?x4x32x48xf32> {
  %0 = graph.einsum "bqhd,bkhd->bhqk" %q, %k
    : (tensor<?x32x4x64xf32>, tensor<?x48x4x64xf32>) -> tensor<?x4x32x48xf32>
  return %0 : tensor<?x4x32x48xf32>
}

// The batch of the result is that of the second operand.
// CHECK-LABEL: func.func @batch_of_the_second
// CHECK: tensor.dim %arg1
// CHECK: linalg.generic {{.*}} ins(%arg1, %arg0
func.func @batch_of_the_second(%w: tensor<8x16xf32>, %x: tensor<?x8xf32>) -> tensor<?x16xf32> {
  %0 = graph.einsum "io,bi->bo" %w, %x : (tensor<8x16xf32>, tensor<?x8xf32>) -> tensor<?x16xf32>
  return %0 : tensor<?x16xf32>
}
