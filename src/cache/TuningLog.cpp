#include "cache/TuningLog.h"

#include "cache/Cache.h"
#include "formats/File.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

namespace hornet::cache {

namespace {

/// Counts up when the same choice comes to mean something else.
constexpr int version = 1;
constexpr std::string_view separator = " | ";
constexpr size_t mostBytes = 16 << 20;

std::string firstLine() {
  return fmt::format("# Hornet's tuning, version {}: processor | target, threads | op | choice | "
                     "times as fast as without",
                     version);
}

std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> fields;
  for (size_t at; (at = line.find(separator)) != std::string_view::npos;
       line.remove_prefix(at + separator.size()))
    fields.push_back(line.substr(0, at));
  fields.push_back(line);
  return fields;
}

/// The number that all of `text` is.
template <class Number> std::optional<Number> numberOf(std::string_view text) {
  Number number{};
  auto [end, error] = std::from_chars(text.begin(), text.end(), number);
  if (text.empty() || error != std::errc() || end != text.end())
    return std::nullopt;
  return number;
}

/// What is on both sides of the last `between`.
std::pair<std::string_view, std::string_view> around(std::string_view text,
                                                     std::string_view between) {
  size_t at = text.rfind(between);
  if (at == std::string_view::npos)
    return {text, {}};
  return {text.substr(0, at), text.substr(at + between.size())};
}

Expected<TuningEntry> parseEntry(std::string_view line) {
  auto fields = split(line);
  auto malformed = [](std::string reason) {
    return inputError({.reason = std::move(reason), .mend = "remove the line, and tune again"});
  };
  if (fields.size() != 5)
    return malformed(fmt::format("{} fields instead of 5, with '|' between them", fields.size()));
  auto [target, threads] = around(fields[1], ", threads ");
  auto [gain, batch] = around(fields[4], " at batch ");
  std::optional<int> threadCount = numberOf<int>(threads);
  std::optional<int64_t> samples = numberOf<int64_t>(batch);
  std::optional<double> factor = numberOf<double>(gain);
  if (fields[0].empty() || fields[2].empty())
    return malformed("it names no processor or no op");
  if (target.empty() || !threadCount || *threadCount < 1)
    return malformed(fmt::format("'{}' is not a target and threads", fields[1]));
  if (!factor || !(*factor > 0) || !samples || *samples < 1)
    return malformed(fmt::format("'{}' is not a gain at a batch", fields[4]));
  Choice choice = HORNET_TRY(parseChoice(fields[3]));
  return TuningEntry{
      {std::string(fields[0]), std::string(target), *threadCount, std::string(fields[2])},
      std::move(choice),
      *factor,
      *samples};
}

/// The error of a line, with where it is.
tl::unexpected<Error> at(const std::string &file, size_t line, Error error) {
  if (auto *input = std::get_if<InputError>(&error))
    for (Problem &problem : input->problems) {
      problem.file = fmt::format("{}:{}", file, line);
      problem.mend += "; --no-tuning goes without it";
    }
  return tl::unexpected<Error>(std::move(error));
}

/// Keeps other processes that update files of the same folder waiting, without a file of its own.
class FolderLock {
public:
  explicit FolderLock(const std::string &folder)
      : descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    held = descriptor >= 0;
    while (held && ::flock(descriptor, LOCK_EX) != 0)
      held = errno == EINTR;
  }
  ~FolderLock() {
    if (descriptor >= 0)
      ::close(descriptor);
  }
  FolderLock(const FolderLock &) = delete;
  FolderLock &operator=(const FolderLock &) = delete;

  bool held = false;

private:
  int descriptor;
};

} // namespace

Expected<std::string> TuningLog::defaultFile() {
  return fmt::format("{}/tuning-{}.log", HORNET_TRY(Cache::defaultFolder()), version);
}

Expected<TuningLog> TuningLog::read(const std::string &file) {
  std::error_code failure;
  if (!std::filesystem::exists(file, failure) && !failure)
    return TuningLog();
  formats::Bytes bytes = HORNET_TRY(formats::readFile(file, mostBytes));
  return parse({reinterpret_cast<const char *>(bytes.data()), bytes.size()}, file);
}

Expected<TuningLog> TuningLog::parse(std::string_view text, const std::string &file) {
  TuningLog log;
  for (size_t line = 1; !text.empty(); ++line) {
    std::string_view content = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), content.size() + 1));
    if (line == 1 && content != firstLine())
      return at(file, line,
                InputError{{{.reason = fmt::format("it does not begin as a tuning log of version "
                                                   "{} does",
                                                   version),
                             .mend = "tune again, into another file"}}});
    if (content.empty() || content.starts_with('#'))
      continue;
    Expected<TuningEntry> entry = parseEntry(content);
    if (!entry)
      return at(file, line, entry.error());
    log.entries.push_back(std::move(*entry));
  }
  std::ranges::sort(log.entries, {}, &TuningEntry::key);
  auto twice = std::ranges::adjacent_find(log.entries, {}, &TuningEntry::key);
  if (twice != log.entries.end())
    return inputError({.file = file,
                       .reason = fmt::format("there are two lines for '{}'", twice->key.op),
                       .mend = "remove one of them; --no-tuning goes without the file"});
  return log;
}

Tuning TuningLog::choicesFor(const std::string &processor, const std::string &target,
                             int threads) const {
  Tuning tuning;
  for (const TuningEntry &entry : entries)
    if (entry.key.processor == processor && entry.key.target == target &&
        entry.key.threads == threads)
      tuning.emplace(entry.key.op, entry.choice);
  return tuning;
}

std::string TuningLog::text() const {
  std::string text = firstLine() + "\n";
  for (const TuningEntry &entry : entries)
    text += fmt::format("{1}{0}{2}, threads {3}{0}{4}{0}{5}{0}{6:.2f} at batch {7}\n", separator,
                        entry.key.processor, entry.key.target, entry.key.threads, entry.key.op,
                        toString(entry.choice), entry.gain, entry.batch);
  return text;
}

Expected<void> TuningLog::update(const std::string &file, const std::set<TuningKey> &without,
                                 const std::vector<TuningEntry> &with) {
  std::string folder = std::filesystem::path(file).parent_path().string();
  FolderLock lock(folder.empty() ? "." : folder);
  if (!lock.held)
    return machineError(
        fmt::format("{}: the folder cannot be locked: {}", file, std::strerror(errno)));
  TuningLog log = HORNET_TRY(read(file));
  std::set<TuningKey> replaced = without;
  for (const TuningEntry &entry : with)
    replaced.insert(entry.key);
  size_t before = log.entries.size();
  std::erase_if(log.entries,
                [&](const TuningEntry &entry) { return replaced.contains(entry.key); });
  if (with.empty() && log.entries.size() == before)
    return {};
  log.entries.insert(log.entries.end(), with.begin(), with.end());
  std::ranges::sort(log.entries, {}, &TuningEntry::key);
  std::string text = log.text();
  return formats::writeFile(file, std::as_bytes(std::span(text)));
}

} // namespace hornet::cache
