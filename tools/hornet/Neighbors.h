//===- Neighbors.h - What other processes take of the machine -------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

namespace hornet::tool {

/// Watches from its construction on. Where the system does not tell (/proc/stat), nobody is there.
class Neighbors {
public:
  Neighbors() : start(now()) {}

  /// Of all processors' time since, the part that other processes used: 0 to 1.
  double share() const;

private:
  /// In seconds of one processor.
  struct Used {
    double all = 0, idle = 0, own = 0;
  };
  static Used now();
  Used start;
};

} // namespace hornet::tool
