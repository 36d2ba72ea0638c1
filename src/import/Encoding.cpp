// Layers that make numbers of whole numbers: bins and one-hot vectors.

#include "import/HostLayers.h"
#include "import/Importers.h"

#include <fmt/format.h>
#include <numeric>

using namespace mlir;

namespace hornet::import {

using graph::Term;

static constexpr std::string_view modes[] = {"multi_hot", "one_hot", "count", "int"};

/// x with one more dimension, of an element: (…, n) to (…, n, 1).
static Term column(Term x) {
  SmallVector<int64_t> shape(x.type().getShape());
  shape.push_back(1);
  return reshape(x, shape);
}

Term encode(LayerImport &layer, Term x, int64_t depth, std::string_view mode) {
  if (mode == "int")
    return x;
  auto rank = x.type().getRank();
  if (mode == "one_hot" && rank > 1 && x.type().getShape().back() == 1)
    x = reshape(x, x.type().getShape().drop_back());
  SmallVector<float> numbers(depth);
  std::iota(numbers.begin(), numbers.end(), 0.0f);
  Term hot = where(equals(column(x), {x.builder, layer.vector(numbers)}), x.scalar(1), 0);
  if (mode == "one_hot" || x.type().getRank() < 2)
    return hot;
  Term result{x.builder,
              mode == "count"
                  ? graph::ReduceSumOp::create(*x.builder, hot.value, int64_t{1}).getResult()
                  : graph::ReduceMaxOp::create(*x.builder, hot.value, int64_t{1}).getResult()};
  return result;
}

/// output_mode; refuses sparse tensors.
static std::string modeOf(LayerImport &layer, bool canBeInt) {
  if (layer.flag("sparse", false))
    layer.problem("sparse", "sparse tensors are not supported", "set sparse to False");
  return layer.word("output_mode", ArrayRef(modes).drop_back(canBeInt ? 0 : 1));
}

/// https://keras.io/api/layers/preprocessing_layers/categorical/category_encoding/
void importCategoryEncoding(LayerImport &layer) {
  int64_t depth = layer.positive("num_tokens");
  std::string mode = modeOf(layer, /*canBeInt=*/false);
  Value x = layer.input();
  if (!layer.ready() ||
      !layer.fits({elementsOf(cast<RankedTensorType>(x.getType()).getShape()), depth}))
    return;
  ImplicitLocOpBuilder builder(layer.location(), layer.builder());
  Term whole = graph::apply<graph::TruncOp>(Term{&builder, x});
  layer.result(encode(layer, whole, depth, mode).value);
}

/// https://keras.io/api/layers/preprocessing_layers/numerical/discretization/: the number of
/// boundaries that are not above x.
void importDiscretization(LayerImport &layer) {
  std::string mode = layer.find("output_mode") ? modeOf(layer, /*canBeInt=*/true) : "int";
  const Json *given = layer.find("bin_boundaries");
  layer.ignore({"num_bins", "epsilon"}); // by these the boundaries were found
  SmallVector<float> boundaries;
  if (given && given->is_array())
    for (const Json &boundary : *given)
      if (boundary.is_number())
        boundaries.push_back(boundary.get<float>());
  if (!given || boundaries.empty() || boundaries.size() != given->size() ||
      !llvm::is_sorted(boundaries))
    layer.problem("bin_boundaries", "bin_boundaries must be a list of increasing numbers",
                  "give them, or adapt the layer before the model is saved");
  Value x = layer.input();
  auto count = static_cast<int64_t>(boundaries.size());
  if (!layer.ready() ||
      !layer.fits({elementsOf(cast<RankedTensorType>(x.getType()).getShape()), count + 1}))
    return;
  ImplicitLocOpBuilder builder(layer.location(), layer.builder());
  Term term{&builder, x};
  Term above = where(column(term) >= Term{&builder, layer.vector(boundaries)}, term.scalar(1), 0);
  int64_t last = term.type().getRank();
  Term bin{&builder, graph::ReduceSumOp::create(builder, above.value, last)};
  layer.result(encode(layer, bin, count + 1, mode).value);
}

} // namespace hornet::import
