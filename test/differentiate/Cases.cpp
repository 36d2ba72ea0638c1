#include "test/differentiate/Cases.h"

#include <fmt/format.h>
#include <regex>

namespace hornet::test {
namespace {

using Cases = std::vector<OpCase>;

/// All that have the form `%y = graph.op %x : type`.
void addUnary(Cases &cases) {
  for (const char *name : {"abs", "ceil", "cos", "erf", "exp", "expm1", "floor", "negate", "relu",
                           "round", "sigmoid", "sign", "sin", "softplus", "tanh", "trunc"})
    cases.push_back({name, {"?x5"}, std::string("graph.") + name + " %a : A"});
  for (const char *name : {"log", "log1p", "rsqrt", "sqrt"})
    cases.push_back({name, {"2x4"}, std::string("graph.") + name + " %a : A", Domain::positive});
}

void addBinary(Cases &cases) {
  struct {
    const char *name, *left, *right, *result;
  } static const shapes[] = {
      {"same", "2x3", "2x3", "2x3"},
      {"bias", "?x4x3", "3", "?x4x3"},
      {"scalar_left", "", "?x3", "?x3"},
      {"both", "4x1", "1x3", "4x3"},
      {"lower_rank_left", "1x3", "?x4x3", "?x4x3"},
      {"inner", "2x1x3", "2x4x1", "2x4x3"},
  };
  for (const char *name :
       {"add", "subtract", "multiply", "divide", "maximum", "minimum", "power", "atan2"})
    for (auto [how, left, right, result] : shapes)
      cases.push_back({std::string(name) + "_" + how,
                       {left, right},
                       std::string("graph.") + name + " %a, %b : (A, B) -> <" + result + ">",
                       Domain::positive});
}

const Cases others = {
    {"select",
     {"2x3", "2x3"},
     "%p = graph.compare gt %a, %b : (A, B) -> tensor<2x3xi1>\n"
     "graph.select %p, %a, %b : (tensor<2x3xi1>, A, B) -> A"},
    {"select_broadcast",
     {"?x1", "3", "1x3"},
     "%p = graph.compare le %a, %b : (A, B) -> tensor<?x3xi1>\n"
     "graph.select %p, %a, %c : (tensor<?x3xi1>, A, C) -> <?x3>"},
    {"compare_is_constant",
     {"2x3", "2x3"},
     "%p = graph.compare gt %a, %b : (A, B) -> tensor<2x3xi1>\n"
     "graph.select %p, %b, %b : (tensor<2x3xi1>, B, B) -> A"},

    {"matmul", {"?x4", "4x3"}, "graph.matmul %a, %b : (A, B) -> <?x3>"},
    {"matmul_vector", {"4", "4x3"}, "graph.matmul %a, %b : (A, B) -> <3>"},
    {"matmul_of_images", {"?x2x3x4", "4x5"}, "graph.matmul %a, %b : (A, B) -> <?x2x3x5>"},

    {"einsum_matrices",
     {"?x3x4", "?x4x5"},
     "graph.einsum \"bmk,bkn->bmn\" %a, %b : (A, B) -> <?x3x5>"},
    {"einsum_transposed",
     {"?x3x4", "?x5x4"},
     "graph.einsum \"bmk,bnk->bmn\" %a, %b : (A, B) -> <?x3x5>"},
    {"einsum_heads",
     {"?x3x2x4", "?x5x2x4"},
     "graph.einsum \"bqhd,bkhd->bhqk\" %a, %b : (A, B) -> <?x2x3x5>"},
    {"einsum_both_transposed",
     {"?x3x2x4", "?x5x4x3"},
     "graph.einsum \"bcad,bedc->bea\" %a, %b : (A, B) -> <?x5x2>"},
    {"einsum_of_a_parameter",
     {"3x2x4", "?x5x3"},
     "graph.einsum \"mhd,bqm->bqhd\" %a, %b : (A, B) -> <?x5x2x4>"},
    {"einsum_over_the_batch",
     {"?x3", "?x4"},
     "graph.einsum \"bm,bn->mn\" %a, %b : (A, B) -> <3x4>"},
    {"einsum_of_pairs", {"?x3", "?x3"}, "graph.einsum \"bk,bk->b\" %a, %b : (A, B) -> <?>"},
    {"einsum_outer", {"?x3", "?x4"}, "graph.einsum \"bm,bn->bmn\" %a, %b : (A, B) -> <?x3x4>"},
    {"einsum_scalar", {"3x4", "3x4"}, "graph.einsum \"ab,ab->\" %a, %b : (A, B) -> <>"},

    {"reduce_sum", {"2x3x4"}, "graph.reduce_sum %a dimensions [1] : (A) -> <2x4>"},
    {"reduce_sum_batch", {"?x3"}, "graph.reduce_sum %a dimensions [0] : (A) -> <3>"},
    {"reduce_sum_all", {"?x3"}, "graph.reduce_sum %a dimensions [0, 1] : (A) -> <>"},
    {"reduce_sum_none", {"2x3"}, "graph.reduce_sum %a dimensions [] : (A) -> <2x3>"},
    {"reduce_max", {"2x3x4"}, "graph.reduce_max %a dimensions [1, 2] : (A) -> <2>"},
    {"reduce_max_batch", {"?x3"}, "graph.reduce_max %a dimensions [0] : (A) -> <3>"},
    {"softmax", {"?x5"}, "graph.softmax %a dimension 1 : A"},
    {"softmax_inner", {"2x3x4"}, "graph.softmax %a dimension 1 : A"},
    {"log_softmax", {"?x5"}, "graph.log_softmax %a dimension 1 : A"},
    {"log_softmax_inner", {"2x3x4"}, "graph.log_softmax %a dimension 1 : A"},
    {"batch_norm",
     {"?x2x3", "3", "3", "3", "3"},
     "graph.batch_norm %a, %b, %c, %d, %e epsilon 1.0e-1 : (A, B, C, D, E) -> A",
     Domain::positive},

    {"reshape", {"?x2x6"}, "graph.reshape %a : A -> <?x3x4>"},
    {"transpose", {"?x2x3x4"}, "graph.transpose %a permutation [0, 3, 1, 2] : (A) -> <?x4x2x3>"},
    {"reverse", {"?x3x2"}, "graph.reverse %a dimensions [1, 2] : A"},
    {"broadcast", {"2x1", "?x2x3"}, "graph.broadcast %a, %b : (A, B) -> B"},
    {"broadcast_scalar", {"", "2x3"}, "graph.broadcast %a, %b : (A, B) -> B"},
    {"extent", {"?x3"}, "graph.extent %a dimension 0 : A -> <>"},
    {"random_uniform",
     {"?x3"},
     "%k = graph.constant dense<[1, 2, 3, 4]> : tensor<4xi32>\n"
     "graph.random_uniform %k, %a stream 1 : (tensor<4xi32>, A) -> A"},
    {"pad", {"?x2x3"}, "graph.pad %a low [0, 1, 0] high [0, 0, 2] value 3.0 : (A) -> <?x3x5>"},
    {"slice",
     {"?x7x3"},
     "graph.slice %a start [0, 1, 1] limit [-1, 6, 3] strides [1, 1, 1] : (A) -> <?x5x2>"},
    {"slice_with_strides",
     {"3x8x5"},
     "graph.slice %a start [0, 1, 0] limit [3, 7, 5] strides [2, 3, 4] : (A) -> <2x2x2>"},
    {"gather",
     {"4x3", "?x5"},
     "graph.gather %a, %b dimension 0 batch 0 : (A, B) -> <?x5x3>",
     Domain::positive},
    {"gather_one",
     {"4x2x3", ""},
     "graph.gather %a, %b dimension 1 batch 0 : (A, B) -> <4x3>",
     Domain::positive},
    {"gather_elements",
     {"4", "?x5"},
     "graph.gather %a, %b dimension 0 batch 0 : (A, B) -> <?x5>",
     Domain::positive},
    {"gather_inner",
     {"?x4x3x2", "5"},
     "graph.gather %a, %b dimension 1 batch 0 : (A, B) -> <?x5x3x2>",
     Domain::positive},
    {"gather_last",
     {"?x3x4", "2x3"},
     "graph.gather %a, %b dimension 2 batch 0 : (A, B) -> <?x3x2x3>",
     Domain::positive},
    {"gather_along",
     {"?x3x4", "?x3x5"},
     "graph.gather %a, %b dimension 2 batch 2 : (A, B) -> <?x3x5>",
     Domain::positive},
    {"gather_by_sample",
     {"?x2x3x5", "?x4"},
     "graph.gather %a, %b dimension 2 batch 1 : (A, B) -> <?x2x4x5>",
     Domain::positive},
    {"concatenate",
     {"?x2", "?x3", "?x1"},
     "graph.concatenate %a, %b, %c dimension 1 : (A, B, C) -> <?x6>"},
    {"interleave", {"?x3x2", "?x2x2"}, "graph.interleave %a, %b dimension 1 : (A, B) -> <?x5x2>"},
    {"concatenate_of_one_twice",
     {"2x3x2"},
     "graph.concatenate %a, %a dimension 1 : (A, A) -> <2x6x2>"},
};

/// A convolution or pooling over two dimensions: extents and what slides.
struct Sliding {
  const char *name;
  int height, width, windowHeight, windowWidth;
  const char *strides, *low, *high, *dilations, *result;
};

const Sliding convolutions[] = {
    {"plain", 4, 5, 3, 3, "1, 1", "0, 0", "0, 0", "1, 1", "2x3"},
    {"padded", 3, 3, 3, 3, "1, 1", "1, 1", "1, 1", "1, 1", "3x3"},
    {"padded_unevenly", 4, 3, 2, 3, "1, 1", "0, 2", "1, 0", "1, 1", "4x3"},
    {"padded_by_more_than_the_filter", 2, 3, 2, 2, "1, 1", "3, 2", "2, 4", "1, 1", "6x8"},
    {"one_element", 3, 4, 1, 1, "1, 1", "0, 0", "0, 0", "1, 1", "3x4"},
    {"strides", 5, 7, 3, 3, "2, 2", "0, 0", "0, 0", "1, 1", "2x3"},
    {"strides_padded", 5, 6, 3, 3, "2, 2", "1, 0", "1, 1", "1, 1", "3x3"},
    {"strides_leave_a_rest", 6, 8, 3, 2, "2, 3", "0, 0", "0, 0", "1, 1", "2x3"},
    {"strides_above_the_filter", 7, 8, 1, 2, "3, 3", "0, 0", "0, 0", "1, 1", "3x3"},
    {"stride_along_one", 4, 5, 3, 2, "1, 2", "1, 0", "1, 1", "1, 1", "4x3"},
    {"strides_padded_by_much", 3, 4, 3, 3, "2, 3", "4, 3", "3, 4", "1, 1", "4x3"},
    {"dilations", 6, 7, 3, 2, "1, 1", "0, 0", "0, 0", "2, 3", "2x4"},
    {"dilations_padded", 4, 4, 3, 3, "1, 1", "2, 2", "2, 2", "2, 2", "4x4"},
    {"strides_and_dilations", 7, 8, 3, 2, "2, 2", "1, 0", "0, 1", "2, 3", "2x3"},
};

const Sliding pools[] = {
    {"apart", 4, 6, 2, 3, "2, 3", "0, 0", "0, 0", "", "2x2"},
    {"apart_with_a_rest", 5, 7, 2, 2, "2, 2", "0, 0", "0, 0", "", "2x3"},
    {"apart_padded", 3, 5, 2, 2, "2, 2", "1, 0", "0, 1", "", "2x3"},
    {"overlapping", 5, 5, 3, 3, "1, 2", "0, 0", "0, 0", "", "3x2"},
    {"overlapping_padded", 4, 5, 3, 3, "2, 1", "1, 1", "1, 1", "", "2x5"},
    {"with_gaps", 5, 7, 1, 2, "2, 3", "0, 0", "0, 0", "", "3x2"},
    {"global", 2, 3, 2, 3, "1, 1", "0, 0", "0, 0", "", "1x1"},
};

OpCase convolution(const Sliding &s, int channels, int filters, int groups) {
  return {fmt::format("convolution_{}_{}_to_{}_in_{}", s.name, channels, filters, groups),
          {fmt::format("?x{}x{}x{}", s.height, s.width, channels),
           fmt::format("{}x{}x{}x{}", s.windowHeight, s.windowWidth, channels / groups, filters)},
          fmt::format("graph.convolution %a, %b strides [{}] low [{}] high [{}] dilations [{}] "
                      "groups {} : (A, B) -> <?x{}x{}>",
                      s.strides, s.low, s.high, s.dilations, groups, s.result, filters)};
}

OpCase pool(const Sliding &s, std::string_view op) {
  return {
      fmt::format("{}_{}", op, s.name),
      {fmt::format("?x{}x{}x2", s.height, s.width)},
      fmt::format("graph.{} %a window [{}, {}] strides [{}] low [{}] high [{}] : (A) -> <?x{}x2>",
                  op, s.windowHeight, s.windowWidth, s.strides, s.low, s.high, s.result)};
}

void addWindows(Cases &cases) {
  struct {
    int channels, filters, groups;
  } static const channels[] = {{2, 3, 1}, {4, 6, 2}, {3, 3, 3}, {2, 4, 2}};
  for (const Sliding &sliding : convolutions)
    for (auto [inputs, filters, groups] : channels)
      cases.push_back(convolution(sliding, inputs, filters, groups));
  for (const char *op : {"max_pool", "average_pool"})
    for (const Sliding &sliding : pools)
      cases.push_back(pool(sliding, op));
  cases.push_back({"convolution_of_a_static_batch",
                   {"5x7x3", "3x3x2"},
                   "graph.convolution %a, %b strides [2] low [1] high [1] dilations [1] groups 1"
                   " : (A, B) -> <5x4x2>"});
  cases.push_back({"max_pool_of_a_static_batch",
                   {"5x7x3"},
                   "graph.max_pool %a window [3] strides [2] low [1] high [1] : (A) -> <5x4x3>"});
  cases.push_back({"convolution_1d",
                   {"?x7x2", "3x2x3"},
                   "graph.convolution %a, %b strides [2] low [1] high [0] dilations [1] groups 1"
                   " : (A, B) -> <?x3x3>"});
  cases.push_back({"convolution_3d",
                   {"?x3x4x3x2", "2x3x2x2x2"},
                   "graph.convolution %a, %b strides [1, 2, 2] low [0, 1, 0] high [0, 1, 1]"
                   " dilations [1, 1, 1] groups 1 : (A, B) -> <?x2x2x2x2>"});
  cases.push_back({"max_pool_1d",
                   {"?x5x2"},
                   "graph.max_pool %a window [3] strides [2] low [1] high [1] : (A) -> <?x3x2>"});
}

} // namespace

static std::string tensorOf(const std::string &shape, const std::string &element) {
  return "tensor<" + shape + (shape.empty() ? "" : "x") + element + ">";
}

std::string OpCase::function(const std::string &element) const {
  std::string arguments, body = "\n" + op;
  body.insert(body.rfind('\n') + 1, "%y = ");
  body = std::regex_replace(body, std::regex("([ (])<([^>]*)>"), "$1" + tensorOf("$2", element));
  body = std::regex_replace(body, std::regex("tensor<x"), "tensor<");
  for (size_t i = 0; i < shapes.size(); ++i) {
    std::string type = tensorOf(shapes[i], element);
    arguments += fmt::format("{}%{}: {}", i ? ", " : "", char('a' + i), type);
    body = std::regex_replace(body, std::regex(fmt::format("\\b{}\\b", char('A' + i))), type);
  }
  // What follows the last line's arrow, or its last colon, is the result's type.
  size_t line = body.rfind('\n'), arrow = body.find("-> ", line), colon = body.rfind(": ");
  std::string result = body.substr(arrow != body.npos ? arrow + 3 : colon + 2);
  return fmt::format("func.func @f({}) -> {} {{{}\nreturn %y : {}\n}}", arguments, result, body,
                     result);
}

const std::vector<OpCase> &opCases() {
  static const Cases all = [] {
    Cases cases;
    addUnary(cases);
    addBinary(cases);
    cases.insert(cases.end(), others.begin(), others.end());
    addWindows(cases);
    cases.insert(cases.end(), scanCases().begin(), scanCases().end());
    return cases;
  }();
  return all;
}

} // namespace hornet::test
