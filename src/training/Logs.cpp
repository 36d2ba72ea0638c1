#include "training/Logs.h"

#include "formats/File.h"
#include "formats/Json.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <optional>

namespace hornet::training {

void addResult(Logs &logs, const std::string &name, std::span<const double> values) {
  if (values.size() == 1)
    return logs.emplace_back(name, values[0]), void();
  for (size_t i = 0; i < values.size(); ++i)
    logs.emplace_back(fmt::format("{}_{}", name, i), values[i]);
}

/// The epoch that a line begins with, or names.
static std::optional<int64_t> epochOf(const std::string &line, EpochLog::Form form) {
  if (form == EpochLog::Form::jsonLines) {
    auto json = formats::parseJson(line, "");
    if (!json || !json->is_object() || !json->contains("epoch") ||
        !(*json)["epoch"].is_number_integer())
      return std::nullopt;
    return (*json)["epoch"].get<int64_t>();
  }
  size_t digits = line.find_first_not_of("0123456789");
  constexpr size_t longest = 18;
  if (digits == 0 || digits > longest || line[digits] != ',')
    return std::nullopt;
  return std::stoll(line.substr(0, digits));
}

static tl::unexpected<Error> notALog(const std::string &path, const std::string &line) {
  return inputError({.file = path,
                     .reason = fmt::format("this line is not one of a log of training: {}", line),
                     .mend = "name another file for the log"});
}

Expected<EpochLog> EpochLog::open(std::string path, Form form, int64_t firstEpoch) {
  EpochLog log(std::move(path), form);
  std::error_code ignored;
  if (firstEpoch == 0 || !std::filesystem::exists(log.path, ignored))
    return log;
  formats::Bytes bytes = HORNET_TRY(formats::readFile(log.path));
  std::string_view text(reinterpret_cast<const char *>(bytes.data()), bytes.size());
  for (size_t start = 0, end = 0; (end = text.find('\n', start)) != text.npos; start = end + 1) {
    std::string line(text.substr(start, end - start));
    if (line.ends_with('\r')) // as Python writes CSV
      line.pop_back();
    if (form == Form::csv && start == 0) {
      if (!line.starts_with("epoch,"))
        return notALog(log.path, line);
      log.header = line;
      continue;
    }
    std::optional<int64_t> epoch = epochOf(line, form);
    if (!epoch)
      return notALog(log.path, line);
    if (*epoch < firstEpoch)
      log.lines += line + "\n";
  }
  return log;
}

static std::string cell(const std::string &text) {
  if (text.find_first_of(",\"\n") == text.npos)
    return text;
  std::string quoted = "\"";
  for (char c : text)
    quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

/// Keras's columns: sorted, and those of validation even when there is none.
static std::vector<std::string> columnsOf(const Logs &logs) {
  std::vector<std::string> names;
  bool validates = false;
  for (const auto &[name, value] : logs) {
    names.push_back(name);
    validates |= name.starts_with("val_");
  }
  std::ranges::sort(names);
  size_t count = names.size();
  for (size_t i = 0; !validates && i < count; ++i)
    names.push_back("val_" + names[i]);
  return names;
}

Expected<void> EpochLog::addCsv(int64_t epoch, const Logs &logs) {
  std::string first = "epoch", line = std::to_string(epoch);
  for (const std::string &column : columnsOf(logs)) {
    auto found = std::ranges::find(logs, column, &Logs::value_type::first);
    first += "," + cell(column);
    line += "," + (found == logs.end() ? "NA" : fmt::format("{}", found->second));
  }
  if (!header.empty() && header != first)
    return inputError(
        {.file = path,
         .reason = fmt::format("its columns are {}, but this run has {}", header, first),
         .mend = "name another file for the log"});
  header = first;
  lines += line + "\n";
  return {};
}

Expected<void> EpochLog::add(int64_t epoch, const Logs &logs) {
  if (form == Form::csv) {
    HORNET_TRY(addCsv(epoch, logs));
  } else {
    formats::Json json{{"epoch", epoch}};
    for (const auto &[name, value] : logs)
      json[name] = value; // what is not finite becomes null
    lines += json.dump(-1, ' ', false, formats::Json::error_handler_t::replace) + "\n";
  }
  std::string text = (header.empty() ? "" : header + "\n") + lines;
  return formats::writeFile(path, std::as_bytes(std::span(text)));
}

} // namespace hornet::training
