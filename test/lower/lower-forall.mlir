// RUN: hornet-opt %s --lower-forall | FileCheck %s

// What threads may share becomes a function of some of its steps; what is inside is a thread's own.
// A buffer is handed over as its address and what its type leaves open, in one block of memory that
// is as large as the largest needs.

// CHECK-LABEL: func.func private @kernel(
// CHECK-SAME: %[[BEGIN:[a-z0-9]+]]: index, %[[END:[a-z0-9]+]]: index, %[[CONTEXT:[a-z0-9]+]]: !llvm.ptr)
// CHECK-SAME: noinline
// CHECK: %[[AT:.*]] = llvm.getelementptr %[[CONTEXT]][0]
// CHECK: %[[ADDRESS:.*]] = llvm.load %[[AT]] {{.*}}-> !llvm.ptr
// CHECK: %[[AT:.*]] = llvm.getelementptr %[[CONTEXT]][1]
// CHECK: %[[BATCH:.*]] = llvm.load %[[AT]] {{.*}}-> i64
// CHECK: llvm.insertvalue %[[ADDRESS]], %{{.*}}[1]
// CHECK: llvm.insertvalue %[[BATCH]], %{{.*}}[3, 0]
// CHECK: %[[X:.*]] = builtin.unrealized_conversion_cast {{.*}} to memref<?x16xf32>
// CHECK: scf.for %[[AT:.*]] = %[[BEGIN]] to %[[END]]
// CHECK: arith.remui %[[AT]]
// CHECK: arith.divui %[[AT]]
// CHECK: scf.for
// CHECK: memref.store %{{.*}}, %[[X]]
// CHECK-LABEL: func.func private @kernel_0(
// CHECK: llvm.getelementptr %{{.*}}[0]
// CHECK: llvm.load %{{.*}} {alignment = 8 : i64} : !llvm.ptr -> vector<16xf32>
// CHECK: llvm.getelementptr %{{.*}}[8]
// CHECK: llvm.load %{{.*}} -> !llvm.ptr

// CHECK-LABEL: func.func @loops
// CHECK: %[[BLOCK:.*]] = llvm.alloca {{.*}} x !llvm.array<11 x i64>
// CHECK: llvm.store %{{.*}}, %{{.*}} : !llvm.ptr, !llvm.ptr
// CHECK: llvm.store %{{.*}}, %{{.*}} : i64, !llvm.ptr
// CHECK: call @kernel(%{{.*}}, %{{.*}}, %[[BLOCK]]) {hornet.work = 1000 : i64}
// CHECK: llvm.store %{{.*}} {alignment = 8 : i64} : vector<16xf32>
// CHECK: call @kernel_0(%{{.*}}, %{{.*}}, %[[BLOCK]]) {hornet.work = 7 : i64}
// CHECK: scf.for
// CHECK-NOT: scf.forall
func.func @loops(%x: memref<?x16xf32>, %v: vector<16xf32>, %at: index) {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %n = memref.dim %x, %c0 : memref<?x16xf32>
  scf.forall (%i, %j) in (%n, 16) {
    scf.forall (%k) in (4) {
      memref.store %zero, %x[%i, %j] : memref<?x16xf32>
    }
  } {hornet.work = 1000 : i64}
  scf.forall (%i) in (16) {
    vector.store %v, %x[%i, %at] : memref<?x16xf32>, vector<16xf32>
  } {hornet.work = 7 : i64}
  scf.forall (%i) in (16) {
    memref.store %zero, %x[%c0, %i] : memref<?x16xf32>
  }
  return
}
