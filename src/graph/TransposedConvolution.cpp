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
/// from result m - q. So every stride-th place of the input, from each of the first ones on, is a
/// convolution of its own, and they take turns.
class Strided {
public:
  Strided(Term x, Term filter, const ConvolutionShape &c) : filter(filter), c(c) {
    size_t rank = c.input.size();
    results.assign(x.type().getShape().begin() + 1, x.type().getShape().end() - 1);
    before.assign(rank, 0);
    after.assign(rank, 0);
    for (size_t i = 0; i < rank; ++i)
      for (int64_t turn = 0; turn < turns(i); ++turn) {
        Part part = partOf(i, turn);
        before[i] = std::max(before[i], part.low);
        after[i] = std::max(after[i], part.high);
      }
    padded = pad(x, around(before, 0), around(after, 0)); // once for all of them
  }

  Term build() {
    SmallVector<int64_t> turn;
    return join(turn);
  }

private:
  /// Of one dimension: the first element of the filter, and the padding of the convolution's input.
  struct Part {
    int64_t residue, low, high;
  };

  int64_t width(size_t i) const { return filter.type().getDimSize(i); }
  /// Whether some residues meet no element of the filter.
  bool isSparse(size_t i) const { return width(i) < c.strides[i]; }
  int64_t turns(size_t i) const {
    return isSparse(i) ? width(i) : std::min(c.strides[i], c.input[i]);
  }
  int64_t placesOfSparse(size_t i) const {
    return llvm::divideCeil(c.input[i] + c.low[i] + c.high[i], c.strides[i]);
  }

  Part partOf(size_t i, int64_t turn) const {
    int64_t stride = c.strides[i];
    if (isSparse(i)) // of the padded input, which is cropped in the end
      return {turn, 0, placesOfSparse(i) - results[i]};
    int64_t residue = (turn + c.low[i]) % stride, first = (turn + c.low[i]) / stride;
    int64_t places = llvm::divideCeil(c.input[i] - turn, stride);
    int64_t taps = llvm::divideCeil(width(i) - residue, stride);
    return {residue, taps - 1 - first, first + places - results[i]};
  }

  /// Dimensions up to `turn` have the places of these turns alone, the others all.
  Term join(SmallVector<int64_t> &turn) {
    size_t i = turn.size();
    if (i == c.input.size())
      return convolvePart(turn);
    SmallVector<Value> parts;
    for (int64_t k = 0; k < turns(i); ++k) {
      turn.push_back(k);
      parts.push_back(join(turn).value);
      turn.pop_back();
    }
    ImplicitLocOpBuilder &b = *filter.builder;
    return isSparse(i) ? spread(parts, i) : Term{&b, b.createOrFold<InterleaveOp>(parts, i + 1)};
  }

  /// `parts` in turn, with zeros for the residues that have none.
  Term spread(MutableArrayRef<Value> parts, size_t i) {
    ImplicitLocOpBuilder &b = *filter.builder;
    SmallVector<int64_t> shape(cast<RankedTensorType>(parts.front().getType()).getShape());
    SmallVector<int64_t> split = shape, low(shape.size() + 1, 0), high = low,
                         start(shape.size(), 0);
    split.insert(split.begin() + i + 2, 1);
    for (Value &part : parts)
      part = reshape(Term{&b, part}, split).value;
    Term joined{&b, ConcatenateOp::create(b, parts, static_cast<uint64_t>(i + 2))};
    high[i + 2] = c.strides[i] - width(i);
    shape[i + 1] *= c.strides[i];
    Term all = reshape(pad(joined, low, high), shape);
    start[i + 1] = c.low[i];
    shape[i + 1] = c.input[i];
    return crop(all, start, shape);
  }

  Term convolvePart(ArrayRef<int64_t> turn) {
    SmallVector<int64_t> start, limit(filter.type().getShape()), strides(c.strides), low, high;
    for (auto [i, k] : llvm::enumerate(turn)) {
      Part part = partOf(i, k);
      start.push_back(part.residue);
      low.push_back(part.low - before[i]);
      high.push_back(part.high - after[i]);
    }
    start.append(2, 0);
    strides.append(2, 1);
    Value taps = filter.builder->createOrFold<SliceOp>(filter.value, start, limit, strides);
    return convolve(padded, adjointFilter({filter.builder, taps}, c.groups), low, high, c.dilations,
                    c.groups);
  }

  Term padded, filter;
  const ConvolutionShape &c;
  SmallVector<int64_t> results, before, after; ///< extents of x, and what it is padded by
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
