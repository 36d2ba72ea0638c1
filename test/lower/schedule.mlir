// RUN: hornet-opt %s --pass-pipeline='builtin.module(graph-to-linalg,canonicalize,func.func(fuse-elementwise,schedule),canonicalize)' | FileCheck %s
// RUN: hornet-opt %s --pass-pipeline='builtin.module(graph-to-linalg,canonicalize,func.func(fuse-elementwise,schedule{vector-bytes=64 vector-registers=32}),canonicalize)' | FileCheck %s --check-prefix=WIDE
// RUN: hornet-opt %s --pass-pipeline='builtin.module(graph-to-linalg,canonicalize,func.func(fuse-elementwise,schedule{threads=2}),canonicalize)' | FileCheck %s --check-prefix=THREADS
// RUN: hornet-opt %s --pass-pipeline='builtin.module(graph-to-linalg,canonicalize,func.func(fuse-elementwise,schedule{cache-bytes=65536}),canonicalize)' | FileCheck %s --check-prefix=SMALL
// RUN: hornet-opt %s --pass-pipeline='builtin.module(graph-to-linalg,canonicalize,func.func(fuse-elementwise,schedule{cache-bytes=16777216}),canonicalize)' | FileCheck %s --check-prefix=LARGE

// A convolution keeps 6 rows by 2 vectors of columns in registers over all of its reduction, with 16
// registers of 8 floats; 6 by 4 with 32 registers of 16. Bias and relu happen before the store.

// CHECK-LABEL: func.func @convolution
// CHECK: scf.forall
// CHECK: scf.for
// CHECK: %[[ACC:.*]]:12 = scf.for {{.*}} iter_args
// CHECK-COUNT-12: arith.addf {{.*}} fastmath<contract> : vector<8xf32>
// CHECK-NOT: linalg
// CHECK: arith.cmpf olt
// CHECK: vector.transfer_write
// WIDE-LABEL: func.func @convolution
// WIDE: :24 = scf.for
// WIDE-COUNT-24: arith.addf {{.*}} fastmath<contract> : vector<16xf32>
// THREADS-LABEL: func.func @convolution
// THREADS: scf.forall (%{{.*}}, %{{.*}}) in (%{{.*}}, 24)
// THREADS: scf.forall.in_parallel
// THREADS-NEXT: parallel_insert_slice
// THREADS-NEXT: }
// THREADS-NEXT: }{{$}}
func.func @convolution(%x: tensor<?x26x26x32xf32>, %f: tensor<3x3x32x64xf32>, %b: tensor<64xf32>) -> tensor<?x24x24x64xf32> {
  %0 = graph.convolution %x, %f strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 1
    : (tensor<?x26x26x32xf32>, tensor<3x3x32x64xf32>) -> tensor<?x24x24x64xf32>
  %1 = graph.add %0, %b : (tensor<?x24x24x64xf32>, tensor<64xf32>) -> tensor<?x24x24x64xf32>
  %2 = graph.relu %1 : tensor<?x24x24x64xf32>
  return %2 : tensor<?x24x24x64xf32>
}

// 10 columns are a vector of 8 and one of 2; rows of an unknown batch go 6 at a time, then 2, then 1.
// A multiply-add waits for the one before it in its sum: two rows have two sums a result, one has four.

// CHECK-LABEL: func.func @dense
// CHECK: :12 = scf.for {{.*}} step %c1 
// CHECK: vector.transfer_read {{.*}} vector<8xf32>
// CHECK: vector.transfer_read {{.*}} vector<2xf32>
// CHECK-COUNT-6: arith.mulf {{.*}} vector<2xf32>
// CHECK-NOT: arith.mulf {{.*}} vector<2xf32>
// CHECK: :8 = scf.for {{.*}} step %c2 
// CHECK-COUNT-4: arith.mulf {{.*}} vector<2xf32>
// CHECK-NOT: arith.mulf {{.*}} vector<2xf32>
// CHECK: %[[SUMS:.*]]:8 = scf.for {{.*}} step %c4 
// CHECK-COUNT-4: arith.mulf {{.*}} vector<2xf32>
// CHECK-NOT: arith.mulf {{.*}} vector<2xf32>
// CHECK: arith.addf %[[SUMS]]#0, %[[SUMS]]#2 : vector<8xf32>
// CHECK: arith.addf %[[SUMS]]#1, %[[SUMS]]#3 : vector<2xf32>
// CHECK: arith.addf %{{.*}}, %[[SUMS]]#4 : vector<8xf32>
// CHECK: return
func.func @dense(%x: tensor<?x128xf32>, %k: tensor<128x10xf32>) -> tensor<?x10xf32> {
  %0 = graph.matmul %x, %k : (tensor<?x128xf32>, tensor<128x10xf32>) -> tensor<?x10xf32>
  return %0 : tensor<?x10xf32>
}

// Sums along a row are vectors until the end of the row, and then halves: 8, 4, 2, 1, and 6, 3.

