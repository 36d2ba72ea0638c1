//===- Zip.h - Reading zip archives ------------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"
#include "formats/File.h"

#include <memory>
#include <string>
#include <vector>

namespace hornet::formats {

/// A zip archive (.keras, .npz) held in memory, read through libzip: zip64, data descriptors and
/// archive comments included. Nothing is ever unpacked to disk. Copies share the archive; may be
/// used from several threads. All failures are input errors that name `file` and the member.
class ZipArchive {
public:
  /// `file` names it in messages. Refuses: what is not a zip (says what it is), no central
  /// directory (truncated), a directory outside the file, headers that contradict each other, a
  /// member whose name is a path out of the archive or is there twice, a member that is a symbolic
  /// link.
  static Expected<ZipArchive> open(Bytes bytes, std::string file);

  /// Names of all members in the directory's order; those of folders end in "/".
  const std::vector<std::string> &members() const { return names; }
  bool contains(const std::string &member) const;
  /// A member's bytes, stored or deflated. Input error: missing, a size over `limit` once expanded,
  /// CRC-32 mismatch, claims or holds more than the archive can hold, encrypted, compressed by
  /// another method. Allocates no more than `limit`.
  Expected<Bytes> read(const std::string &member, size_t limit = size_t{4} << 30) const;

private:
  std::string file;
  std::vector<std::string> names;
  std::shared_ptr<struct ZipHandle> handle;
};

} // namespace hornet::formats
