#include "graph/Arithmetic.h"
#include "import/ActivationLayers.h"
#include "import/Importers.h"

#include <fmt/format.h>

using namespace mlir;

namespace hornet::import {

namespace {
/// "abc,cd->abd": a letter each dimension, those that stand for "..." being digits.
struct Equation {
  std::string input, kernel, output;
  size_t elided = 0; ///< dimensions of "..."
  bool elidedLast = false;
};
} // namespace

static bool has(std::string_view labels, char label) { return labels.find(label) != labels.npos; }

/// Each label once, letters alone but for one "...", which becomes `elided`.
static std::optional<std::string> labelsOf(StringRef text, std::string_view elided) {
  std::string labels;
  auto [before, after] = text.split("...");
  labels = before.str() + (before.size() != text.size() ? std::string(elided) : "") + after.str();
  for (size_t i = 0; i < labels.size(); ++i)
    if (!llvm::isAlnum(labels[i]) || labels.find(labels[i], i + 1) != labels.npos)
      return std::nullopt;
  if (llvm::any_of(before, llvm::isDigit) || llvm::any_of(after, llvm::isDigit))
    return std::nullopt;
  return labels;
}

static std::optional<Equation> parse(StringRef text, size_t rank) {
  std::string compact;
  for (char c : text)
    if (c != ' ')
      compact.push_back(c);
  auto [operands, output] = StringRef(compact).split("->");
  auto [input, kernel] = operands.split(',');
  size_t named = llvm::count_if(input, llvm::isAlpha);
  Equation equation;
  equation.elidedLast = input.ends_with("...");
  bool elides = input.contains("...");
  if (elides != output.contains("...") || kernel.contains("...") || rank < named ||
      (elides && rank - named > 10))
    return std::nullopt;
  equation.elided = elides ? rank - named : 0;
  std::string_view digits = std::string_view("0123456789").substr(0, equation.elided);
  auto x = labelsOf(input, digits), w = labelsOf(kernel, ""), y = labelsOf(output, digits);
  if (!x || !w || !y || x->size() != rank || w->empty() || y->empty())
    return std::nullopt;
  equation.input = *x, equation.kernel = *w, equation.output = *y;
  return equation;
}

/// The extent of each label: those of the input, then those of output_shape. Reports a misfit.
static std::map<char, int64_t> extentsOf(LayerImport &layer, const Equation &equation, Value x) {
  std::map<char, int64_t> extents;
  for (auto [label, extent] : llvm::zip_equal(equation.input, toShape(x)))
    extents[label] = extent;
  std::string named;
  for (char label : equation.output)
    if (llvm::isAlpha(label))
      named.push_back(label);
  if (equation.elided == 0 || equation.elidedLast)
    named.erase(0, 1); // the batch
  const Json *shape = layer.find("output_shape");
  Json list = shape && shape->is_array() ? *shape : Json::array({shape ? *shape : Json()});
  if (list.size() != named.size()) {
    layer.problem("output_shape",
                  fmt::format("output_shape has {} entries, the equation's output {}", list.size(),
                              named.size()));
    return {};
  }
  for (auto [label, extent] : llvm::zip_equal(named, list)) {
    auto known = extents.find(label);
    if (extent.is_null() && known != extents.end())
      continue;
    int64_t given = extent.is_number_integer() ? extent.get<int64_t>() : 0;
    if (given < 1 || given > largestInteger || (known != extents.end() && known->second != given)) {
      layer.problem("output_shape",
                    fmt::format("output_shape has {} for '{}', which does not fit {}",
                                describe(extent), label, shapeOf(x)));
      return {};
    }
    extents[label] = given;
  }
  return extents;
}

static SmallVector<int64_t> places(std::string_view of, std::string_view in) {
  return llvm::map_to_vector(of, [&](char label) { return static_cast<int64_t>(in.find(label)); });
}

/// As one product of matrices: the input's free and contracted dimensions, the kernel's contracted
/// and new ones.
static Value product(LayerImport &layer, const Equation &e, std::map<char, int64_t> &extents,
                     Value x, Value kernel) {
  std::string free, contracted, fresh;
  for (char label : e.input)
    if (!has(e.kernel, label))
      free.push_back(label);
  for (char label : e.kernel)
    (has(e.input, label) ? contracted : fresh).push_back(label);
  int64_t inner = 1, columns = 1;
  for (char label : contracted)
    inner *= extents[label];
  SmallVector<int64_t> rows = {ShapedType::kDynamic}, shape;
  for (char label : ArrayRef(free.data(), free.size()).drop_front())
    rows.push_back(extents[label]);
  shape = rows;
  for (char label : fresh) {
    columns *= extents[label];
    shape.push_back(extents[label]);
  }
  rows.push_back(inner);
  x = layer.reshape(layer.transpose(x, places(free + contracted, e.input)), rows);
  kernel = layer.reshape(layer.transpose(kernel, places(contracted + fresh, e.kernel)),
                         {inner, columns});
  Value y = layer.reshape(layer.create<graph::MatmulOp>(x, kernel), shape);
  return layer.transpose(y, places(e.output, free + fresh));
}

/// The extents along bias_axes, from the first of them on, with 1 between.
static Shape biasShape(LayerImport &layer, const Equation &equation,
                       std::map<char, int64_t> &extents) {
  const Json *axes = layer.find("bias_axes");
  std::string letters = axes && axes->is_string() ? axes->get<std::string>() : "";
  Shape shape;
  for (char label : equation.output)
    if (has(letters, label) || !shape.empty())
      shape.push_back(has(letters, label) ? extents[label] : 1);
  bool known = llvm::all_of(letters, [&](char c) { return has(equation.output, c); });
  if (axes && (shape.empty() || !known || has(letters, equation.output.front())))
    layer.problem("bias_axes", fmt::format("bias_axes must be letters of the output '{}' but its "
                                           "first, got {}",
                                           equation.output, describe(*axes)));
  return shape;
}

/// https://keras.io/api/layers/core_layers/einsum_dense/
void importEinsumDense(LayerImport &layer) {
  const Json *text = layer.find("equation");
  Activation activation = readActivation(layer);
  Value x = layer.input();
  if (!layer.ready())
    return;
  std::optional<Equation> equation;
  if (text && text->is_string())
    equation = parse(text->get_ref<const std::string &>(), toShape(x).size());
  if (!equation)
    return layer.problem("equation",
                         fmt::format("equation {} does not fit an input of shape {}",
                                     text ? describe(*text) : "is missing and", shapeOf(x)),
                         "write it as \"abc,cd->abd\", a letter each dimension");
  const auto &[input, kernel, output, elided, elidedLast] = *equation;
  bool batched = output.front() == input.front() && !has(kernel, input.front());
  bool plain = llvm::all_of(input, [&](char c) { return has(kernel, c) != has(output, c); }) &&
               llvm::all_of(kernel, [&](char c) { return has(input, c) != has(output, c); }) &&
               llvm::all_of(output, [&](char c) { return has(input, c) != has(kernel, c); });
  if (!batched || !plain)
    return layer.problem("equation",
                         fmt::format("the equation {} is not supported: each letter must be in two "
                                     "of input, kernel and output, and the batch lead both",
                                     describe(*text)),
                         "permute the dimensions, or use other layers");
  std::map<char, int64_t> extents = extentsOf(layer, *equation, x);
  if (layer.failed())
    return;
  Shape bias = biasShape(layer, *equation, extents), shape;
  for (char label : kernel)
    shape.push_back(extents[label]);
  Value weights = layer.parameter("kernel", shape);
  if (layer.failed())
    return;
  Value y = product(layer, *equation, extents, x, weights);
  if (!bias.empty())
    y = layer.create<graph::AddOp>(y, layer.parameter("bias", bias));
  layer.result(activate(layer, activation, y));
}

} // namespace hornet::import
