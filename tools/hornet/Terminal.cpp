#include "Terminal.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fmt/format.h>
#include <system_error>
#include <unistd.h>

namespace hornet::tool {

Terminal Terminal::of(FILE *stream) {
  auto given = [](const char *name) {
    const char *value = std::getenv(name);
    return std::string_view(value ? value : "");
  };
  bool terminal = isatty(fileno(stream)) && given("TERM") != "dumb";
  return {terminal, terminal && given("NO_COLOR").empty()};
}

std::string styled(std::string_view text, Style style, const Terminal &terminal) {
  static constexpr int codes[] = {1, 2, 31, 32, 33};
  if (!terminal.colors)
    return std::string(text);
  return fmt::format("\033[{}m{}\033[0m", codes[static_cast<int>(style)], text);
}

/// Characters, not bytes, of UTF-8.
static size_t width(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; });
}

static std::string padded(const std::string &text, size_t to, Table::Align align) {
  std::string blanks(to - std::min(to, width(text)), ' ');
  return align == Table::Align::left ? text + blanks : blanks + text;
}

void Table::add(std::vector<std::string> cells) {
  for (std::string &cell : cells)
    cell = printable(cell);
  cells.resize(columns.size());
  rows.push_back(std::move(cells));
}

std::string Table::format(const Terminal &terminal) const {
  std::vector<size_t> widths;
  for (size_t i = 0; i < columns.size(); ++i) {
    widths.push_back(width(columns[i].heading));
    for (const auto &row : rows)
      widths[i] = std::max(widths[i], width(row[i]));
  }
  auto rule = [&](const char *left, const char *middle, const char *right) {
    std::string line = left;
    for (size_t i = 0; i < widths.size(); ++i) {
      for (size_t j = 0; j < widths[i] + 2; ++j)
        line += "─";
      line += i + 1 < widths.size() ? middle : right;
    }
    return terminal.tables ? styled(line, Style::dim, terminal) + "\n" : "";
  };
  auto line = [&](auto cellOf) {
    std::string text;
    std::string bar = styled("│", Style::dim, terminal);
    for (size_t i = 0; i < columns.size(); ++i)
      text += terminal.tables ? bar + " " + cellOf(i) + " " : (i ? "  " : "") + cellOf(i);
    if (terminal.tables)
      return text + bar + "\n";
    return text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
  };
  std::string text = rule("┌", "┬", "┐");
  text += line([&](size_t i) {
    return styled(padded(columns[i].heading, widths[i], columns[i].align), Style::bold, terminal);
  });
  text += rule("├", "┼", "┤");
  for (const auto &row : rows)
    text += line([&](size_t i) { return padded(row[i], widths[i], columns[i].align); });
  return text + rule("└", "┴", "┘");
}

std::string grouped(int64_t number) {
  std::string text = std::to_string(number);
  for (int64_t i = static_cast<int64_t>(text.size()) - 3; i > (number < 0 ? 1 : 0); i -= 3)
    text.insert(i, ",");
  return text;
}

std::string byteSize(double bytes) {
  static constexpr std::string_view units[] = {"B", "KB", "MB", "GB", "TB", "PB"};
  size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < std::size(units); ++unit)
    bytes /= 1024;
  return fmt::format("{:.2f} {}", bytes, units[unit]);
}

std::string printable(std::string_view text) {
  std::string result;
  for (char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      result += fmt::format("\\x{:02x}", c);
    else
      result += c;
  return result;
}

void print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size())
    throw std::system_error(errno, std::generic_category(), "standard output");
}

void printJson(const formats::Json &json) {
  print(json.dump(2, ' ', false, formats::Json::error_handler_t::replace) + "\n");
}

static void printLine(std::string_view kind, Style style, std::string_view text) {
  std::string line = styled(kind, style, Terminal::of(stderr)) + " " + printable(text) + "\n";
  std::fputs(line.c_str(), stderr);
}

void printNote(std::string_view text) { printLine("note:", Style::yellow, text); }

void printError(const Error &error) {
  if (auto *input = std::get_if<InputError>(&error))
    for (const Problem &problem : input->problems)
      printLine("error:", Style::red, toString(problem));
  else
    printLine("error:", Style::red, toString(error));
}

} // namespace hornet::tool
