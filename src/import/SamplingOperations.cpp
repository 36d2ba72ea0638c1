// keras.ops.image: images sampled at other places, as TensorFlow's ImageProjectiveTransformV3 does.

#include "import/Operation.h"

#include <array>
#include <fmt/format.h>

using namespace mlir;

namespace hornet::import {
namespace {

/// How an image is sampled: where its pixels are missing, and between them.
struct Sampling {
  std::string fill;
  double value;
  bool nearest;
};

Term floor(Term x) { return graph::apply<graph::FloorOp>(x); }
Term trunc(Term x) { return graph::apply<graph::TruncOp>(x); }

/// Half away from zero, as C rounds.
Term rounded(Term x) { return sign(x) * floor(abs(x) + 0.5); }

/// A coordinate brought into 0 … extent - 1, as `fill` has it.
Term mapped(Term x, double extent, std::string_view fill) {
  if (fill == "nearest")
    return clip(x, 0, extent - 1);
  if (extent <= 1 && fill != "constant")
    return x * 0;
  if (fill == "reflect") {
    double twice = 2 * extent;
    Term negative = where(x < -twice, x + trunc(-x * (1 / twice)) * twice, x);
    negative = where(negative < -extent, negative + twice, -negative - 1);
    Term positive = x - trunc(x * (1 / twice)) * twice;
    positive = where(positive >= extent, twice - positive - 1, positive);
    return clip(where(x < 0, negative, where(x > extent - 1, positive, x)), 0, extent - 1);
  }
  if (fill == "wrap") {
    double last = extent - 1;
    Term negative = x + (trunc(-x * (1 / last)) + 1) * extent;
    Term positive = x - trunc(x * (1 / last)) * extent;
    return clip(where(x < 0, negative, where(x > last, positive, x)), 0, last);
  }
  return x;
}

/// The pixels of x (batch, height, width, channels) at whole places (…, points).
Term pixels(Term x, Term row, Term column, double fill) {
  ArrayRef<int64_t> shape = x.type().getShape();
  int64_t height = shape[1], width = shape[2], channels = shape[3];
  Term flat = reshape(x, {shape[0], height * width, channels});
  Term inside = indicator(row >= 0) * indicator(row < double(height)) * indicator(column >= 0) *
                indicator(column < double(width));
  Term place =
      clip(row, 0, double(height - 1)) * double(width) + clip(column, 0, double(width - 1));
  int64_t batch = place.type().getRank() - 1;
  Term taken{x.builder,
             graph::GatherOp::create(*x.builder, flat.value, place.value, int64_t(1), batch)};
  return where(expanded(inside, batch + 1) > 0.5, taken, fill);
}

/// x at the points (row, column), of (points) or (batch, points).
Term sampled(Term x, Term row, Term column, const Sampling &how) {
  ArrayRef<int64_t> shape = x.type().getShape();
  row = mapped(row, double(shape[1]), how.fill);
  column = mapped(column, double(shape[2]), how.fill);
  Term y = x;
  if (how.nearest) {
    y = pixels(x, rounded(row), rounded(column), how.value);
  } else {
    Term top = floor(row), left = floor(column);
    auto weight = [](Term t) { return expanded(t, t.type().getRank()); };
    Term down = weight(row - top), right = weight(column - left);
    auto line = [&](Term at) {
      return (1 - right) * pixels(x, at, left, how.value) +
             right * pixels(x, at, left + 1, how.value);
    };
    y = (1 - down) * line(top) + down * line(top + 1);
  }
  return reshape(y, shape);
}

/// Images, with the channels last, through a transform (8) or (batch, 8).
void transformed(Operation &op, Term x, Term transform, const Sampling &how, bool channelsFirst) {
  if (channelsFirst)
    x.value = op.layer.channelsToLast(x.value);
  ArrayRef<int64_t> shape = x.type().getShape();
  int64_t rank = transform.type().getRank();
  if (rank == 2 && transform.type().getDimSize(0) == 1)
    transform = reshape(transform, {8}), rank = 1;
  if (transform.type().getShape().back() != 8 || rank > 2 ||
      (rank == 2 && !transform.type().isDynamicDim(0)))
    return op.problem("transform", fmt::format("the transform must be (8) or (batch, 8), got {}",
                                               shapeOf(transform.value)));
  SmallVector<float> rows, columns;
  for (int64_t i = 0; i < shape[1]; ++i)
    for (int64_t j = 0; j < shape[2]; ++j)
      rows.push_back(static_cast<float>(i)), columns.push_back(static_cast<float>(j));
  auto points = static_cast<int64_t>(rows.size());
  Term y = op.constant(points, rows), column = op.constant(points, columns);
  auto entry = [&](int64_t i) { return part(transform, rank - 1, i, i + 1); };
  Term divisor = entry(6) * column + entry(7) * y + 1;
  Term toColumn = (entry(0) * column + entry(1) * y + entry(2)) / divisor;
  Term toRow = (entry(3) * column + entry(4) * y + entry(5)) / divisor;
  Term result = sampled(x, toRow, toColumn, how);
  op.result(channelsFirst ? op.layer.channelsToSecond(result.value) : result.value);
}

Sampling samplingOf(Operation &op, bool hasFillMode) {
  static constexpr std::string_view interpolations[] = {"bilinear", "nearest"};
  static constexpr std::string_view fills[] = {"constant", "nearest", "reflect", "wrap"};
  bool nearest = op.find("interpolation") && op.word("interpolation", interpolations) == "nearest";
  std::string fill = hasFillMode && op.find("fill_mode") ? op.word("fill_mode", fills) : "constant";
  return {fill, op.find("fill_value") ? op.Config::number("fill_value") : 0, nearest};
}

void importAffineTransform(Operation &op) {
  Sampling how = samplingOf(op, true);
  bool channelsFirst = op.channelsFirst();
  Term x = op.number("images"), transform = op.number("transform");
  if (op.ready() && op.layer.hasSpatial(x.value, 2, channelsFirst))
    transformed(op, x, transform, how, channelsFirst);
}

/// The eight numbers that take `to` to `from`, by elimination; nothing where there are none.
std::optional<std::array<double, 8>> homography(const Json &from, const Json &to) {
  double m[8][9] = {};
  for (size_t i = 0; i < 4; ++i) {
    double x = to[i][0], y = to[i][1];
    for (size_t k = 0; k < 2; ++k) {
      double target = from[i][k], *row = m[2 * i + k];
      row[3 * k] = x, row[3 * k + 1] = y, row[3 * k + 2] = 1;
      row[6] = -target * x, row[7] = -target * y, row[8] = target;
    }
  }
  for (size_t i = 0; i < 8; ++i) {
    size_t pivot = i;
    for (size_t j = i; j < 8; ++j)
      if (std::abs(m[j][i]) > std::abs(m[pivot][i]))
        pivot = j;
    if (std::abs(m[pivot][i]) < 1e-12)
      return std::nullopt;
    std::swap(m[i], m[pivot]);
    for (size_t j = 0; j < 8; ++j)
      if (double factor = m[j][i] / m[i][i]; j != i)
        for (size_t k = i; k < 9; ++k)
          m[j][k] -= factor * m[i][k];
  }
  std::array<double, 8> result;
  for (size_t i = 0; i < 8; ++i)
    result[i] = m[i][8] / m[i][i];
  return result;
}

/// The four corners that `key` gives as constants; null, and reported, when it does not.
const Json *cornersOf(Operation &op, const char *key) {
  const Json *json = op.find(key);
  if (json && json->is_object() && json->contains("config") && (*json)["config"].is_object() &&
      (*json)["config"].contains("value"))
    json = &(*json)["config"]["value"];
  auto isPoint = [](const Json &p) {
    return p.is_array() && p.size() == 2 && p[0].is_number() && p[1].is_number();
  };
  if (json && json->is_array() && json->size() == 4 && llvm::all_of(*json, isPoint))
    return json;
  op.problem(key, fmt::format("{} must be four points, known in advance", key),
             "give them as constants, or use affine_transform");
  return nullptr;
}

void importPerspectiveTransform(Operation &op) {
  Sampling how = samplingOf(op, false);
  bool channelsFirst = op.channelsFirst();
  const Json *from = cornersOf(op, "start_points"), *to = cornersOf(op, "end_points");
  Term x = op.number("images");
  if (!from || !to || !op.ready() || !op.layer.hasSpatial(x.value, 2, channelsFirst))
    return;
  auto numbers = homography(*from, *to);
  if (!numbers)
    return op.problem("end_points", "three of the points lie on a line");
  SmallVector<float> transform(numbers->begin(), numbers->end());
  transformed(op, x, op.constant(8, transform), how, channelsFirst);
}

} // namespace

static constexpr OperationEntry table[] = {
    {"AffineTransform", importAffineTransform, "images transform"},
    {"PerspectiveTransform", importPerspectiveTransform, "images start_points end_points"},
};

llvm::ArrayRef<OperationEntry> samplingOperations() { return table; }

} // namespace hornet::import
