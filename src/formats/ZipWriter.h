//===- ZipWriter.h - Writing zip archives -------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "formats/File.h"

#include <span>
#include <string>
#include <utility>
#include <vector>

namespace hornet::formats {

/// A member's name and its bytes, which must outlive the call.
using ZipMembers = std::vector<std::pair<std::string, std::span<const std::byte>>>;

/// An archive of these members in this order, stored, not compressed, all dated 1980-01-01: the
/// same members give the same bytes. Names must differ. Machine error: out of memory.
Expected<Bytes> writeZip(const ZipMembers &members);

} // namespace hornet::formats
