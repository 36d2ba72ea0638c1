// Gradients of sums of products and of pooling.

#include "differentiate/Rules.h"
#include "graph/Einsum.h"
#include "graph/TransposedConvolution.h"

using namespace mlir;
using namespace hornet::graph;

namespace hornet::differentiate {
namespace {

SmallVector<int64_t> spatialExtents(Value value) {
  return SmallVector<int64_t>(
      cast<RankedTensorType>(value.getType()).getShape().drop_front().drop_back());
}

void differentiateMatmul(MatmulOp op, Term dy, Gradients &gradients) {
  ImplicitLocOpBuilder &b = *dy.builder;
  if (gradients.isNeeded(op.getLhs())) {
    Value transposed = TransposeOp::create(b, op.getRhs(), ArrayRef<int64_t>{1, 0});
    gradients.add(op.getLhs(), {&b, MatmulOp::create(b, dy.value, transposed)});
  }
  if (!gradients.isNeeded(op.getRhs()))
    return;
  Term lhs = gradients.term(op.getLhs());
  if (lhs.type().getRank() == 1) { // one row
    lhs = reshape(lhs, {1, lhs.type().getDimSize(0)});
    dy = reshape(dy, {1, dy.type().getDimSize(0)});
  }
  size_t spatial = lhs.type().getRank() - 2;
  SmallVector<int64_t> ones(spatial, 1), zeros(spatial, 0);
  Term filter{&b, FilterGradientOp::create(b, lhs.value, dy.value, ones, ones, zeros, zeros, ones,
                                           uint64_t{1})};
  gradients.add(op.getRhs(), reshape(filter, op.getRhs().getType().getShape()));
}

/// Every letter of an operand is in the other one or in the result: their product is its gradient.
void differentiateEinsum(EinsumOp op, Term dy, Gradients &gradients) {
  EinsumLetters letters = *EinsumLetters::parse(op.getEquation());
  if (gradients.isNeeded(op.getLhs()))
    gradients.add(op.getLhs(),
                  einsum(EinsumLetters{letters.result, letters.rhs, letters.lhs}.text(), dy,
                         gradients.term(op.getRhs())));
  if (gradients.isNeeded(op.getRhs()))
    gradients.add(op.getRhs(),
                  einsum(EinsumLetters{letters.lhs, letters.result, letters.rhs}.text(),
                         gradients.term(op.getLhs()), dy));
}

void differentiateConvolution(ConvolutionOp op, Term dy, Gradients &gradients) {
  ImplicitLocOpBuilder &b = *dy.builder;
  if (gradients.isNeeded(op.getInput())) {
    ConvolutionShape shape{
        spatialExtents(op.getInput()),           SmallVector<int64_t>(op.getStrides()),
        SmallVector<int64_t>(op.getLow()),       SmallVector<int64_t>(op.getHigh()),
        SmallVector<int64_t>(op.getDilations()), static_cast<int64_t>(op.getGroups())};
    gradients.add(op.getInput(), transposedConvolution(dy, gradients.term(op.getFilter()), shape));
  }
  if (!gradients.isNeeded(op.getFilter()))
    return;
  ArrayRef<int64_t> window = op.getFilter().getType().getShape().drop_back(2);
  gradients.add(
      op.getFilter(),
      {&b, FilterGradientOp::create(b, op.getInput(), dy.value, window, op.getStrides(),
                                    op.getLow(), op.getHigh(), op.getDilations(), op.getGroups())});
}

/// Of a pooling op: what goes back to each element of its windows, put where that element is, and
/// summed where windows overlap.
template <class Op> class Unpool {
public:
  Unpool(Op op, Term dy)
      : op(op), dy(dy), input(spatialExtents(op.getInput())), out(spatialExtents(op.getResult())) {}

  /// `index`: the one element of each window that takes all; without it, every one does.
  Term operator()(const std::optional<Term> &index) {
    bool apart = llvm::equal(op.getWindow(), op.getStrides());
    return apart ? side(index) : overlapping(index);
  }

private:
  /// Windows that lie side by side: (n, out…, c) → (n, out, window, …, c) → the padded input.
  Term side(const std::optional<Term> &index) {
    SmallVector<int64_t> narrow = {dy.type().getDimSize(0)}, merged = narrow, shape;
    for (auto [extent, size] : llvm::zip_equal(out, op.getWindow())) {
      narrow.append({extent, 1});
      merged.push_back(extent * size);
      shape.append({1, size});
    }
    int64_t channels = dy.type().getShape().back();
    narrow.push_back(channels);
    merged.push_back(channels);
    shape.push_back(1);
    Term spread = reshape(dy, narrow), all;
    if (index)
      all = where(equals(reshape(*index, narrow), numbers(shape)), spread, 0.0);
    else
      all = spread * ones(shape);
    return fit(reshape(all, merged));
  }

  /// One element of all windows at a time.
  Term overlapping(const std::optional<Term> &index) {
    std::optional<Term> sum;
    SmallVector<int64_t> offset(op.getWindow().size(), 0), steps = {1};
    llvm::append_range(steps, op.getStrides());
    steps.push_back(1);
    for (int64_t i = 0, n = llvm::product_of(op.getWindow()); i < n; ++i) {
      Term part = dy;
      if (index)
        part = where(equals(*index, dy.scalar(static_cast<double>(i))), dy, 0.0);
      part = place(dilate(part, steps), offset);
      sum = sum ? *sum + part : part;
      for (size_t d = offset.size(); d > 0 && ++offset[d - 1] == op.getWindow()[d - 1]; --d)
        offset[d - 1] = 0;
    }
    return *sum;
  }

  /// `part`, whose first element lies at `offset` in the padded input, within the input.
  Term place(Term part, ArrayRef<int64_t> offset) {
    SmallVector<int64_t> low = {0}, high = {0};
    for (size_t i = 0; i < offset.size(); ++i) {
      low.push_back(offset[i] - op.getLow()[i]);
      high.push_back(input[i] - part.type().getDimSize(i + 1) - low.back());
    }
    low.push_back(0);
    high.push_back(0);
    return padOrCrop(part, low, high);
  }

  Term fit(Term padded) { return place(padded, SmallVector<int64_t>(op.getWindow().size(), 0)); }

  Term filled(ArrayRef<int64_t> shape, llvm::function_ref<double(int64_t)> value) {
    Builder &b = *dy.builder;
    auto type = RankedTensorType::get(shape, dy.type().getElementType());
    SmallVector<Attribute> elements;
    for (int64_t i = 0; i < type.getNumElements(); ++i)
      elements.push_back(b.getFloatAttr(type.getElementType(), value(i)));
    return {dy.builder, ConstantOp::create(*dy.builder, DenseElementsAttr::get(type, elements))};
  }
  Term ones(ArrayRef<int64_t> shape) {
    return filled(shape, [](int64_t) { return 1.0; });
  }
  Term numbers(ArrayRef<int64_t> shape) {
    return filled(shape, [](int64_t i) { return static_cast<double>(i); });
  }

  Op op;
  Term dy;
  SmallVector<int64_t> input, out;
};

void differentiateMaxPool(MaxPoolOp op, Term dy, Gradients &gradients) {
  Term index{dy.builder,
             MaxPoolIndexOp::create(*dy.builder, op.getInput(), op.getResult(), op.getWindow(),
                                    op.getStrides(), op.getLow(), op.getHigh())};
  gradients.add(op.getInput(), Unpool(op, dy)(index));
}

void differentiateAveragePool(AveragePoolOp op, Term dy, Gradients &gradients) {
  Term divisors{dy.builder, ConstantOp::create(*dy.builder, op.divisors())};
  gradients.add(op.getInput(), Unpool(op, dy / divisors)(std::nullopt));
}

} // namespace

void addWindowRules(MLIRContext *c) {
  rule<MatmulOp>(c, [](MatmulOp op, Term dy, Gradients &gradients) {
    differentiateMatmul(op, dy, gradients);
  });
  rule<EinsumOp>(c, [](EinsumOp op, Term dy, Gradients &gradients) {
    differentiateEinsum(op, dy, gradients);
  });
  rule<ConvolutionOp>(c, [](ConvolutionOp op, Term dy, Gradients &gradients) {
    differentiateConvolution(op, dy, gradients);
  });
  rule<MaxPoolOp>(c, [](MaxPoolOp op, Term dy, Gradients &gradients) {
    differentiateMaxPool(op, dy, gradients);
  });
  rule<AveragePoolOp>(c, [](AveragePoolOp op, Term dy, Gradients &gradients) {
    differentiateAveragePool(op, dy, gradients);
  });
}

} // namespace hornet::differentiate
