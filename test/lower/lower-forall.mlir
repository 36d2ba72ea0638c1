// RUN: hornet-opt %s --lower-forall=threads=2 | FileCheck %s
// RUN: hornet-opt %s --lower-forall | FileCheck %s --check-prefix=ALONE

// Threads share a loop that carries its work, when there is enough of it: 400000 / 1000 steps.

// Each has a contiguous part, and the runtime is asked for nothing but its number. What is inside a
// shared loop is a thread's own.

// CHECK-DAG: func.func private @omp_get_thread_num() -> i32
// CHECK-DAG: func.func private @omp_get_num_threads() -> i32
// CHECK-LABEL: func.func private @kernel(
// CHECK-SAME: %[[BEGIN:[a-z0-9]+]]: index, %[[END:[a-z0-9]+]]: index, %[[X:[a-z0-9]+]]: memref<?x16xf32>)
// CHECK-SAME: noinline
// CHECK: scf.for %[[AT:.*]] = %[[BEGIN]] to %[[END]]
// CHECK: arith.remui %[[AT]]
// CHECK: arith.divui %[[AT]]
// CHECK: scf.for
// CHECK: memref.store %{{.*}}, %[[X]]
// CHECK-LABEL: func.func @loops
// CHECK: %[[MANY:.*]] = arith.cmpi uge, %[[TOTAL:.*]], %c400 : index
// CHECK: scf.if %[[MANY]]
// CHECK: omp.parallel num_threads(%c2_i32 : i32)
// CHECK: call @omp_get_thread_num()
// CHECK: call @omp_get_num_threads()
// CHECK: %[[FROM:.*]] = arith.divui
// CHECK: %[[TO:.*]] = arith.divui
// CHECK: call @kernel(%[[FROM]], %[[TO]]
// CHECK: omp.terminator
// CHECK: } else {
// CHECK: call @kernel(%c0{{.*}}, %[[TOTAL]]
// CHECK: scf.for
// CHECK-NOT: scf.forall
// ALONE-NOT: omp
func.func @loops(%x: memref<?x16xf32>) {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %n = memref.dim %x, %c0 : memref<?x16xf32>
  scf.forall (%i, %j) in (%n, 16) {
    scf.forall (%k) in (4) {
      memref.store %zero, %x[%i, %j] : memref<?x16xf32>
    }
  } {hornet.work = 1000 : i64}
  scf.forall (%i) in (16) {
    memref.store %zero, %x[%c0, %i] : memref<?x16xf32>
  }
  return
}
