// RUN: hornet-opt %s --entry-points | FileCheck %s

// CHECK-LABEL: func.func @hornet_predict(%{{[a-z0-9]+}}: !llvm.ptr) {
// CHECK: %[[BATCH:.*]] = llvm.load %{{.*}} -> i64
// CHECK: %[[BUFFERS:.*]] = llvm.load %{{.*}} -> !llvm.ptr
// CHECK: llvm.insertvalue %[[BATCH]], %{{.*}}[3, 0]
// CHECK: %[[X:.*]] = builtin.unrealized_conversion_cast %{{.*}} to memref<?x4xf32>
// CHECK-NOT: llvm.getelementptr %[[BUFFERS]][8]
// CHECK: llvm.getelementptr %[[BUFFERS]][16]
// CHECK: %[[K:.*]] = builtin.unrealized_conversion_cast %{{.*}} to memref<4x4xf32>
// CHECK: linalg.copy ins(%[[X]] : {{.*}}) outs(%[[K]]
func.func @predict(%x: memref<?x4xf32>, %unused: memref<2xf32>,
                   %k: memref<4x4xf32> {graph.parameter = "k"}) {
  linalg.copy ins(%x : memref<?x4xf32>) outs(%k : memref<4x4xf32>)
  return
}
