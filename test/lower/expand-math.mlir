// RUN: hornet-opt %s --expand-math | FileCheck %s

// CHECK-LABEL: func.func @vectors_are_polynomials
// CHECK-NOT: math.exp
// CHECK: return
func.func @vectors_are_polynomials(%x: vector<8xf32>) -> vector<8xf32> {
  %0 = math.exp %x : vector<8xf32>
  return %0 : vector<8xf32>
}

// A quotient of exponentials, not upstream's of polynomials; what is NaN stays NaN.
// CHECK-LABEL: func.func @tanh_is_ours
// CHECK: %[[LIMIT:.*]] = arith.constant dense<1.810000e+01>
// CHECK: %[[ABOVE:.*]] = arith.cmpf olt, %[[LIMIT]], %[[TWICE:.*]] :
// CHECK: arith.select %[[ABOVE]], %[[LIMIT]], %[[TWICE]]
// CHECK: arith.shli
// CHECK: arith.bitcast
// CHECK: arith.divf
// CHECK: math.copysign
// CHECK-NOT: math.tanh
func.func @tanh_is_ours(%x: vector<8xf32>) -> vector<8xf32> {
  %0 = math.tanh %x : vector<8xf32>
  return %0 : vector<8xf32>
}

// CHECK-LABEL: func.func @scalars_stay_calls
// CHECK: math.exp
func.func @scalars_stay_calls(%x: f32) -> f32 {
  %0 = math.exp %x : f32
  return %0 : f32
}
