//===- Logs.h - What an epoch came to, on disk --------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace hornet::training {

/// Values by name in the order of showing: accuracy, loss, val_accuracy, …
using Logs = std::vector<std::pair<std::string, double>>;

/// Adds what a metric came to; several values become name_0, name_1, ….
void addResult(Logs &logs, const std::string &name, std::span<const double> values);

/// A file with a line an epoch. Each line makes a new file beside the old one and renames it, so
/// that the file is complete at every time.
class EpochLog {
public:
  enum class Form {
    csv,      ///< Keras's CSVLogger's: epoch from 0, names sorted, NA for what there is not
    jsonLines ///< {"epoch": 0, "loss": …}
  };
  /// Begins at `firstEpoch`: lines of it and later ones, which an interrupted run may have left,
  /// are dropped, and so is a line that is not whole; from 0 the file begins anew. Input error: the
  /// file to go on with is not such a log.
  static Expected<EpochLog> open(std::string path, Form form, int64_t firstEpoch = 0);

  /// Writes the line. Input error: a CSV file that is gone on with has other columns. Machine
  /// error: it cannot be written.
  Expected<void> add(int64_t epoch, const Logs &logs);

private:
  EpochLog(std::string path, Form form) : path(std::move(path)), form(form) {}
  Expected<void> addCsv(int64_t epoch, const Logs &logs);

  std::string path;
  Form form;
  std::string header; ///< CSV: the first line
  std::string lines;  ///< the others
};

} // namespace hornet::training
