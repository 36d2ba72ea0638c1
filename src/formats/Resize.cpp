#include "formats/Image.h"

#include <algorithm>
#include <cmath>

// The weights are computed in double precision and must round as Pillow's do.
#pragma STDC FP_CONTRACT OFF

namespace hornet::formats {

namespace {

/// Weights are fixed-point numbers with this many bits: 32 less 8 for the pixel and 2 for sign and
/// overshoot.
constexpr int weightBits = 22;

struct Kernel {
  double (*weight)(double x);
  double support;
};

double triangle(double x) {
  x = std::abs(x);
  return x < 1 ? 1 - x : 0;
}

/// Keys' cubic convolution with a = -1/2, its factors in Pillow's order.
double cubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1)
    return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

/// The inputs that make one output: input[first + i] * weights[begin + i] for i below count.
struct Window {
  int first;
  int count;
  size_t begin;
};
struct Taps {
  std::vector<Window> windows;
  std::vector<int32_t> weights;
};

/// When an image shrinks, the kernel is stretched by the scale, so that every input counts.
Taps tapsOf(int inSize, int outSize, const Kernel &kernel) {
  Taps taps;
  double scale = static_cast<double>(inSize) / outSize;
  double stretch = std::max(scale, 1.0);
  double support = kernel.support * stretch;
  std::vector<double> values;
  for (int out = 0; out < outSize; ++out) {
    double center = (out + 0.5) * scale;
    // Toward zero, not rounded: a negative start is cut off anyway.
    // NOLINTBEGIN(bugprone-incorrect-roundings)
    int first = std::max(static_cast<int>(center - support + 0.5), 0);
    int last = std::min(static_cast<int>(center + support + 0.5), inSize);
    // NOLINTEND(bugprone-incorrect-roundings)
    double sum = 0;
    values.clear();
    for (int i = first; i < last; ++i) {
      values.push_back(kernel.weight((i - center + 0.5) * (1 / stretch)));
      sum += values.back();
    }
    taps.windows.push_back({first, last - first, taps.weights.size()});
    for (double value : values) {
      double fixed = (sum != 0 ? value / sum : value) * (1 << weightBits);
      taps.weights.push_back(static_cast<int32_t>(fixed + (fixed < 0 ? -0.5 : 0.5)));
    }
  }
  return taps;
}

constexpr int64_t half = int64_t{1} << (weightBits - 1);
uint8_t toPixel(int64_t sum) {
  return static_cast<uint8_t>(std::clamp<int64_t>(sum >> weightBits, 0, 255));
}

Image emptyLike(const Image &image, int width, int height) {
  return {width, height, image.channels,
          std::vector<uint8_t>(size_t{1} * width * height * image.channels)};
}

Image resizeRows(const Image &image, int width, const Kernel &kernel) {
  Taps taps = tapsOf(image.width, width, kernel);
  Image result = emptyLike(image, width, image.height);
  uint8_t *to = result.pixels.data();
  size_t channels = image.channels;
  for (int y = 0; y < image.height; ++y) {
    const uint8_t *row = &image.pixels[channels * image.width * y];
    for (const Window &window : taps.windows)
      for (size_t c = 0; c < channels; ++c) {
        int64_t sum = half;
        for (int i = 0; i < window.count; ++i)
          sum += int64_t{row[(window.first + i) * channels + c]} * taps.weights[window.begin + i];
        *to++ = toPixel(sum);
      }
  }
  return result;
}

Image resizeColumns(const Image &image, int height, const Kernel &kernel) {
  Taps taps = tapsOf(image.height, height, kernel);
  Image result = emptyLike(image, image.width, height);
  uint8_t *to = result.pixels.data();
  size_t stride = size_t{1} * image.width * image.channels;
  std::vector<int64_t> sums(stride);
  for (const Window &window : taps.windows) {
    std::ranges::fill(sums, half);
    for (int i = 0; i < window.count; ++i) {
      const uint8_t *row = &image.pixels[stride * (window.first + i)];
      int64_t weight = taps.weights[window.begin + i];
      for (size_t x = 0; x < stride; ++x)
        sums[x] += row[x] * weight;
    }
    to = std::ranges::transform(sums, to, toPixel).out;
  }
  return result;
}

/// Each position is the one before plus the scale: the rounding of that sum decides ties.
std::vector<int> nearestPositions(int inSize, int outSize) {
  std::vector<int> positions(outSize);
  double scale = static_cast<double>(inSize) / outSize;
  double position = scale * 0.5;
  for (int &index : positions) {
    index = std::min(static_cast<int>(position), inSize - 1);
    position += scale;
  }
  return positions;
}

Image resizeNearest(const Image &image, int width, int height) {
  Image result = emptyLike(image, width, height);
  std::vector<int> columns = nearestPositions(image.width, width);
  uint8_t *to = result.pixels.data();
  size_t channels = image.channels;
  for (int y : nearestPositions(image.height, height))
    for (int x : columns)
      to = std::copy_n(&image.pixels[(size_t{1} * y * image.width + x) * channels], channels, to);
  return result;
}

} // namespace

Image resize(const Image &image, int width, int height, Resample filter) {
  if (image.width == width && image.height == height)
    return image;
  if (filter == Resample::nearest)
    return resizeNearest(image, width, height);

  Kernel kernel = filter == Resample::bilinear ? Kernel{triangle, 1} : Kernel{cubic, 2};
  // Pillow 13 starts with the columns where that saves work; the rounding between the passes makes
  // the order visible.
  int64_t fewerRows = int64_t{image.height} - height;
  int64_t fewerColumns = int64_t{image.width} - width;
  if (fewerRows > 0 && fewerRows > 2 * fewerColumns) {
    Image narrow = resizeColumns(image, height, kernel);
    return fewerColumns == 0 ? narrow : resizeRows(narrow, width, kernel);
  }
  Image flat = fewerColumns == 0 ? image : resizeRows(image, width, kernel);
  return fewerRows == 0 ? flat : resizeColumns(flat, height, kernel);
}

} // namespace hornet::formats
