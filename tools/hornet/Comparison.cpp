#include "Comparison.h"

#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits>

namespace hornet::tool {

static double difference(double a, double b) {
  if (a == b || (std::isnan(a) && std::isnan(b)))
    return 0;
  double between = std::abs(a - b);
  return std::isfinite(between) ? between : std::numeric_limits<double>::infinity();
}

Comparison compare(const Tensor &got, const Tensor &expected, Tolerance tolerance) {
  Comparison result{.shape = expected.shape()};
  Tensor left = got.toFloat32(), right = expected.toFloat32();
  double most = -1;
  for (int64_t i = 0; i < expected.size(); ++i) {
    double a = left.as<float>()[i], b = right.as<float>()[i], off = difference(a, b);
    // An infinite expectation would allow for everything.
    double allowed = std::isfinite(b) ? tolerance.absolute + tolerance.relative * std::abs(b) : 0;
    result.wrong += off > allowed;
    result.furthest = std::max(result.furthest, off);
    if (double measured = off == 0 ? 0 : off / allowed; measured > most) {
      most = measured;
      result.worst = i;
      result.got = a;
      result.expected = b;
    }
  }
  return result;
}

static std::vector<int64_t> placeOf(const Comparison &comparison) {
  std::vector<int64_t> place(comparison.shape.size());
  int64_t rest = comparison.worst;
  for (size_t d = place.size(); d-- > 0; rest /= comparison.shape[d])
    place[d] = rest % comparison.shape[d];
  return place;
}

int64_t Comparison::sample() const {
  return shape.empty() || wrong == 0 ? 0 : placeOf(*this).front();
}

std::string Comparison::text() const {
  int64_t elements = 1;
  for (int64_t extent : shape)
    elements *= extent;
  if (agrees())
    return furthest == 0 ? "equal" : fmt::format("agrees, off by at most {:.2g}", furthest);
  return fmt::format("{} of {} elements differ, the worst at ({}): {:.9g} instead of {:.9g}", wrong,
                     elements, fmt::join(placeOf(*this), ", "), got, expected);
}

/// JSON has no NaN and no infinity.
static formats::Json number(double value) {
  return std::isfinite(value) ? formats::Json(value) : formats::Json(fmt::format("{}", value));
}

formats::Json Comparison::json() const {
  formats::Json json = {{"agrees", agrees()},
                        {"shape", shape},
                        {"different_elements", wrong},
                        {"furthest", number(furthest)}};
  if (!agrees())
    json["worst"] = {{"at", placeOf(*this)}, {"got", number(got)}, {"expected", number(expected)}};
  return json;
}

} // namespace hornet::tool
