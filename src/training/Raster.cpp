// A drawing in pixels, by Anti-Grain Geometry.
#include "formats/Image.h"
#include "training/Drawing.h"

#include <agg_conv_dash.h>
#include <agg_conv_stroke.h>
#include <agg_ellipse.h>
#include <agg_gsv_text.h>
#include <agg_path_storage.h>
#include <agg_rasterizer_scanline_aa.h>
#include <agg_scanline_u.h>
#include <new>

namespace hornet::training {
namespace {

constexpr int scale = 2;

class Canvas {
public:
  Canvas(int width, int height)
      : image{width, height, 3, std::vector<uint8_t>(size_t{3} * width * height, 255)} {
    rasterizer.clip_box(0, 0, width, height);
  }

  void draw(const Drawing::Line &line) {
    agg::path_storage path;
    for (size_t i = 0; i < line.points.size(); ++i) {
      double x = line.points[i].x * scale, y = line.points[i].y * scale;
      i == 0 ? path.move_to(x, y) : path.line_to(x, y);
    }
    if (!line.dashed)
      return stroke(path, line.width, line.color);
    agg::conv_dash<agg::path_storage> dashes(path);
    dashes.add_dash(6 * scale, 4 * scale);
    stroke(dashes, line.width, line.color);
  }

  void draw(const Drawing::Circle &circle) {
    agg::ellipse ellipse(circle.center.x * scale, circle.center.y * scale, circle.radius * scale,
                         circle.radius * scale, 48);
    fill(ellipse, circle.fill);
    if (circle.edgeWidth > 0)
      stroke(ellipse, circle.edgeWidth, circle.edge);
  }

  void draw(const Drawing::Text &text) {
    std::string ascii;
    for (char c : text.text)
      if ((c & 0xc0) != 0x80) // one for a character, not for each of its bytes
        ascii += c >= 0x20 && c < 0x7f ? c : '?';
    constexpr double capitals = 0.78, narrowing = 0.74, spacing = 0.12; // look like other fonts
    double height = text.size * capitals * scale;
    agg::gsv_text glyphs;
    glyphs.flip(true);
    glyphs.size(height, height * narrowing);
    glyphs.space(height * spacing);
    glyphs.text(ascii.c_str());
    double width = glyphs.text_width();
    double left = text.anchor == Drawing::Anchor::start    ? 0
                  : text.anchor == Drawing::Anchor::middle ? width / 2
                                                           : width;
    glyphs.start_point(text.baseline.x * scale - left, text.baseline.y * scale);
    stroke(glyphs, text.size * (text.bold ? 0.115 : 0.075), text.color);
  }

  formats::Image image;

private:
  template <class Source> void stroke(Source &source, double width, Color color) {
    agg::conv_stroke<Source> outline(source);
    outline.width(width * scale);
    outline.line_join(agg::round_join);
    outline.line_cap(agg::round_cap);
    fill(outline, color);
  }

  template <class Source> void fill(Source &source, Color color) {
    rasterizer.reset();
    rasterizer.add_path(source);
    if (!rasterizer.rewind_scanlines())
      return;
    scanline.reset(rasterizer.min_x(), rasterizer.max_x());
    while (rasterizer.sweep_scanline(scanline)) {
      auto span = scanline.begin();
      for (unsigned left = scanline.num_spans(); left > 0; --left, ++span)
        for (int i = 0; i < span->len; ++i)
          blend(span->x + i, scanline.y(), color, span->covers[i]);
    }
  }

  /// `cover` of 255 parts of the pixel are under the shape.
  void blend(int x, int y, Color color, int cover) {
    if (x >= image.width || y >= image.height)
      return;
    uint8_t *pixel = &image.pixels[3 * (size_t(y) * image.width + x)];
    for (uint8_t channel : {color.red, color.green, color.blue}) {
      *pixel = static_cast<uint8_t>((*pixel * (255 - cover) + channel * cover + 127) / 255);
      ++pixel;
    }
  }

  agg::rasterizer_scanline_aa<> rasterizer;
  agg::scanline_u8 scanline;
};

} // namespace

Expected<formats::Bytes> toPng(const Drawing &drawing) try {
  Canvas canvas(drawing.width * scale, drawing.height * scale);
  for (const Drawing::Line &line : drawing.lines)
    canvas.draw(line);
  for (const Drawing::Circle &circle : drawing.circles)
    canvas.draw(circle);
  for (const Drawing::Text &text : drawing.texts)
    canvas.draw(text);
  return formats::encodePng(canvas.image);
} catch (const std::bad_alloc &) {
  return machineError("out of memory: the plot");
}

} // namespace hornet::training
