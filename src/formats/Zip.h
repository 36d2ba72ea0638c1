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

struct zip;

namespace hornet::formats {

/// A zip archive (.keras, .npz) held in memory, read through libzip. Nothing is ever unpacked to
/// disk. Opening refuses: no central directory (truncated), a directory outside the file, a member
/// whose name leaves the archive or is there twice, a member that is a symbolic link.
class ZipArchive {
public:
  static Expected<ZipArchive> open(Bytes bytes, std::string file);

  /// Names of all members in the directory's order.
  const std::vector<std::string> &members() const { return names; }
  bool contains(const std::string &member) const;
  /// A member's bytes. Input error: missing, over `limit` once expanded, CRC-32 mismatch, claims
  /// more than the archive can hold.
  Expected<Bytes> read(const std::string &member, size_t limit = size_t{4} << 30) const;

private:
  std::string file;
  std::shared_ptr<const Bytes> bytes;
  std::shared_ptr<::zip> archive;
  std::vector<std::string> names;
};

} // namespace hornet::formats
