#include "training/Plot.h"

#include "training/Drawing.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace hornet::training {
namespace {

// Okabe and Ito's colors, which most of the color-blind tell apart; besides, one line is dashed.
constexpr Color trainColor = {0x00, 0x72, 0xb2}, validationColor = {0xd5, 0x5e, 0x00};
constexpr Color ink = {0x22, 0x22, 0x22}, gray = {0x66, 0x66, 0x66}, grid = {0xe4, 0xe4, 0xe4};
constexpr Color axis = {0x99, 0x99, 0x99}, white = {0xff, 0xff, 0xff};

constexpr int panelWidth = 460, panelHeight = 320, top = 52;
constexpr double left = 62, right = 22, above = 34, below = 48; // of a panel, around its axes
constexpr double lineWidth = 2, textSize = 13, titleSize = 17;

/// Round numbers from `low` to `high`, some six of them.
struct Ticks {
  double step = 1;
  int decimals = 0;
  std::vector<double> values;

  Ticks(double low, double high, bool whole) {
    constexpr double wanted = 7;
    double rough = std::max(high - low, 1e-12) / wanted;
    double power = std::pow(10, std::floor(std::log10(rough)));
    for (double factor : {1., 2., 5., 10.})
      if (step = factor * power; step >= rough)
        break;
    if (whole)
      step = std::max(1.0, std::round(step));
    decimals = std::max(0, static_cast<int>(std::ceil(-std::log10(step) - 1e-9)));
    double first = std::ceil(low / step - 1e-9);
    constexpr int most = 20;
    for (int i = 0; i < most && (first + i) * step <= high + step * 1e-9; ++i)
      values.push_back((first + i) * step);
  }

  std::string label(double value) const {
    double largest = std::max(std::abs(values.front()), std::abs(values.back()));
    if (largest >= 1e6 || decimals > 5)
      return fmt::format("{:.2g}", value);
    return fmt::format("{:.{}f}", value + 0.0, decimals);
  }
};

struct Range {
  double low, high;
};

/// Of the finite values, with a margin.
Range rangeOf(const Curve &curve) {
  Range range{HUGE_VAL, -HUGE_VAL};
  for (const auto *values : {&curve.train, &curve.validation})
    for (double value : *values)
      if (std::isfinite(value))
        range = {std::min(range.low, value), std::max(range.high, value)};
  if (range.low > range.high)
    return {0, 1};
  double size = range.high - range.low, largest = std::max(-range.low, range.high);
  bool flat = size <= 1e-9 * largest; // what differs less is not told apart by tick labels
  double margin = flat ? std::max(std::abs(largest), 1e-6) * 0.1 : 0.06 * size;
  return {range.low - margin, range.high + margin};
}

std::optional<size_t> bestOf(std::span<const double> values, Direction direction) {
  std::optional<size_t> best;
  for (size_t i = 0; i < values.size(); ++i)
    if (std::isfinite(values[i]) &&
        (!best ||
         (direction == Direction::down ? values[i] < values[*best] : values[i] > values[*best])))
      best = i;
  return best;
}

/// One curve's axes on the page.
class Panel {
public:
  Panel(Drawing &drawing, const Curve &curve, Point corner)
      : drawing(drawing), curve(curve), range(rangeOf(curve)),
        epochs(std::max({curve.train.size(), curve.validation.size(), size_t{2}})),
        x0(corner.x + left), x1(corner.x + panelWidth - right), y0(corner.y + above),
        y1(corner.y + panelHeight - below) {}

  void draw() {
    drawAxes();
    drawLine(curve.train, trainColor, false);
    drawLine(curve.validation, validationColor, true);
    std::string note = drawBest();
    drawing.texts.push_back({{x0, y0 - 12}, curve.name, textSize + 1, ink, start, true});
    drawing.texts.push_back({{x1, y0 - 12}, note, textSize - 1, gray, end});
  }

private:
  static constexpr auto start = Drawing::Anchor::start, middle = Drawing::Anchor::middle,
                        end = Drawing::Anchor::end;

  Point at(double epoch, double value) const {
    constexpr double margin = 12; // so that the first values do not lie on the axis
    return {x0 + margin + (x1 - x0 - 2 * margin) * (epoch - 1) / (static_cast<double>(epochs) - 1),
            y1 - (y1 - y0) * (value - range.low) / (range.high - range.low)};
  }

  void drawAxes() {
    Ticks down(range.low, range.high, false), across(1, static_cast<double>(epochs), true);
    for (double value : down.values) {
      double y = at(1, value).y;
      drawing.lines.push_back({{{x0, y}, {x1, y}}, grid, 1});
      drawing.texts.push_back({{x0 - 8, y + 4}, down.label(value), textSize - 1, gray, end});
    }
    if (across.values.front() > 2) // the first epoch, when there is room for it
      across.values.insert(across.values.begin(), 1);
    for (double epoch : across.values) {
      double x = at(epoch, range.low).x;
      drawing.lines.push_back({{{x, y0}, {x, y1}}, grid, 1});
      drawing.lines.push_back({{{x, y1}, {x, y1 + 4}}, axis, 1});
      drawing.texts.push_back(
          {{x, y1 + 18}, fmt::format("{:.0f}", epoch), textSize - 1, gray, middle});
    }
    drawing.lines.push_back({{{x0, y0}, {x0, y1}, {x1, y1}}, axis, 1});
    drawing.texts.push_back({{(x0 + x1) / 2, y1 + 38}, "epoch", textSize, gray, middle});
  }

