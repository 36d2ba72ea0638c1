// RUN: hornet-opt %s --split-input-file --convert-strided-transfers | FileCheck %s

// Every other element: one by one.

// CHECK-LABEL: func.func @every_other
// CHECK-NOT: vector.transfer_read
// CHECK: memref.load
func.func @every_other(%x: memref<8xf32, strided<[2]>>) -> vector<4xf32> {
  %i = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %v = vector.transfer_read %x[%i], %zero {in_bounds = [true]} : memref<8xf32, strided<[2]>>, vector<4xf32>
  return %v : vector<4xf32>
}

// -----

// Neighbors: a load of a vector, later.

// CHECK-LABEL: func.func @neighbors
// CHECK: vector.transfer_read
func.func @neighbors(%x: memref<8xf32>) -> vector<4xf32> {
  %i = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %v = vector.transfer_read %x[%i], %zero {in_bounds = [true]} : memref<8xf32>, vector<4xf32>
  return %v : vector<4xf32>
}
