#include "graph/TransposedConvolution.h"

using namespace mlir;

namespace hornet::graph {

static Term pad(Term x, ArrayRef<int64_t> low, ArrayRef<int64_t> high) {
  auto none = [](int64_t padding) { return padding == 0; };
  if (llvm::all_of(low, none) && llvm::all_of(high, none))
    return x;
  return {x.builder, PadOp::create(*x.builder, x.value, low, high, APFloat(0.0))};
}

Term crop(Term x, ArrayRef<int64_t> start, ArrayRef<int64_t> size) {
  SmallVector<int64_t> from, limit;
  for (auto [i, extent] : llvm::enumerate(x.type().getShape())) {
    bool dynamic = ShapedType::isDynamic(extent);
    from.push_back(dynamic ? 0 : start[i]);
    limit.push_back(dynamic ? -1 : start[i] + size[i]);
  }
  SmallVector<int64_t> strides(from.size(), 1);
  Value result = x.builder->createOrFold<SliceOp>(x.value, from, limit, strides);
  return {x.builder, result};
}

Term padOrCrop(Term x, ArrayRef<int64_t> low, ArrayRef<int64_t> high) {
  SmallVector<int64_t> start, size, before, after;
  for (auto [i, extent] : llvm::enumerate(x.type().getShape())) {
    start.push_back(std::max<int64_t>(0, -low[i]));
    size.push_back(extent - start.back() - std::max<int64_t>(0, -high[i]));
    before.push_back(std::max<int64_t>(0, low[i]));
    after.push_back(std::max<int64_t>(0, high[i]));
  }
  return pad(crop(x, start, size), before, after);
}

Term dilate(Term x, ArrayRef<int64_t> strides) {
  // (…, n, …) → (…, n, 1, …) → (…, n, stride, …) → (…, n * stride, …), less the last zeros.
  SmallVector<int64_t> split, high, merged, start, size;
  for (auto [extent, stride] : llvm::zip_equal(x.type().getShape(), strides)) {
    split.push_back(extent);
    high.push_back(0);
    if (stride > 1) {
      split.push_back(1);
      high.push_back(stride - 1);
    }
    merged.push_back(stride > 1 ? extent * stride : extent);
    start.push_back(0);
    size.push_back(stride > 1 ? (extent - 1) * stride + 1 : extent);
  }
  if (merged == SmallVector<int64_t>(x.type().getShape()))
    return x;
  SmallVector<int64_t> low(high.size(), 0);
  return crop(reshape(pad(reshape(x, split), low, high), merged), start, size);
}

namespace {

/// (k…, I / groups, O) → (k…, O / groups, I), turned around along k.
Term adjointFilter(Term filter, int64_t groups) {
  ArrayRef<int64_t> shape = filter.type().getShape();
  int64_t spatial = shape.size() - 2, channels = shape[spatial], filters = shape.back() / groups;
  auto dimensions = llvm::to_vector(llvm::seq<int64_t>(spatial));
  SmallVector<int64_t> split(shape.take_front(spatial)), merged = split, permutation = dimensions;
  split.append({channels, groups, filters});
  permutation.append({spatial + 2, spatial + 1, spatial});
  merged.append({filters, groups * channels});
  ImplicitLocOpBuilder &b = *filter.builder;
  Term turned{&b, ReverseOp::create(b, filter.value, dimensions)};
  Term swapped{&b, TransposeOp::create(b, reshape(turned, split).value, permutation)};
  return reshape(swapped, merged);
}

/// Entries for all dimensions of (N, spatial…, C).
SmallVector<int64_t> around(ArrayRef<int64_t> spatial, int64_t other) {
  SmallVector<int64_t> all = {other};
  llvm::append_range(all, spatial);
  all.push_back(other);
  return all;
}

Term convolve(Term x, Term filter, ArrayRef<int64_t> low, ArrayRef<int64_t> high,
              ArrayRef<int64_t> dilations, int64_t groups) {
  // What must be taken away first; the rest of the padding is the convolution's own.
  auto negative = [](ArrayRef<int64_t> entries) {
    return llvm::map_to_vector(entries, [](int64_t e) { return std::min<int64_t>(0, e); });
  };
  auto positive = [](ArrayRef<int64_t> entries) {
    return llvm::map_to_vector(entries, [](int64_t e) { return std::max<int64_t>(0, e); });
  };
  x = padOrCrop(x, around(negative(low), 0), around(negative(high), 0));
  SmallVector<int64_t> ones(low.size(), 1);
  return {x.builder,
          ConvolutionOp::create(*x.builder, x.value, filter.value, ones, positive(low),
                                positive(high), dilations, static_cast<uint64_t>(groups))};
}

/// Without strides: one convolution.
Term unstrided(Term x, Term filter, const ConvolutionShape &c) {
  SmallVector<int64_t> low, high;
  for (size_t i = 0; i < c.input.size(); ++i) {
    int64_t span = (filter.type().getDimSize(i) - 1) * c.dilations[i];
    low.push_back(span - c.low[i]);
    high.push_back(c.input[i] - x.type().getDimSize(i + 1) - low.back() + span);
  }
  return convolve(x, adjointFilter(filter, c.groups), low, high, c.dilations, c.groups);
}

/// With strides: place p = stride * m + r of the padded input gets filter elements r + stride * q
/// from result m - q.
class Strided {
public:
  Strided(Term x, Term filter, const ConvolutionShape &c) : x(x), filter(filter), c(c) {
    for (size_t i = 0; i < c.input.size(); ++i)
      places.push_back(llvm::divideCeil(c.input[i] + c.low[i] + c.high[i], c.strides[i]));
  }

