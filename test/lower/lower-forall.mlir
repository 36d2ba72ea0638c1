// RUN: hornet-opt %s --lower-forall | FileCheck %s

// CHECK-LABEL: func.func @loops
// CHECK: scf.parallel
// CHECK: scf.for
// CHECK-NOT: scf.forall
func.func @loops(%x: memref<16xf32>) {
  %zero = arith.constant 0.0 : f32
  scf.forall (%i) in (16) {
    memref.store %zero, %x[%i] : memref<16xf32>
  }
  scf.forall (%i) in (16) {
    memref.store %zero, %x[%i] : memref<16xf32>
  } {hornet.sequential}
  return
}
