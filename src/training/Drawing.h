//===- Drawing.h - Lines, circles and text on a page --------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

// Internal to src/training.

#include "base/Error.h"
#include "formats/File.h"

#include <cstdint>
#include <string>
#include <vector>

namespace hornet::training {

struct Color {
  uint8_t red, green, blue;
};

struct Point {
  double x, y; ///< pixels from the upper left corner
};

/// A picture as a list of shapes, the later ones above.
struct Drawing {
  struct Line {
    std::vector<Point> points;
    Color color;
    double width;
    bool dashed = false;
  };
  struct Circle {
    Point center;
    double radius;
    Color fill, edge;
    double edgeWidth; ///< 0: no edge
  };
  enum class Anchor { start, middle, end };
  struct Text {
    Point baseline; ///< of its start, middle or end
    std::string text;
    double size; ///< of capital letters and what is above and below them
    Color color;
    Anchor anchor = Anchor::start;
    bool bold = false;
  };

  int width = 0, height = 0; ///< the page is white
  std::vector<Line> lines;
  std::vector<Circle> circles;
  std::vector<Text> texts;
};

std::string toSvg(const Drawing &drawing);
/// RGB, of twice the size, so that it is sharp on any screen. Text is drawn by strokes: no font is
/// needed; what is not ASCII becomes '?'.
Expected<formats::Bytes> toPng(const Drawing &drawing);

} // namespace hornet::training
