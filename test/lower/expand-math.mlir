// RUN: hornet-opt %s --expand-math | FileCheck %s

// CHECK-LABEL: func.func @vectors_are_polynomials
// CHECK-NOT: math.exp
// CHECK: return
func.func @vectors_are_polynomials(%x: vector<8xf32>) -> vector<8xf32> {
  %0 = math.exp %x : vector<8xf32>
  return %0 : vector<8xf32>
}

// CHECK-LABEL: func.func @scalars_stay_calls
// CHECK: math.exp
func.func @scalars_stay_calls(%x: f32) -> f32 {
  %0 = math.exp %x : f32
  return %0 : f32
}
