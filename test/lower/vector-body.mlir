// RUN: hornet-opt %s --pass-pipeline='builtin.module(func.func(schedule),canonicalize)' | FileCheck %s

// Places that are computed from elements are computed one by one: affine.apply takes no vectors.

// CHECK-LABEL: func.func @computed_places
// CHECK: %[[WHICH:.*]] = arith.index_cast {{.*}} : vector<8xi32> to vector<8xindex>
// CHECK: %[[FIRST:.*]] = vector.extract %[[WHICH]][0]
// CHECK: %[[PLACE:.*]] = affine.apply #map()[%[[FIRST]]]
// CHECK: tensor.extract %{{.*}}[%[[PLACE]]]
// CHECK: vector.from_elements
func.func @computed_places(%which: tensor<8xi32>, %flat: tensor<160xf32>, %y: tensor<8xf32>) -> tensor<8xf32> {
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%which : tensor<8xi32>) outs(%y : tensor<8xf32>) {
  ^bb0(%w: i32, %out: f32):
    %i = arith.index_cast %w : i32 to index
    %p = affine.apply affine_map<(d0) -> (d0 * 4 + 1)>(%i)
    %e = tensor.extract %flat[%p] : tensor<160xf32>
    linalg.yield %e : f32
  } -> tensor<8xf32>
  return %r : tensor<8xf32>
}
