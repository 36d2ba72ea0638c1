// The rules of the interpreter for ops that sum products or slide a window, and their kin.

#include "graph/Einsum.h"
#include "test/graph/InterpreterRules.h"

#include <cmath>
#include <map>

using namespace mlir;
using namespace hornet::graph;

namespace hornet::test {

static Array matmul(Operation *, Inputs in) {
  Index shape = llvm::to_vector(in[0].shape);
  int64_t inner = shape.back(), columns = in[1].shape[1];
  shape.back() = columns;
  Array result(shape);
  for (size_t i = 0; i < result.values.size(); ++i)
    for (int64_t k = 0; k < inner; ++k)
      result.values[i] +=
          in[0].values[i / columns * inner + k] * in[1].values[k * columns + i % columns];
  return result;
}

static Array einsum(Operation *op, Inputs in) {
  auto letters = *EinsumLetters::parse(cast<EinsumOp>(op).getEquation());
  std::map<char, int64_t> extents;
  for (auto [text, x] : {std::pair(letters.lhs, &in[0]), {letters.rhs, &in[1]}})
    for (auto [letter, extent] : llvm::zip_equal(text, x->shape))
      extents[letter] = extent;
  Index shape, all;
  std::string order;
  for (char letter : letters.result)
    shape.push_back(extents.at(letter));
  for (auto [letter, extent] : extents) {
    order.push_back(letter);
    all.push_back(extent);
  }
  Array result(shape);
  forEach(all, [&](ArrayRef<int64_t> place) {
    auto index = [&](const std::string &text) {
      return llvm::to_vector(
          llvm::map_range(text, [&](char letter) { return place[order.find(letter)]; }));
    };
    at(result, index(letters.result)) +=
        at(in[0], index(letters.lhs)) * at(in[1], index(letters.rhs));
  });
  return result;
}

namespace {
struct Window {
  ArrayRef<int64_t> size, strides, low;
  Index dilations;
};
} // namespace

/// Calls `f` with each place of the window that lies inside of `x` (offset in the window, and index
/// in x, with channel 0), for the result at `index`.
static void forWindow(const Array &x, const Window &window, ArrayRef<int64_t> index,
                      function_ref<void(ArrayRef<int64_t>, Index &)> f) {
  forEach(window.size, [&](ArrayRef<int64_t> offset) {
    Index source = {index[0]};
    for (size_t d = 0; d < offset.size(); ++d) {
      int64_t i =
          index[d + 1] * window.strides[d] + offset[d] * window.dilations[d] - window.low[d];
      if (i < 0 || i >= x.shape[d + 1])
        return;
      source.push_back(i);
    }
    source.push_back(0);
    f(offset, source);
  });
}

/// The type's shape, with the batch of `x`.
static Index resultShape(Operation *op, const Array &x) {
  Index shape(cast<RankedTensorType>(op->getResult(0).getType()).getShape());
  if (ShapedType::isDynamic(shape[0]))
    shape[0] = x.shape[0];
  return shape;
}

static Array convolution(Operation *op, Inputs in) {
  auto conv = cast<ConvolutionOp>(op);
  Array &x = in[0], &filter = in[1], result(resultShape(op, x));
  Window window = {ArrayRef(filter.shape).drop_back(2), conv.getStrides(), conv.getLow(),
                   llvm::to_vector(conv.getDilations())};
  int64_t channels = filter.shape.end()[-2];
  int64_t filtersAGroup = filter.shape.back() / static_cast<int64_t>(conv.getGroups());
  forEach(result.shape, [&](ArrayRef<int64_t> index) {
    double &sum = at(result, index);
    int64_t first = index.back() / filtersAGroup * channels;
    forWindow(x, window, index, [&](ArrayRef<int64_t> offset, Index &source) {
      Index weight = llvm::to_vector(offset);
      weight.append({0, index.back()});
      for (int64_t c = 0; c < channels; ++c) {
        source.back() = first + c;
        weight.end()[-2] = c;
        sum += at(x, source) * at(filter, weight);
      }
    });
  });
  return result;
}

static Array filterGradient(Operation *op, Inputs in) {
  auto gradient = cast<FilterGradientOp>(op);
  Array &x = in[0], &dy = in[1], result(gradient.getType().getShape());
  Window window = {gradient.getWindow(), gradient.getStrides(), gradient.getLow(),
                   llvm::to_vector(gradient.getDilations())};
  int64_t channels = result.shape.end()[-2];
  int64_t filtersAGroup = result.shape.back() / static_cast<int64_t>(gradient.getGroups());
  forEach(dy.shape, [&](ArrayRef<int64_t> index) {
    int64_t first = index.back() / filtersAGroup * channels;
    forWindow(x, window, index, [&](ArrayRef<int64_t> offset, Index &source) {
      Index weight = llvm::to_vector(offset);
      weight.append({0, index.back()});
      for (int64_t c = 0; c < channels; ++c) {
        source.back() = first + c;
        weight.end()[-2] = c;
        at(result, weight) += at(x, source) * at(dy, index);
      }
    });
  });
  return result;
}

static Array maxPoolIndex(Operation *op, Inputs in) {
  auto pool = cast<MaxPoolIndexOp>(op);
  Array &x = in[0], &maximum = in[1], result(maximum.shape);
  ArrayRef<int64_t> size = pool.getWindow();
  Window window = {size, pool.getStrides(), pool.getLow(), Index(size.size(), 1)};
  llvm::fill(result.values, -1);
  forEach(result.shape, [&](ArrayRef<int64_t> index) {
    forWindow(x, window, index, [&](ArrayRef<int64_t> offset, Index &source) {
      source.back() = index.back();
      int64_t number = 0;
      for (auto [extent, i] : llvm::zip_equal(size, offset))
        number = number * extent + i;
      if (at(result, index) < 0 && at(x, source) == at(maximum, index))
        at(result, index) = static_cast<double>(number);
    });
  });
  return result;
}

template <class Op, bool isMean> static Array pool(Operation *op, Inputs in) {
  auto pool = cast<Op>(op);
  Array &x = in[0], result(resultShape(op, x));
  Window window = {pool.getWindow(), pool.getStrides(), pool.getLow(),
                   Index(pool.getWindow().size(), 1)};
  forEach(result.shape, [&](ArrayRef<int64_t> index) {
    double sum = 0, most = -INFINITY, count = 0;
    forWindow(x, window, index, [&](ArrayRef<int64_t>, Index &source) {
      source.back() = index.back();
      double value = at(x, source);
      sum += value;
      most = std::isnan(value) || value > most ? value : most;
      ++count;
    });
    at(result, index) = isMean ? sum / count : most;
  });
  return result;
}

static Array batchNorm(Operation *op, Inputs in) {
  double epsilon = cast<BatchNormOp>(op).getEpsilon().convertToDouble();
  Array result = in[0];
  for (size_t i = 0; i < result.values.size(); ++i) {
    size_t c = i % in[1].values.size();
    result.values[i] = (in[0].values[i] - in[3].values[c]) / std::sqrt(in[4].values[c] + epsilon) *
                           in[1].values[c] +
                       in[2].values[c];
  }
  return result;
}

static Array concatenate(Operation *op, Inputs in) {
  auto dimension = cast<ConcatenateOp>(op).getDimension();
  Array result(resultShape(op, in[0]));
  int64_t first = 0;
  for (Array &x : in) {
    forEach(x.shape, [&](ArrayRef<int64_t> index) {
      Index target = llvm::to_vector(index);
      target[dimension] += first;
      at(result, target) = at(x, index);
    });
    first += x.shape[dimension];
  }
  return result;
}

static Array interleave(Operation *op, Inputs in) {
  auto dimension = cast<InterleaveOp>(op).getDimension();
  Array result(resultShape(op, in[0]));
  for (auto [k, x] : llvm::enumerate(in))
    forEach(x.shape, [&](ArrayRef<int64_t> index) {
      Index target = llvm::to_vector(index);
      target[dimension] = target[dimension] * static_cast<int64_t>(in.size()) + k;
      at(result, target) = at(x, index);
    });
  return result;
}

static Array pad(Operation *op, Inputs in) {
  auto pad = cast<PadOp>(op);
  Array result(resultShape(op, in[0]));
  llvm::fill(result.values, pad.getValue().convertToDouble());
  forEach(in[0].shape, [&](ArrayRef<int64_t> index) {
    Index target;
    for (auto [i, low] : llvm::zip_equal(index, pad.getLow()))
      target.push_back(i + low);
    at(result, target) = at(in[0], index);
  });
  return result;
}

static Array identity(Operation *, Inputs in) { return in[0]; }

void addContractions(llvm::StringMap<Rule> &rules) {
  rules["graph.average_pool"] = pool<AveragePoolOp, true>;
  rules["graph.batch_norm"] = batchNorm;
  rules["graph.concatenate"] = concatenate;
  rules["graph.interleave"] = interleave;
  rules["graph.convolution"] = convolution;
  rules["graph.dropout"] = identity;
  rules["graph.filter_gradient"] = filterGradient;
  rules["graph.einsum"] = einsum;
  rules["graph.matmul"] = matmul;
  rules["graph.max_pool"] = pool<MaxPoolOp, false>;
  rules["graph.max_pool_index"] = maxPoolIndex;
  rules["graph.noise"] = identity;
  rules["graph.pad"] = pad;
  rules["graph.penalize"] = identity;
}

} // namespace hornet::test