  void drawLine(std::span<const double> values, Color color, bool dashed) {
    constexpr size_t mostDots = 40;
    std::vector<Point> points;
    auto flush = [&] {
      if (points.size() > 1)
        drawing.lines.push_back({points, color, lineWidth, dashed});
      points.clear();
    };
    for (size_t i = 0; i < values.size(); ++i) {
      if (!std::isfinite(values[i])) {
        flush();
        continue;
      }
      points.push_back(at(static_cast<double>(i + 1), values[i]));
      if (values.size() <= mostDots)
        drawing.circles.push_back({points.back(), 2.6, color, color, 0});
    }
    flush();
  }

  /// Rings the best epoch, and says which it is.
  std::string drawBest() {
    bool validates = !curve.validation.empty();
    const auto &values = validates ? curve.validation : curve.train;
    std::optional<size_t> best = bestOf(values, curve.direction);
    if (!best)
      return "";
    Color color = validates ? validationColor : trainColor;
    drawing.circles.push_back(
        {at(static_cast<double>(*best + 1), values[*best]), 5.5, white, color, 2});
    return fmt::format("best {:.4g} in epoch {}", values[*best], *best + 1);
  }

  Drawing &drawing;
  const Curve &curve;
  Range range;
  size_t epochs;
  double x0, x1, y0, y1; ///< the corners of the axes
};

void drawLegend(Drawing &drawing, bool validates) {
  constexpr double sample = 28, gap = 8, y = 26;
  double x = drawing.width - right;
  auto entry = [&](const char *name, double width, Color color, bool dashed) {
    x -= width;
    drawing.lines.push_back({{{x - gap - sample, y}, {x - gap, y}}, color, lineWidth, dashed});
    drawing.texts.push_back({{x, y + 4}, name, textSize, gray});
    x -= gap + sample + 2 * gap;
  };
  if (validates)
    entry("validation", 70, validationColor, true);
  entry("training", 54, trainColor, false);
}

Drawing draw(std::span<const Curve> curves, const std::string &title) {
  auto count = static_cast<int>(std::max<size_t>(curves.size(), 1));
  int across = std::min(count, count == 4 ? 2 : 3), rows = (count + across - 1) / across;
  Drawing drawing;
  drawing.width = across * panelWidth;
  drawing.height = top + rows * panelHeight;
  drawing.texts.push_back({{left, 32}, title, titleSize, ink, Drawing::Anchor::start, true});
  bool validates =
      std::ranges::any_of(curves, [](const Curve &curve) { return !curve.validation.empty(); });
  drawLegend(drawing, validates);
  for (int i = 0; const Curve &curve : curves) {
    int column = i % across, row = i / across;
    ++i;
    double x = column * panelWidth, y = top + row * panelHeight;
    Panel(drawing, curve, {x, y}).draw();
  }
  return drawing;
}

} // namespace

std::vector<Curve> curvesOf(std::span<const Logs> epochs, std::span<const std::string> up) {
  constexpr std::string_view prefix = "val_";
  std::vector<Curve> curves;
  for (size_t epoch = 0; epoch < epochs.size(); ++epoch)
    for (const auto &[name, value] : epochs[epoch]) {
      bool validates = name.starts_with(prefix);
      std::string plain = validates ? name.substr(prefix.size()) : name;
      auto found = std::ranges::find(curves, plain, &Curve::name);
      if (found == curves.end()) {
        bool rises = std::ranges::find(up, plain) != up.end();
        Curve curve{plain, {}, {}, rises ? Direction::up : Direction::down};
        found = curves.insert(plain == "loss" ? curves.begin() : curves.end(), std::move(curve));
      }
      auto &values = validates ? found->validation : found->train;
      values.resize(epoch, std::numeric_limits<double>::quiet_NaN());
      values.push_back(value);
    }
  return curves;
}

std::string plotSvg(std::span<const Curve> curves, const std::string &title) {
  return toSvg(draw(curves, title));
}

Expected<std::vector<std::byte>> plotPng(std::span<const Curve> curves, const std::string &title) {
  return toPng(draw(curves, title));
}

Expected<void> writePlot(const std::string &path, std::span<const Curve> curves,
                         const std::string &title) {
  if (path.ends_with(".svg")) {
    std::string svg = plotSvg(curves, title);
    return formats::writeFile(path, std::as_bytes(std::span(svg)));
  }
  if (path.ends_with(".png"))
    return formats::writeFile(path, HORNET_TRY(plotPng(curves, title)));
  return inputError({.file = path,
                     .reason = "a plot is a PNG or an SVG file",
                     .mend = "let its name end in .png or .svg"});
}

} // namespace hornet::training
