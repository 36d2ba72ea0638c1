//===- File.h - Whole files in and out --------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hornet::formats {

using Bytes = std::vector<std::byte>;

/// All bytes of a regular file. Input error: missing, a directory, unreadable, or over `limit`
/// bytes.
Expected<Bytes> readFile(const std::string &path, size_t limit = size_t{4} << 30);

/// Writes beside `path` and renames, so that `path` is either as it was or complete.
/// On file systems that permit it, a process that is killed leaves nothing half-written behind.
/// Machine error when the folder is missing, the disk is full, …; nothing is left behind then.
Expected<void> writeFile(const std::string &path, std::span<const std::byte> bytes);

/// What the first bytes say a file is.
enum class Signature { empty, hdf5, zip, json, png, jpeg, npy, gzip, gitLfsPointer, html, unknown };
Signature signatureOf(std::span<const std::byte> bytes);
/// For messages: "an HDF5 file", "a Git LFS pointer, not the file itself", …
std::string_view describe(Signature signature);
/// How the user gets the real file instead, as an imperative; empty when there is no saying.
std::string_view mend(Signature signature);

} // namespace hornet::formats
