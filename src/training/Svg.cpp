#include "training/Drawing.h"

#include <fmt/format.h>
#include <iterator>

namespace hornet::training {
namespace {

std::string escaped(const std::string &text) {
  std::string result;
  for (char c : text)
    if (c == '<' || c == '>' || c == '&')
      result += c == '<' ? "&lt;" : c == '>' ? "&gt;" : "&amp;";
    else if (static_cast<unsigned char>(c) >= 0x20) // XML has no other control characters
      result += c;
  return result;
}

std::string hex(Color color) {
  return fmt::format("#{:02x}{:02x}{:02x}", color.red, color.green, color.blue);
}

} // namespace

std::string toSvg(const Drawing &drawing) {
  std::string svg;
  auto add = [&]<class... Values>(fmt::format_string<Values...> format, Values &&...values) {
    fmt::format_to(std::back_inserter(svg), format, std::forward<Values>(values)...);
  };
  add("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} "
      "{1}\" font-family=\"Helvetica, Arial, sans-serif\">\n",
      drawing.width, drawing.height);
  add("<rect width=\"{}\" height=\"{}\" fill=\"#ffffff\"/>\n", drawing.width, drawing.height);
  for (const Drawing::Line &line : drawing.lines) {
    add("<polyline fill=\"none\" stroke=\"{}\" stroke-width=\"{}\" stroke-linejoin=\"round\"{} "
        "points=\"",
        hex(line.color), line.width, line.dashed ? " stroke-dasharray=\"6 4\"" : "");
    for (const Point &point : line.points)
      add("{:.2f},{:.2f} ", point.x, point.y);
    add("\"/>\n");
  }
  for (const Drawing::Circle &circle : drawing.circles)
    add("<circle cx=\"{:.2f}\" cy=\"{:.2f}\" r=\"{}\" fill=\"{}\" stroke=\"{}\" "
        "stroke-width=\"{}\"/>\n",
        circle.center.x, circle.center.y, circle.radius, hex(circle.fill), hex(circle.edge),
        circle.edgeWidth);
  static constexpr const char *anchors[] = {"start", "middle", "end"};
  for (const Drawing::Text &text : drawing.texts)
    add("<text x=\"{:.2f}\" y=\"{:.2f}\" font-size=\"{}\" fill=\"{}\" text-anchor=\"{}\"{}>{}"
        "</text>\n",
        text.baseline.x, text.baseline.y, text.size, hex(text.color),
        anchors[static_cast<int>(text.anchor)], text.bold ? " font-weight=\"bold\"" : "",
        escaped(text.text));
  return svg + "</svg>\n";
}

} // namespace hornet::training
