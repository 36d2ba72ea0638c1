#include "test/differentiate/Cases.h"

#include <fmt/format.h>

namespace hornet::test {
namespace {

OpCase convolution(const char *name, const char *input, const char *filter, const char *result,
                   const char *settings) {
  return {fmt::format("convolution_{}", name),
          {input, filter},
          fmt::format("graph.convolution %a, %b {} : (A, B) -> <{}>", settings, result)};
}

} // namespace

const std::vector<OpCase> &wideCases() {
  static const std::vector<OpCase> cases = {
      convolution("wide", "?x9x8x17", "3x3x17x20", "?x7x6x20",
                  "strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 1"),
      convolution("wide_same", "?x7x7x16", "3x3x16x24", "?x7x7x24",
                  "strides [1, 1] low [1, 1] high [1, 1] dilations [1, 1] groups 1"),
      convolution("wide_blocks", "?x7x8x40", "3x3x40x136", "?x5x6x136",
                  "strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 1"),
      convolution("wide_primes", "?x6x6x37", "3x3x37x127", "?x4x4x127",
                  "strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 1"),
      convolution("wide_strides", "?x11x13x8", "3x3x8x16", "?x6x7x16",
                  "strides [2, 2] low [1, 1] high [1, 1] dilations [1, 1] groups 1"),
      convolution("wide_strides_above_the_filter", "?x10x11x9", "2x1x9x33", "?x3x3x33",
                  "strides [3, 4] low [0, 0] high [0, 0] dilations [1, 1] groups 1"),
      convolution("wide_dilations", "?x11x12x8", "3x3x8x16", "?x7x6x16",
                  "strides [1, 1] low [0, 0] high [0, 0] dilations [2, 3] groups 1"),
      convolution("wide_groups", "?x8x8x16", "3x3x4x32", "?x6x6x32",
                  "strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 4"),
      convolution("depthwise", "?x9x9x19", "3x3x1x19", "?x5x5x19",
                  "strides [2, 2] low [1, 1] high [1, 1] dilations [1, 1] groups 19"),
      convolution("depthwise_multiplied", "?x8x8x9", "3x3x1x18", "?x6x6x18",
                  "strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 9"),
      convolution("one_element", "?x6x6x24", "1x1x24x40", "?x6x6x40",
                  "strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] groups 1"),
      {"einsum_scores",
       {"?x21x3x37", "?x19x3x37"},
       "graph.einsum \"bqhd,bkhd->bhqk\" %a, %b : (A, B) -> <?x3x21x19>"},
      {"einsum_of_values",
       {"?x3x21x19", "?x19x3x37"},
       "graph.einsum \"bhqk,bkhd->bqhd\" %a, %b : (A, B) -> <?x21x3x37>"},
      {"einsum_of_vectors",
       {"?x40", "?x33x40"},
       "graph.einsum \"bk,bnk->bn\" %a, %b : (A, B) -> <?x33>"},
      {"matmul_wide", {"?x70", "70x33"}, "graph.matmul %a, %b : (A, B) -> <?x33>"},
      {"matmul_narrow", {"?x129", "129x1"}, "graph.matmul %a, %b : (A, B) -> <?x1>"},
      {"log_softmax_wide", {"?x37"}, "graph.log_softmax %a dimension 1 : A"},
      {"softmax_wide", {"?x5x37"}, "graph.softmax %a dimension 2 : A"},
      {"softplus_wide", {"?x100"}, "graph.softplus %a : A"},
      {"gather_wide",
       {"4x37", "?x50"},
       "graph.gather %a, %b dimension 0 batch 0 : (A, B) -> <?x50x37>",
       Domain::positive},
      {"gather_wide_and_added",
       {"3x64", "?x20", "20x64"},
       "%g = graph.gather %a, %b dimension 0 batch 0 : (A, B) -> tensor<?x20x64xf32>\ngraph.add "
       "%g, %c : (tensor<?x20x64xf32>, C) -> tensor<?x20x64xf32>",
       Domain::positive},
      {"gather_along_wide",
       {"?x3x17", "?x3x70"},
       "graph.gather %a, %b dimension 2 batch 2 : (A, B) -> <?x3x70>",
       Domain::positive},
      {"reverse_wide", {"?x19x17"}, "graph.reverse %a dimensions [1, 2] : A"},
      {"batch_sum", {"?x45x3"}, "graph.reduce_sum %a dimensions [0, 1] : (A) -> <3>"},
      {"batch_max", {"?x45"}, "graph.reduce_max %a dimensions [0] : (A) -> <45>"},
      {"max_pool_wide",
       {"?x9x8x20"},
       "graph.max_pool %a window [2, 2] strides [2, 2] low [0, 0] high [0, 0]"
       " : (A) -> <?x4x4x20>"},
      {"max_pool_behind_a_convolution",
       {"?x8x9x32", "3x3x32x48", "48"},
       "%o = graph.convolution %a, %b strides [1, 1] low [1, 1] high [1, 1] dilations [1, 1] "
       "groups 1"
       " : (A, B) -> tensor<?x8x9x48xf32>\n"
       "%p = graph.max_pool %o window [2, 2] strides [2, 2] low [0, 0] high [0, 0]"
       " : (tensor<?x8x9x48xf32>) -> tensor<?x4x4x48xf32>\n"
       "%q = graph.relu %p : tensor<?x4x4x48xf32>\n"
       "graph.add %q, %c : (tensor<?x4x4x48xf32>, C) -> <?x4x4x48>"},
      {"max_pool_wide_overlapping",
       {"?x9x8x20"},
       "graph.max_pool %a window [3, 3] strides [2, 2] low [1, 1] high [1, 0]"
       " : (A) -> <?x5x4x20>"},
      {"average_pool_wide",
       {"?x8x8x20"},
       "graph.average_pool %a window [3, 3] strides [2, 2] low [1, 1] high [1, 1]"
       " : (A) -> <?x4x4x20>"},
      {"dilated_filter_gradient",
       {"?x14x9", "?x3x10"},
       "graph.filter_gradient %a, %b window [3] strides [4] low [1] high [0] dilations [2] groups 1"
       " : (A, B) -> <3x9x10>"},
  };
  return cases;
}

} // namespace hornet::test
