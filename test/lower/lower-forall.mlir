// RUN: hornet-opt %s --lower-forall=threads=2 | FileCheck %s
// RUN: hornet-opt %s --lower-forall | FileCheck %s --check-prefix=ALONE

// Threads share a loop that carries its work, when there is enough of it: 400000 / 1000 steps.

// CHECK-LABEL: func.func @loops
// CHECK: %[[MANY:.*]] = arith.cmpi uge, %{{.*}}, %c400 : index
// CHECK: omp.parallel if(%[[MANY]]) num_threads(%c2_i32 : i32)
// Each thread has a contiguous part, and the runtime is asked for nothing but numbers.
// CHECK: call @omp_get_thread_num()
// CHECK: call @omp_get_num_threads()
// CHECK: %[[BEGIN:.*]] = arith.divui
// CHECK: %[[END:.*]] = arith.divui
// CHECK: scf.for %[[AT:.*]] = %[[BEGIN]] to %[[END]]
// CHECK: arith.remui %[[AT]]
// CHECK: arith.divui %[[AT]]
// CHECK: memref.store
// CHECK: omp.terminator
// CHECK: scf.for
// CHECK-NOT: scf.forall
// ALONE-NOT: omp
func.func @loops(%x: memref<?x16xf32>) {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %n = memref.dim %x, %c0 : memref<?x16xf32>
  scf.forall (%i, %j) in (%n, 16) {
    memref.store %zero, %x[%i, %j] : memref<?x16xf32>
  } {hornet.work = 1000 : i64}
  scf.forall (%i) in (16) {
    memref.store %zero, %x[%c0, %i] : memref<?x16xf32>
  }
  return
}
