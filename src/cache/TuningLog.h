//===- TuningLog.h - What tuning has found, as text ---------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Tuning.h"

#include <compare>
#include <set>
#include <string>
#include <vector>

namespace hornet::cache {

/// What a choice holds for, and for nothing else.
struct TuningKey {
  std::string processor; ///< as driver::processorName gives it
  std::string target;    ///< "native", "x86-64-v3", …
  int threads = 1;
  std::string op;

  auto operator<=>(const TuningKey &) const = default;
};

struct TuningEntry {
  TuningKey key;
  Choice choice;
  double gain = 1;   ///< how many times as fast as without it the op was
  int64_t batch = 1; ///< for which that was measured
};

/// A file of one line an op, sorted, which can be read, edited, and kept with a project:
///   processor | target, threads | op | choice | gain
class TuningLog {
public:
  /// In the folder of the cache; its name carries the version of the choices' meaning, so that
  /// another version of Hornet never reads it.
  static Expected<std::string> defaultFile();

  /// Empty when the file is missing. Input error with file and line: anything that is no entry.
  static Expected<TuningLog> read(const std::string &file);
  static Expected<TuningLog> parse(std::string_view text, const std::string &file);

  /// Choices by op for this processor, target and threads.
  Tuning choicesFor(const std::string &processor, const std::string &target, int threads) const;

  /// Takes entries away and adds others to the file, whatever other processes do to it meanwhile.
  /// Input error: as of read. Machine error: it cannot be written.
  static Expected<void> update(const std::string &file, const std::set<TuningKey> &without,
                               const std::vector<TuningEntry> &with);

  size_t size() const { return entries.size(); }
  std::string text() const;

private:
  std::vector<TuningEntry> entries; ///< sorted by their keys
};

} // namespace hornet::cache