  Term build() {
    SmallVector<int64_t> residues;
    Term all = interleave(residues);
    SmallVector<int64_t> size = around(c.input, all.type().getShape().back());
    size.front() = all.type().getDimSize(0);
    return crop(all, around(c.low, 0), size);
  }

private:
  /// Dimensions up to `residues` have the places of these residues alone, the others all.
  Term interleave(SmallVector<int64_t> &residues) {
    size_t i = residues.size();
    if (i == c.input.size())
      return residue(residues);
    int64_t stride = c.strides[i], count = std::min(stride, filter.type().getDimSize(i));
    SmallVector<Value> parts;
    SmallVector<int64_t> shape, low, high;
    for (int64_t r = 0; r < count; ++r) {
      residues.push_back(r);
      Term part = interleave(residues);
      residues.pop_back();
      shape.assign(part.type().getShape().begin(), part.type().getShape().end());
      SmallVector<int64_t> split = shape;
      split.insert(split.begin() + i + 2, 1);
      parts.push_back(reshape(part, split).value);
    }
    Term joined{x.builder, ConcatenateOp::create(*x.builder, parts, static_cast<uint64_t>(i + 2))};
    low.assign(shape.size() + 1, 0);
    high = low;
    high[i + 2] = stride - count;
    shape[i + 1] *= stride;
    return reshape(pad(joined, low, high), shape);
  }

  Term residue(ArrayRef<int64_t> residues) {
    SmallVector<int64_t> start(residues), limit(filter.type().getShape()), strides(c.strides), low,
        high;
    start.append(2, 0);
    strides.append(2, 1);
    Value some = x.builder->createOrFold<SliceOp>(filter.value, start, limit, strides);
    Term taps{x.builder, some};
    for (size_t i = 0; i < residues.size(); ++i) {
      low.push_back(taps.type().getDimSize(i) - 1);
      high.push_back(places[i] - x.type().getDimSize(i + 1));
    }
    return convolve(x, adjointFilter(taps, c.groups), low, high, c.dilations, c.groups);
  }

  Term x, filter;
  const ConvolutionShape &c;
  SmallVector<int64_t> places; ///< of one residue
};

} // namespace

Term transposedConvolution(Term x, Term filter, const ConvolutionShape &c) {
  auto one = [](int64_t step) { return step == 1; };
  if (llvm::all_of(c.strides, one))
    return unstrided(x, filter, c);
  if (llvm::all_of(c.dilations, one))
    return Strided(x, filter, c).build();
  return unstrided(dilate(x, around(c.strides, 1)), filter, c);
}

} // namespace hornet::graph
