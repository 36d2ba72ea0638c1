// keras.ops: Fourier transforms, as products with matrices that are known once the size is; complex
// numbers are two tensors. And sequences cut out of longer ones.

#include "import/Operation.h"

#include <cmath>
#include <fmt/format.h>
#include <numbers>

using namespace mlir;

namespace hornet::import {
namespace {

/// More points would make matrices that no fast transform needs.
constexpr int64_t mostPoints = 8192;

struct Complex {
  Term real, imaginary;
};

bool hasPoints(Operation &op, int64_t points) {
  if (!ShapedType::isDynamic(points) && points >= 1 && points <= mostPoints)
    return true;
  op.problem("inbound_nodes",
             fmt::format("transforms have 1 to {} points here, got {}", mostPoints,
                         ShapedType::isDynamic(points) ? "the batch" : fmt::format("{}", points)));
  return false;
}

/// (rows, columns) of weight(row) * cos or sin of 2 pi * row * column / n.
template <class Weight>
Complex waves(Operation &op, int64_t rows, int64_t columns, int64_t n, int sign, Weight weight) {
  SmallVector<float> cosines, sines;
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) {
      double angle = 2 * std::numbers::pi * double(i * j % n) / double(n);
      cosines.push_back(static_cast<float>(weight(i, j) * std::cos(angle)));
      sines.push_back(static_cast<float>(sign * weight(i, j) * std::sin(angle)));
    }
  return {op.constant({rows, columns}, cosines), op.constant({rows, columns}, sines)};
}

Term product(Term x, Term matrix) { return graph::apply<graph::MatmulOp>(x, matrix); }

Complex times(Complex x, Complex m) {
  return {product(x.real, m.real) - product(x.imaginary, m.imaginary),
          product(x.real, m.imaginary) + product(x.imaginary, m.real)};
}

/// Along the last dimension; the inverse transform has the other sign, and divides.
Complex transform(Operation &op, Complex x, int sign) {
  int64_t n = x.real.type().getShape().back();
  double scale = sign > 0 ? 1.0 / double(n) : 1;
  return times(x, waves(op, n, n, n, sign, [=](int64_t, int64_t) { return scale; }));
}

std::optional<Complex> complexOf(Operation &op) {
  SmallVector<Value> parts = op.values("x");
  if (op.ready() && parts.size() != 2)
    op.problem("x",
               fmt::format("needs the real and the imaginary part, got {} tensors", parts.size()));
  if (!op.ready())
    return std::nullopt;
  Complex x{op.number(parts[0]), op.number(parts[1])};
  if (x.real.type() == x.imaginary.type() && x.real.type().getRank() > 0)
    return x;
  op.problem("x", "both parts must have one shape");
  return std::nullopt;
}

void give(Operation &op, Complex x) {
  op.result(x.real);
  op.result(x.imaginary);
}

void importFft(Operation &op) {
  std::optional<Complex> x = complexOf(op);
  if (x && hasPoints(op, x->real.type().getShape().back()))
    give(op, transform(op, *x, -1));
}

template <int sign> void importFft2(Operation &op) {
  std::optional<Complex> x = complexOf(op);
  if (!x)
    return;
  ArrayRef<int64_t> shape = x->real.type().getShape();
  auto rank = static_cast<int64_t>(shape.size());
  if (rank < 2 || !hasPoints(op, shape.back()) || !hasPoints(op, shape[rank - 2]))
    return;
  auto swapped = [&](Complex z) {
    return Complex{swappedToLast(z.real, rank - 2), swappedToLast(z.imaginary, rank - 2)};
  };
  give(op, swapped(transform(op, swapped(transform(op, *x, sign)), sign)));
}

/// The last dimension with `n` elements: cut, or with zeros behind.
Term resized(Term x, int64_t n) {
  int64_t last = x.type().getRank() - 1, extent = x.type().getDimSize(last);
  if (extent >= n)
    return extent == n ? x : part(x, last, 0, n);
  SmallVector<int64_t> low(last + 1, 0), high = low;
  high[last] = n - extent;
  return {x.builder, graph::PadOp::create(*x.builder, x.value, low, high, APFloat(0.0))};
}

void importRfft(Operation &op) {
  Term x = op.number("x");
  if (!op.ready() || x.type().getRank() == 0 || !hasPoints(op, x.type().getShape().back()))
    return;
  int64_t n = op.find("fft_length") ? op.positive("fft_length") : x.type().getShape().back();
  if (!op.ready() || !hasPoints(op, n))
    return;
  Complex m = waves(op, n, n / 2 + 1, n, -1, [](int64_t, int64_t) { return 1.0; });
  x = resized(x, n);
  give(op, {product(x, m.real), product(x, m.imaginary)});
}

void importIrfft(Operation &op) {
  std::optional<Complex> x = complexOf(op);
  if (!x || !hasPoints(op, x->real.type().getShape().back()))
    return;
  int64_t n = op.find("fft_length") ? op.positive("fft_length")
                                    : 2 * (x->real.type().getShape().back() - 1);
  if (!op.ready() || !hasPoints(op, n))
    return;
  // Each frequency but the first (and the last, of an even number) stands for two.
  Complex m = waves(op, n / 2 + 1, n, n, 1, [=](int64_t k, int64_t) {
    return (k == 0 || 2 * k == n ? 1.0 : 2.0) / double(n);
  });
  op.result(product(resized(x->real, n / 2 + 1), m.real) -
            product(resized(x->imaginary, n / 2 + 1), m.imaginary));
}

//===----------------------------------------------------------------------===//
// Sequences
//===----------------------------------------------------------------------===//

/// (…, n) to (…, frames, length): a frame at every `stride`-th place, while it fits.
std::optional<Term> frames(Operation &op, Term x, int64_t length, int64_t stride) {
  int64_t last = x.type().getRank() - 1;
  if (last < 0 || x.type().isDynamicDim(last) || x.type().getDimSize(last) < length) {
    op.problem("sequence_length",
               fmt::format("sequences of {} do not fit into {}", length, shapeOf(x.value)));
    return std::nullopt;
  }
  int64_t count = (x.type().getDimSize(last) - length) / stride + 1;
  SmallVector<int64_t> shape(x.type().getShape()), places;
  shape.back() = count;
  shape.push_back(length);
  if (!op.layer.fits(shape) || !op.layer.fits({count, length}))
    return std::nullopt;
  for (int64_t i = 0; i < count; ++i)
    for (int64_t j = 0; j < length; ++j)
      places.push_back(i * stride + j);
  return reshape(taken(x, last, places), shape);
}

void importExtractSequences(Operation &op) {
  int64_t length = op.positive("sequence_length"), stride = op.positive("sequence_stride");
  Term x = op.number("x");
  if (!op.ready())
    return;
  if (std::optional<Term> y = frames(op, x, length, stride))
    op.result(*y);
}

/// The window of `length`: a name, numbers, or none; empty, and reported, for others.
std::vector<double> windowOf(Operation &op, int64_t length) {
  const Json *given = op.find("window");
  std::vector<double> window(length, 1);
  if (!given)
    return window;
  double offset = *given == "hann" ? 0.5 : *given == "hamming" ? 0.54 : 0;
  for (int64_t i = 0; i < length && offset != 0; ++i)
    window[i] = offset - (1 - offset) * std::cos(2 * std::numbers::pi * double(i) / double(length));
  if (offset != 0)
    return window;
  const Json *numbers = given;
  if (given->is_object() && given->contains("config") && (*given)["config"].contains("value"))
    numbers = &(*given)["config"]["value"];
  if (numbers->is_array() && static_cast<int64_t>(numbers->size()) == length &&
      llvm::all_of(*numbers, [](const Json &number) { return number.is_number(); }))
    return numbers->get<std::vector<double>>();
  op.problem("window", fmt::format("the window must be hann, hamming or {} numbers, got {}", length,
                                   describe(*given)));
  return {};
}

/// What lies before and after in a mirror.
Term mirrored(Term x, int64_t border) {
  int64_t last = x.type().getRank() - 1, n = x.type().getDimSize(last);
  SmallVector<int64_t> places;
  for (int64_t i = -border; i < n + border; ++i)
    places.push_back(i < 0 ? -i : i < n ? i : 2 * (n - 1) - i);
  return taken(x, last, places);
}

void importStft(Operation &op) {
  int64_t length = op.positive("sequence_length"), stride = op.positive("sequence_stride");
  int64_t n = op.positive("fft_length");
  bool center = op.flag("center", true);
  Term x = op.number("x");
  if (!op.ready() || !hasPoints(op, n))
    return;
  if (n < length)
    return op.problem("fft_length",
                      fmt::format("fft_length ({}) is less than sequence_length ({})", n, length));
  std::vector<double> window = windowOf(op, length);
  if (window.empty() || x.type().getRank() == 0)
    return;
  if (center &&
      (x.type().isDynamicDim(x.type().getRank() - 1) || x.type().getShape().back() <= n / 2))
    return op.problem("center", fmt::format("{} is too short to be mirrored", shapeOf(x.value)));
  if (center)
    x = mirrored(x, n / 2);
  std::optional<Term> sequences = frames(op, x, n, stride);
  if (!sequences)
    return;
  int64_t before = (n - length) / 2;
  Complex m = waves(op, n, n / 2 + 1, n, -1, [&](int64_t t, int64_t) {
    return t >= before && t < before + length ? window[t - before] : 0.0;
  });
  give(op, {product(*sequences, m.real), product(*sequences, m.imaginary)});
}

/// The window by which frames are added up again to what they were cut out of: divided by what its
/// squares add up to. D. Griffin and J. Lim, "Signal estimation from modified short-time Fourier
/// transform", 1984, equation 7.
std::vector<double> inverseWindow(const std::vector<double> &window, int64_t stride) {
  std::vector<double> sums(std::min<size_t>(stride, window.size()), 0), inverse;
  for (size_t i = 0; i < window.size(); ++i)
    sums[i % stride] += window[i] * window[i];
  for (size_t i = 0; i < window.size(); ++i)
    inverse.push_back(sums[i % stride] == 0 ? 0 : window[i] / sums[i % stride]);
  return inverse;
}

/// (…, frames, length) to (…, n): frames that begin `stride` apart, added up where they overlap.
Term overlapped(Term x, int64_t stride) {
  int64_t last = x.type().getRank() - 1, count = x.type().getDimSize(last - 1),
          length = x.type().getDimSize(last), parts = llvm::divideCeil(length, stride);
  x = resized(x, parts * stride);
  std::optional<Term> sum;
  for (int64_t i = 0; i < parts; ++i) {
    SmallVector<int64_t> low(last + 1, 0), high = low;
    low[last - 1] = i, high[last - 1] = parts - 1 - i;
    Term piece = part(x, last, i * stride, (i + 1) * stride);
    Term placed{x.builder, graph::PadOp::create(*x.builder, piece.value, low, high, APFloat(0.0))};
    sum = sum ? *sum + placed : placed;
  }
  SmallVector<int64_t> shape(x.type().getShape().drop_back(2));
  shape.push_back((count + parts - 1) * stride);
  return resized(reshape(*sum, shape), (count - 1) * stride + length);
}

void importIstft(Operation &op) {
  int64_t length = op.positive("sequence_length"), stride = op.positive("sequence_stride");
  int64_t n = op.positive("fft_length");
  bool center = op.flag("center", true), windowed = op.find("window");
  std::optional<int64_t> wanted;
  if (op.find("length"))
    wanted = op.positive("length");
  std::optional<Complex> x = complexOf(op);
  if (!x || !op.ready() || !hasPoints(op, n))
    return;
  auto rank = x->real.type().getRank();
  if (rank < 2 || x->real.type().isDynamicDim(rank - 2) || n < length || n > stride * 1024)
    return op.problem(
        "fft_length",
        fmt::format("frames of {} of {} points, {} apart, are not supported", length, n, stride));
  SmallVector<int64_t> placed = {x->real.type().getDimSize(rank - 2) + n / stride + 1, stride};
  if (!op.layer.fits(placed))
    return;
  std::vector<double> window = windowOf(op, length), whole(n, windowed ? 0 : 1);
  if (window.empty())
    return;
  if (windowed)
    llvm::copy(window, whole.begin() + (n - length) / 2);
  std::vector<double> weights = windowed ? inverseWindow(whole, stride) : whole;
  Complex m = waves(op, n / 2 + 1, n, n, 1, [&](int64_t k, int64_t t) {
    return weights[t] * (k == 0 || 2 * k == n ? 1.0 : 2.0) / double(n);
  });
  Term frames = product(resized(x->real, n / 2 + 1), m.real) -
                product(resized(x->imaginary, n / 2 + 1), m.imaginary);
  Term y = overlapped(frames, stride);
  int64_t extent = y.type().getShape().back(), start = center ? n / 2 : 0;
  int64_t end = wanted ? std::min(start + *wanted, extent) : extent - start;
  if (start >= end)
    return op.problem("length", fmt::format("nothing is left of {} places", extent));
  op.result(part(y, y.type().getRank() - 1, start, end));
}

} // namespace

static constexpr OperationEntry table[] = {
    {"ExtractSequences", importExtractSequences},
    {"FFT", importFft},
    {"FFT2", importFft2<-1>},
    {"IFFT2", importFft2<1>},
    {"IRFFT", importIrfft},
    {"ISTFT", importIstft},
    {"RFFT", importRfft},
    {"STFT", importStft},
};

llvm::ArrayRef<OperationEntry> fourierOperations() { return table; }

} // namespace hornet::import
