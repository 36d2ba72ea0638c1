// The gradient to a filter is summed over the samples: they are the outermost loop, so that what is
// read of one is still in the caches for all blocks of the filter. Nothing is summed by two threads:
// what is written is shared, by rows of the filter's channels.
// RUN: hornet-opt %s --pass-pipeline='builtin.module(graph-to-linalg,canonicalize,func.func(fuse-elementwise,schedule),canonicalize)' | FileCheck %s
// RUN: hornet-opt %s --pass-pipeline='builtin.module(graph-to-linalg,canonicalize,func.func(fuse-elementwise,schedule{threads=2}),canonicalize)' | FileCheck %s --check-prefix=THREADS

// CHECK-LABEL: func.func @convolution
// CHECK: %[[SAMPLES:.*]] = tensor.dim %arg0
// CHECK: scf.for %[[SAMPLE:.*]] = %{{.*}} to %[[SAMPLES]] step
// CHECK-NEXT: %[[FIRST:.*]] = arith.cmpi eq, %[[SAMPLE]]
// CHECK-COUNT-4: scf.for
// CHECK: :12 = scf.for
// CHECK: :12 = scf.for
// CHECK: tensor.extract %arg0[%[[SAMPLE]], {{.*}}] : tensor<?x26x26x32xf32>
// CHECK-COUNT-12: arith.addf {{.*}} fastmath<contract> : vector<8xf32>
// THREADS-LABEL: func.func @convolution
// THREADS: scf.forall (%[[ROWS:.*]]) in (2) shared_outs
// THREADS: tensor.extract_slice %{{.*}}[0, 0, %{{.*}}, 0] [3, 3, 6, 64]
// THREADS: %[[SAMPLES:.*]] = tensor.dim %arg0
// THREADS: scf.for %{{.*}} = %{{.*}} to %[[SAMPLES]] step
// THREADS: tensor.parallel_insert_slice
func.func @convolution(%x: tensor<?x26x26x32xf32>, %g: tensor<?x24x24x64xf32>) -> tensor<3x3x32x64xf32> {
  %0 = graph.filter_gradient %x, %g window [3, 3] strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 1
    : (tensor<?x26x26x32xf32>, tensor<?x24x24x64xf32>) -> tensor<3x3x32x64xf32>
  return %0 : tensor<3x3x32x64xf32>
}
