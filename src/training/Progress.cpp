#include "training/Progress.h"

#include <cmath>
#include <fmt/format.h>

namespace hornet::training {
namespace {

constexpr int barWidth = 20;
constexpr double liveInterval = 0.05, plainInterval = 30;

/// Text whose visible width is kept within a limit.
class Line {
public:
  Line(bool colors, int limit) : colors(colors), left(limit) {}

  /// `style` is a number of an escape sequence (SGR); 0: none.
  void add(std::string_view visible, int style = 0) {
    std::string part;
    for (char c : visible) {
      bool startsCharacter = (c & 0xc0) != 0x80; // of UTF-8
      if (startsCharacter && left-- <= 0)
        break;
      part += c;
    }
    left = std::max(left, 0);
    text += colors && style && !part.empty() ? fmt::format("\033[{}m{}\033[0m", style, part) : part;
  }

  std::string text;

private:
  bool colors;
  int left; ///< characters
};

constexpr int bold = 1, green = 32, white = 37;

std::string repeated(std::string_view piece, int count) {
  std::string text;
  for (int i = 0; i < count; ++i)
    text += piece;
  return text;
}

/// "1:02:03", "2:03", "3s"
std::string duration(double seconds) {
  if (!std::isfinite(seconds) || seconds > 1e15)
    return "?";
  auto whole = static_cast<int64_t>(seconds);
  if (seconds > 3600)
    return fmt::format("{}:{:02}:{:02}", whole / 3600, whole % 3600 / 60, whole % 60);
  return seconds > 60 ? fmt::format("{}:{:02}", whole / 60, whole % 60) : fmt::format("{}s", whole);
}

std::string stepTime(double seconds) {
  if (seconds >= 1 || seconds == 0)
    return fmt::format("{:.0f}s/step", seconds);
  return seconds >= 1e-3 ? fmt::format("{:.0f}ms/step", seconds * 1e3)
                         : fmt::format("{:.0f}us/step", seconds * 1e6);
}

std::string listed(const Logs &logs) {
  std::string text;
  for (const auto &[name, value] : logs)
    text += std::abs(value) > 1e-3 || std::isnan(value) ? fmt::format(" - {}: {:.4f}", name, value)
                                                        : fmt::format(" - {}: {:.4e}", name, value);
  return text;
}

} // namespace

Progress::Progress(const Options &options, double now, int64_t firstStep)
    : options(options), begin(now), firstStep(firstStep) {
  if (!options.live)
    shown = now;
}

std::string Progress::heading(int64_t epoch, int64_t epochs) {
  return fmt::format("Epoch {}/{}\n", epoch + 1, epochs);
}

double Progress::secondsPerStep(int64_t step, double now) const {
  int64_t done = step - firstStep;
  if (firstDone && done > 1)
    return (now - *firstDone) / static_cast<double>(done - 1);
  return done > 0 ? (now - begin) / static_cast<double>(done) : 0;
}

std::string Progress::line(int64_t step, const Logs &logs, double now, bool finished) const {
  double perStep = secondsPerStep(step, now);
  auto left = static_cast<double>(options.steps - step);
  std::string digits = std::to_string(options.steps);
  std::string count = fmt::format("{:>{}}/{}", step, digits.size(), digits);
  std::string time = finished ? fmt::format("{:.0f}s", now - begin) : duration(perStep * left);
  constexpr int unlimited = 1 << 20;
  Line line(options.colors, finished || !options.live ? unlimited : options.columns - 1);
  if (options.live) {
    line.add(count, bold);
    auto width = static_cast<int>(barWidth * step / std::max<int64_t>(options.steps, 1));
    line.add(" ");
    line.add(repeated("━", width), green);
    // Without colors a thinner line has to tell the rest.
    line.add(repeated(options.colors ? "━" : "─", barWidth - width), white);
    line.add(" ");
    line.add(time, bold);
    line.add(" " + stepTime(perStep));
  } else {
    line.add(
        fmt::format("{} - {}{} - {}", count, time, finished ? "" : " left", stepTime(perStep)));
  }
  line.add(listed(logs));
  return line.text;
}

std::string Progress::update(int64_t step, const Logs &logs, double now) {
  if (step == firstStep + 1)
    firstDone = now;
  if (shown && now - *shown < (options.live ? liveInterval : plainInterval))
    return "";
  shown = now;
  std::string text = line(step, logs, now, false);
  return options.live ? "\r" + text + "\033[K" : text + "\n";
}

std::string Progress::finish(const Logs &logs, double now) {
  std::string text = line(options.steps, logs, now, true) + "\n";
  return options.live ? "\r\033[K" + text : text;
}

} // namespace hornet::training
