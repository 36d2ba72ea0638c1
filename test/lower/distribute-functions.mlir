// RUN: hornet-opt %s --distribute-functions="parts=2 least-ops=1" | FileCheck %s
// RUN: hornet-opt %s --distribute-functions=parts=2 | FileCheck %s --check-prefix=SMALL

// The largest function first, each to the part that has least; a part declares what it calls of
// another, and has its own copy of constants.

// CHECK: module attributes {hornet.note = 1 : i64} {
// CHECK-NEXT: module attributes {hornet.note = 1 : i64} {
// CHECK-DAG: func.func private @expf(f32) -> f32{{$}}
// CHECK-DAG: memref.global "private" constant @table
// CHECK-DAG: func.func private @kernel() -> f32 {
// CHECK: module attributes {hornet.note = 1 : i64} {
// CHECK-NOT: @expf
// CHECK-DAG: func.func private @kernel() -> f32{{$}}
// CHECK-DAG: func.func @hornet_predict() -> f32 {
// CHECK-DAG: memref.global "private" constant @table

// SMALL-COUNT-2: module
// SMALL-NOT: module
module attributes {hornet.note = 1 : i64} {
  memref.global "private" constant @table : memref<2xf32> = dense<[1.0, 2.0]>
  func.func private @expf(f32) -> f32
  func.func private @kernel() -> f32 {
    %table = memref.get_global @table : memref<2xf32>
    %i = arith.constant 1 : index
    %x = memref.load %table[%i] : memref<2xf32>
    %y = func.call @expf(%x) : (f32) -> f32
    return %y : f32
  }
  func.func @hornet_predict() -> f32 {
    %table = memref.get_global @table : memref<2xf32>
    %y = func.call @kernel() : () -> f32
    return %y : f32
  }
}
