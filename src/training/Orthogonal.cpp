#include "training/Orthogonal.h"

#include <cmath>
#include <numeric>
#include <vector>

namespace hornet::training {

static double dot(std::span<const double> a, std::span<const double> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

void fillOrthogonal(std::span<float> values, size_t rows, size_t columns, RandomStream &random) {
  size_t count = std::min(rows, columns), length = std::max(rows, columns);
  std::vector<double> vectors(count * length);
  for (double &element : vectors)
    element = random.normal();
  auto vector = [&](size_t i) { return std::span(vectors).subspan(i * length, length); };

  // Gram and Schmidt, each vector twice, which is as exact as reflections are; what is divided by
  // is a norm, so that R's diagonal is positive.
  for (size_t i = 0; i < count; ++i) {
    for (int pass = 0; pass < 2; ++pass)
      for (size_t j = 0; j < i; ++j) {
        double along = dot(vector(i), vector(j));
        for (size_t k = 0; k < length; ++k)
          vector(i)[k] -= along * vector(j)[k];
      }
    double norm = std::sqrt(dot(vector(i), vector(i)));
    for (double &element : vector(i))
      element /= norm;
  }

  bool across = rows < columns; // the vectors are the rows
  for (size_t i = 0; i < count; ++i)
    for (size_t k = 0; k < length; ++k)
      values[across ? i * columns + k : k * columns + i] = static_cast<float>(vector(i)[k]);
}

} // namespace hornet::training
