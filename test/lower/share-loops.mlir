// RUN: hornet-opt %s --share-loops=threads=3 | FileCheck %s

// CHECK-DAG: func.func private @omp_get_thread_num() -> i32
// CHECK-DAG: func.func private @omp_get_num_threads() -> i32

// Each thread has a contiguous part, and the runtime is asked for nothing but its number.
// CHECK-LABEL: @twoDimensions
// CHECK:       omp.parallel num_threads(%c3_i32 : i32) {
// CHECK:         call @omp_get_thread_num()
// CHECK:         call @omp_get_num_threads()
// CHECK:         %[[BEGIN:.*]] = arith.divui
// CHECK:         %[[END:.*]] = arith.divui
// CHECK:         scf.for %[[AT:.*]] = %[[BEGIN]] to %[[END]]
// CHECK:           arith.remui %[[AT]]
// CHECK:           arith.divui %[[AT]]
// CHECK:           memref.store
// CHECK:         omp.terminator
// CHECK-NOT:   wsloop
func.func @twoDimensions(%to: memref<?x8xf32>, %value: f32, %rows: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c8 = arith.constant 8 : index
  scf.parallel (%i, %j) = (%c0, %c0) to (%rows, %c8) step (%c1, %c2) {
    memref.store %value, %to[%i, %j] : memref<?x8xf32>
  }
  return
}

// What is inside a shared loop is a thread's own.
// CHECK-LABEL: @nested
// CHECK-COUNT-1: omp.parallel
// CHECK:         scf.parallel
func.func @nested(%to: memref<?x8xf32>, %value: f32, %rows: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.parallel (%i) = (%c0) to (%rows) step (%c1) {
    scf.parallel (%j) = (%c0) to (%c8) step (%c1) {
      memref.store %value, %to[%i, %j] : memref<?x8xf32>
    }
  }
  return
}
