//===- Terminal.h - What people see --------------------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"
#include "formats/Json.h"

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace hornet::tool {

/// What a stream takes. Files and pipes get plain text; NO_COLOR (https://no-color.org) keeps the
/// tables of a terminal and drops the colors.
struct Terminal {
  bool tables = false;
  bool colors = false;
  static Terminal of(FILE *stream);
};

enum class Style { bold, dim, red, green, yellow };
std::string styled(std::string_view text, Style style, const Terminal &terminal);

/// Columns of equal width: ruled on a terminal, else text with two blanks between the columns.
class Table {
public:
  enum class Align { left, right };
  struct Column {
    std::string heading;
    Align align = Align::left;
  };
  explicit Table(std::vector<Column> columns) : columns(std::move(columns)) {}
  /// One cell a column.
  void add(std::vector<std::string> cells);
  std::string format(const Terminal &terminal) const;

private:
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;
};

/// "1,199,882"
std::string grouped(int64_t number);
/// "4.58 MB", as Keras writes it.
std::string byteSize(double bytes);
/// The text with control characters written as "\x1b": names in a file are anyone's.
std::string printable(std::string_view text);

/// To stdout. Throws std::system_error when that is full or closed.
void print(std::string_view text);
/// Indented, with a newline; what is not UTF-8 is replaced.
void printJson(const formats::Json &json);
/// A line "note: …" to stderr.
void printNote(std::string_view text);
/// A line "error: …" a problem to stderr.
void printError(const Error &error);

} // namespace hornet::tool
