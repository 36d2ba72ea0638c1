// RUN: hornet-opt %s --lower-forall=threads=2 | FileCheck %s
// RUN: hornet-opt %s --lower-forall | FileCheck %s --check-prefix=ALONE

// Threads share a loop that carries its work, when there is enough of it: 400000 / 1000 steps. Each
// takes a contiguous part, and asks the runtime for nothing but numbers.

// CHECK-LABEL: func.func @loops
// CHECK: %[[MANY:.*]] = arith.cmpi uge, %[[COUNT:.*]], %c400 : index
// CHECK: scf.if %[[MANY]]
// CHECK: omp.parallel num_threads(%c2_i32 : i32)
// CHECK: call @omp_get_thread_num()
// CHECK: call @omp_get_num_threads()
// CHECK: %[[BEGIN:.*]] = arith.divui
// CHECK: %[[END:.*]] = arith.divui
// CHECK: call @loop_0(%[[BEGIN]], %[[END]], %{{.*}})
// CHECK: omp.terminator
// CHECK: else
// CHECK: call @loop_0(%c0{{[_0-9]*}}, %[[COUNT]], %{{.*}})
// CHECK: scf.for
// CHECK-NOT: scf.forall

// The body is there once.
// CHECK-LABEL: func.func private @loop_0
// CHECK-SAME:  (%[[FROM:.*]]: index, %[[TO:.*]]: index, %[[X:.*]]: memref<?x16xf32>
// CHECK: scf.for %[[AT:.*]] = %[[FROM]] to %[[TO]]
// CHECK: arith.remui %[[AT]]
// CHECK: arith.divui %[[AT]]
// CHECK: memref.store %{{.*}}, %[[X]]
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
