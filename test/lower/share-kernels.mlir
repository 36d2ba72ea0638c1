// RUN: hornet-opt %s --share-kernels=threads=2 | FileCheck %s

// Threads share a kernel when there is enough of it: 400000 / 1000 steps. Each has a contiguous
// part, and the runtime is asked for nothing but its number. One parallel region serves all.

// CHECK-DAG: func.func private @omp_get_thread_num() -> i32
// CHECK-DAG: func.func private @omp_get_num_threads() -> i32
// CHECK-LABEL: func.func private @share(
// CHECK-SAME: %[[KERNEL:[a-z0-9]+]]: (index, index, !llvm.ptr) -> (), %[[TOTAL:[a-z0-9]+]]: index,
// CHECK-SAME: %[[LEAST:[a-z0-9]+]]: index, %[[CONTEXT:[a-z0-9]+]]: !llvm.ptr)
// CHECK: %[[MANY:.*]] = arith.cmpi uge, %[[TOTAL]], %[[LEAST]] : index
// CHECK: scf.if %[[MANY]]
// CHECK: omp.parallel num_threads(%c2_i32 : i32)
// CHECK: call @omp_get_thread_num()
// CHECK: call @omp_get_num_threads()
// CHECK: %[[FROM:.*]] = arith.divui
// CHECK: %[[TO:.*]] = arith.divui
// CHECK: call_indirect %[[KERNEL]](%[[FROM]], %[[TO]], %[[CONTEXT]])
// CHECK: omp.terminator
// CHECK: } else {
// CHECK: call_indirect %[[KERNEL]](%c0{{.*}}, %[[TOTAL]], %[[CONTEXT]])
// CHECK-NOT: omp.parallel

func.func private @kernel(index, index, !llvm.ptr)
func.func private @other(index, index, !llvm.ptr)

// CHECK-LABEL: func.func @calls(
// CHECK-SAME: %[[STEPS:[a-z0-9]+]]: index, %[[GIVEN:[a-z0-9]+]]: !llvm.ptr)
// CHECK: %[[LEAST:.*]] = arith.constant 400 : index
// CHECK: %[[KERNEL:.*]] = constant @kernel
// CHECK: call @share(%[[KERNEL]], %[[STEPS]], %[[LEAST]], %[[GIVEN]])
// CHECK: constant @other
// CHECK: call @share(
// CHECK: call @other(
func.func @calls(%steps: index, %context: !llvm.ptr) {
  %c0 = arith.constant 0 : index
  call @kernel(%c0, %steps, %context) {hornet.work = 1000 : i64} : (index, index, !llvm.ptr) -> ()
  call @other(%c0, %steps, %context) {hornet.work = 1 : i64} : (index, index, !llvm.ptr) -> ()
  call @other(%c0, %steps, %context) : (index, index, !llvm.ptr) -> ()
  return
}
