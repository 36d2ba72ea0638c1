//===- Npy.h - NumPy's .npy and .npz ------------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"
#include "base/Tensor.h"
#include "formats/File.h"

#include <string>
#include <utility>
#include <vector>

namespace hornet::formats {

/// Arrays with their names, in the archive's order.
using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

/// Whether arrays of strings are wanted.
enum class Strings { refuse, read };

/// Format versions 1 to 3, either byte order, C or Fortran order (turned into C order). Strings
/// (NumPy's U and S, without the zeros at their end, as NumPy has it) where they are asked for.
/// Refused: object arrays (pickles), structured types, complex numbers, headers that do not parse,
/// fewer or more bytes than the shape needs, strings that are no characters or not UTF-8. Source:
/// numpy.lib.format.
Expected<Tensor> readNpy(std::span<const std::byte> bytes, const std::string &file,
                         Strings strings = Strings::refuse);
Expected<Tensor> readNpyFile(const std::string &path, Strings strings = Strings::refuse);
/// All arrays of a .npz (member names without ".npy"), stored or compressed. Refused besides: what
/// ZipArchive refuses, and members that are not .npy.
Expected<NamedTensors> readNpzFile(const std::string &path, Strings strings = Strings::refuse);

/// Format version 1, C order, byte by byte as numpy.save writes it. bfloat16, which NumPy does not
/// have, is written as float32, which holds all its values; strings as NumPy's U, as wide as the
/// longest, bytes that are not UTF-8 as U+FFFD.
Bytes writeNpy(const Tensor &tensor);
/// As numpy.savez writes it (stored, no compression, no time stamps); written aside and renamed.
/// Input error: two arrays of one name.
Expected<void> writeNpzFile(const std::string &path, const NamedTensors &tensors);

} // namespace hornet::formats