// CHECK-LABEL: func.func @row_sum
// CHECK: scf.for {{.*}} iter_args
// CHECK-COUNT-4: arith.addf {{.*}} vector<8xf32>
// CHECK-COUNT-3: arith.addf {{.*}} vector<8xf32>
// CHECK: arith.addf {{.*}} vector<4xf32>
// CHECK: arith.addf {{.*}} vector<2xf32>
// CHECK: arith.addf {{.*}} vector<1xf32>
// CHECK: arith.addf {{.*}} vector<3xf32>
// CHECK: vector.reduction <add>
// CHECK-NOT: vector.reduction
func.func @row_sum(%x: tensor<?x70xf32>) -> tensor<?xf32> {
  %0 = graph.reduce_sum %x dimensions [1] : (tensor<?x70xf32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// What a step of a shared loop costs is known: a relu of 10 elements, a tenth of a convolution.

// THREADS-LABEL: func.func @small
// THREADS: hornet.work = 80
func.func @small(%x: tensor<?x10xf32>) -> tensor<?x10xf32> {
  %0 = graph.relu %x : tensor<?x10xf32>
  return %0 : tensor<?x10xf32>
}

// A wide filter is read once: its columns are the outermost loop. A long sum is split, so that it
// rounds less and its part of a tile's columns stays in cache: each block's sum begins at zero and is
// added to those before it, and the relu waits for the last.

// CHECK-LABEL: func.func @long_reduction
// CHECK: scf.forall (%{{.*}}) in (8)
// CHECK: scf.for %[[BLOCK:.*]] = %c0 to %c18 
// CHECK: %[[FIRST:.*]] = arith.cmpi eq, %[[BLOCK]], %c0
// CHECK: %[[LAST:.*]] = arith.cmpi eq, %[[BLOCK]], %c17
// CHECK: scf.for %{{.*}} = %c0 to %c512 
// CHECK: scf.if %[[FIRST]]
// CHECK-COUNT-12: vector.transfer_read
// CHECK-COUNT-12: arith.addf
// CHECK: scf.if %[[LAST]]
// CHECK-COUNT-12: arith.cmpf olt
// With a small cache the blocks are shorter; in a large one the filter stays, whatever reads it.
// SMALL-LABEL: func.func @long_reduction
// SMALL: scf.for %{{.*}} = %c0 to %c36 
// SMALL: scf.for %{{.*}} = %c0 to %c256 
// LARGE-LABEL: func.func @long_reduction
// LARGE-NOT: scf.forall
// LARGE: return
func.func @long_reduction(%x: tensor<?x9216xf32>, %k: tensor<9216x128xf32>) -> tensor<?x128xf32> {
  %0 = graph.matmul %x, %k : (tensor<?x9216xf32>, tensor<9216x128xf32>) -> tensor<?x128xf32>
  %1 = graph.relu %0 : tensor<?x128xf32>
  return %1 : tensor<?x128xf32>
}

// Each row of an image has a sum of its own, from zero, which is then added to those before it; short
// rows have not.

// CHECK-LABEL: func.func @sum_of_image
// CHECK: scf.for {{.*}} = %c0 to %c9 {{.*}} iter_args(%[[BEFORE:.*]] = %cst)
// CHECK: %[[ROW:.*]] = scf.for {{.*}} = %c0 to %c8 {{.*}} iter_args(%[[SUM:.*]] = %cst)
// CHECK: arith.addf %[[SUM]]
// CHECK: arith.addf %[[BEFORE]], %[[ROW]]
// CHECK-LABEL: func.func @sum_of_small_image
// CHECK: scf.for {{.*}} = %c0 to %c9 {{.*}} iter_args(%[[BEFORE:.*]] = %cst)
// CHECK: scf.for {{.*}} = %c0 to %c7 {{.*}} iter_args(%{{.*}} = %[[BEFORE]])
func.func @sum_of_image(%x: tensor<?x9x8x8xf32>) -> tensor<?x8xf32> {
  %0 = graph.reduce_sum %x dimensions [1, 2] : (tensor<?x9x8x8xf32>) -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}
func.func @sum_of_small_image(%x: tensor<?x9x7x8xf32>) -> tensor<?x8xf32> {
  %0 = graph.reduce_sum %x dimensions [1, 2] : (tensor<?x9x7x8xf32>) -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// What has no contiguous vectors reads element by element, but still writes vectors.

// CHECK-LABEL: func.func @transpose
// CHECK: tensor.extract
// CHECK: vector.from_elements
// CHECK: vector.transfer_write
func.func @transpose(%x: tensor<?x3x16xf32>) -> tensor<?x16x3xf32> {
  %0 = graph.transpose %x permutation [0, 2, 1] : (tensor<?x3x16xf32>) -> tensor<?x16x3xf32>
  return %0 : tensor<?x16x3xf32>
}

// A sum over the batch is shared by threads by the work of a usual batch: its steps take the whole of it.

// THREADS-LABEL: func.func @bias_gradient
// THREADS: scf.forall (%{{.*}}) in (2)
// THREADS: hornet.work = 589824
func.func @bias_gradient(%x: tensor<?x24x24x64xf32>) -> tensor<64xf32> {
  %0 = graph.reduce_sum %x dimensions [0, 1, 2] : (tensor<?x24x24x64xf32>) -> tensor<64xf32>
  return %0 : tensor<64xf32>
}

// Rows of a table are copied as vectors.
// CHECK-LABEL: func.func @gather
// CHECK: scf.forall
// CHECK: %[[ROW:.*]] = arith.index_cast
// CHECK: vector.transfer_read %arg0[%[[ROW]], %{{.*}}], {{.*}} : tensor<10x16xf32>, vector<8xf32>
func.func @gather(%t: tensor<10x16xf32>, %i: tensor<?x5xf32>) -> tensor<?x5x16xf32> {
  %0 = graph.gather %t, %i dimension 0 batch 0 : (tensor<10x16xf32>, tensor<?x5xf32>) -> tensor<?x5x16xf32>
  return %0 : tensor<?x5x16xf32>
}
