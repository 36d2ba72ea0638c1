// RUN: hornet-opt %s --plan-memory=threads=2 -split-input-file -verify-diagnostics | FileCheck %s

// Buffers that do not live at the same time share their place; sizes grow with the batch.

// CHECK-LABEL: func.func @chain
// CHECK-SAME: %[[ARENA:[a-z0-9]+]]: memref<?xi8>
// CHECK-SAME: hornet.arena_bytes = 0 : i64, hornet.arena_bytes_per_sample = 192 : i64
// CHECK-NOT: memref.alloc
// CHECK-COUNT-3: memref.view %[[ARENA]]
func.func @chain(%x: memref<?x32xf32>, %y: memref<?x32xf32>) {
  %c0 = arith.constant 0 : index
  %batch = memref.dim %x, %c0 : memref<?x32xf32>
  %a = memref.alloc(%batch) : memref<?x32xf32>
  linalg.copy ins(%x : memref<?x32xf32>) outs(%a : memref<?x32xf32>)
  %b = memref.alloc(%batch) : memref<?x16xf32>
  %half = memref.subview %a[0, 0] [%batch, 16] [1, 1] : memref<?x32xf32> to memref<?x16xf32, strided<[32, 1]>>
  linalg.copy ins(%half : memref<?x16xf32, strided<[32, 1]>>) outs(%b : memref<?x16xf32>)
  %c = memref.alloc(%batch) : memref<?x16xf32>
  linalg.copy ins(%b : memref<?x16xf32>) outs(%c : memref<?x16xf32>)
  return
}

// -----

// A function may begin with its buffers.

// CHECK-LABEL: func.func @nothing_before
// CHECK-NOT: memref.alloc
// CHECK-COUNT-2: memref.view
func.func @nothing_before(%x: memref<4xf32>) {
  %a = memref.alloc() : memref<4xf32>
  linalg.copy ins(%x : memref<4xf32>) outs(%a : memref<4xf32>)
  %b = memref.alloc() : memref<4xf32>
  linalg.copy ins(%a : memref<4xf32>) outs(%b : memref<4xf32>)
  return
}

// -----

// What does not depend on the batch lies in front of what does.

// CHECK-LABEL: func.func @fixed
// CHECK-SAME: hornet.arena_bytes = 64 : i64, hornet.arena_bytes_per_sample = 64 : i64
func.func @fixed(%x: memref<?x4xf32>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %batch = memref.dim %x, %c0 : memref<?x4xf32>
  %a = memref.alloc() : memref<4xf32>
  %b = memref.alloc(%batch) : memref<?x4xf32>
  linalg.fill ins(%zero : f32) outs(%a : memref<4xf32>)
  linalg.fill ins(%zero : f32) outs(%b : memref<?x4xf32>)
  return
}

// -----

func.func @unknown(%x: memref<?x?xf32>) {
  %c1 = arith.constant 1 : index
  %columns = memref.dim %x, %c1 : memref<?x?xf32>
  // expected-error @+1 {{has a size that is no multiple of the batch}}
  %a = memref.alloc(%columns) : memref<?xf32>
  return
}

// -----

func.func @unknown_in_a_loop(%n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.forall (%i) in (%n) {
    // expected-error @+1 {{allocates an unknown size inside a loop that threads share}}
    %a = memref.alloc(%i) : memref<?xf32>
  } {hornet.work = 1 : i64}
  return
}

// -----

// Each thread of a shared loop has its own copy; a loop of one thread needs one.

// CHECK: func.func private @omp_get_thread_num() -> i32
// CHECK-LABEL: func.func @scratch
// CHECK-SAME: %[[ARENA:[a-z0-9]+]]: memref<?xi8>
// CHECK-SAME: hornet.arena_bytes = 256 : i64
// CHECK: scf.forall
// CHECK: %[[THREAD:.*]] = func.call @omp_get_thread_num()
// CHECK: %[[INDEX:.*]] = arith.index_cast %[[THREAD]]
// CHECK: arith.muli %[[INDEX]], %{{.*}} : index
// CHECK: memref.view %[[ARENA]]
// CHECK: scf.forall
// CHECK-NOT: call
// CHECK: memref.view %[[ARENA]]
func.func @scratch(%x: memref<64x20xf32>) {
  %zero = arith.constant 0.0 : f32
  scf.forall (%i) in (64) {
    %a = memref.alloc() : memref<20xf32>
    linalg.fill ins(%zero : f32) outs(%a : memref<20xf32>)
    %row = memref.subview %x[%i, 0] [1, 20] [1, 1] : memref<64x20xf32> to memref<20xf32, strided<[1], offset: ?>>
    linalg.copy ins(%a : memref<20xf32>) outs(%row : memref<20xf32, strided<[1], offset: ?>>)
  } {hornet.work = 160 : i64}
  scf.forall (%i) in (64) {
    %b = memref.alloc() : memref<20xf32>
    linalg.fill ins(%zero : f32) outs(%b : memref<20xf32>)
  }
  return
}
