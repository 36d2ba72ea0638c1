// RUN: hornet-opt %s --time-layers --mlir-print-debuginfo --mlir-print-local-scope | FileCheck %s
// RUN: hornet-opt %s --time-layers --lower-forall --share-kernels | FileCheck %s --check-prefix=SHARED

// The clock is read before each section and behind the last. A section's layers are among its
// neighbor's: they share it. Views and constants belong to none.

// CHECK-LABEL: func.func @predict
// CHECK-SAME: %[[STAMPS:[a-z0-9]+]]: memref<8xi64>
// CHECK-SAME: hornet.sections = {{\[}}["pad", "conv", "relu"], ["pool"], ["a/dense"]]
// CHECK: %[[ADDRESS:.*]] = memref.extract_aligned_pointer_as_index %[[STAMPS]]
// CHECK: %[[INTEGER:.*]] = arith.index_cast %[[ADDRESS]]
// CHECK: %[[BUFFER:.*]] = llvm.inttoptr %[[INTEGER]]
// CHECK: memref.view
// CHECK: %[[MONOTONIC:.*]] = arith.constant 1 : i32
// CHECK: %[[FIRST:.*]] = llvm.getelementptr %[[BUFFER]][0]
// CHECK-NEXT: call @clock_gettime(%[[MONOTONIC]], %[[FIRST]])
// CHECK-NEXT: linalg.fill
// CHECK-NOT: clock_gettime
// CHECK: scf.forall
// CHECK: llvm.getelementptr %[[BUFFER]][16]
// CHECK-NEXT: call @clock_gettime
// CHECK-NEXT: linalg.copy
// CHECK: llvm.getelementptr %[[BUFFER]][32]
// CHECK-NEXT: call @clock_gettime
// CHECK-NEXT: linalg.copy
// CHECK-NEXT: linalg.fill
// CHECK: llvm.getelementptr %[[BUFFER]][48]
// CHECK-NEXT: call @clock_gettime
// CHECK-NEXT: return
func.func @predict(%x: memref<16xf32>, %y: memref<16xf32>, %arena: memref<?xi8>) {
  %c0 = arith.constant 0 : index loc("elsewhere")
  %zero = arith.constant 0.0 : f32 loc("elsewhere")
  %a = memref.view %arena[%c0][] : memref<?xi8> to memref<16xf32> loc("elsewhere")
  linalg.fill ins(%zero : f32) outs(%a : memref<16xf32>) loc("pad")
  scf.forall (%i) in (16) {
    %one = arith.constant 1.0 : f32 loc("elsewhere")
    %value = memref.load %x[%i] : memref<16xf32> loc("conv")
    %sum = arith.addf %value, %one : f32 loc("relu")
    memref.store %sum, %a[%i] : memref<16xf32> loc("conv")
  } {hornet.work = 1000 : i64} loc(fused["pad", "conv"])
  linalg.copy ins(%a : memref<16xf32>) outs(%y : memref<16xf32>) loc("pool")
  linalg.copy ins(%y : memref<16xf32>) outs(%a : memref<16xf32>) loc("a/dense")
  linalg.fill ins(%zero : f32) outs(%y : memref<16xf32>) loc("a/dense")
  return
}

// Threads share the loops between two readings; the thread that calls reads the clock.
// SHARED-LABEL: func.func @predict
// SHARED: call @clock_gettime
// SHARED: call @share
// SHARED: call @clock_gettime

// Nothing but @predict is timed.
// CHECK-LABEL: func.func @prepare
// CHECK-NOT: call
// CHECK: func.func private @clock_gettime(i32, !llvm.ptr) -> i32
func.func @prepare(%x: memref<16xf32>, %y: memref<16xf32>) {
  linalg.copy ins(%x : memref<16xf32>) outs(%y : memref<16xf32>) loc("conv")
  return
}
