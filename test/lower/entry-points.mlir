// RUN: hornet-opt %s --entry-points | FileCheck %s

// CHECK-LABEL: func.func @hornet_predict(%{{.*}}: !llvm.ptr)
// CHECK: %[[BATCH:.*]] = llvm.load %{{.*}} -> i64
// CHECK: %[[BUFFERS:.*]] = llvm.load %{{.*}} -> !llvm.ptr
// CHECK: llvm.insertvalue %[[BATCH]], %{{.*}}[3, 0]
// CHECK: llvm.getelementptr %[[BUFFERS]][8]
// CHECK: call @predict(%{{.*}}, %{{.*}}) : (memref<?x4xf32>, memref<4x2xf32>) -> ()
// CHECK: func.func private @predict
func.func @predict(%x: memref<?x4xf32>, %k: memref<4x2xf32>) {
  return
}
