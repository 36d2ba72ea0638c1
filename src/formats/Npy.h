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

/// Format versions 1 to 3, either byte order, C or Fortran order (turned into C order). Refused:
/// object arrays (pickles), strings, structured types, complex numbers, headers that do not parse,
/// fewer or more bytes than the shape needs. Source: numpy.lib.format.
Expected<Tensor> readNpy(std::span<const std::byte> bytes, const std::string &file);
Expected<Tensor> readNpyFile(const std::string &path);
/// All arrays of a .npz (member names without ".npy"), stored or compressed. Refused besides: what
/// ZipArchive refuses, and members that are not .npy.
Expected<NamedTensors> readNpzFile(const std::string &path);

/// Format version 1, C order, byte by byte as numpy.save writes it. bfloat16, which NumPy does not
/// have, is written as float32, which holds all its values.
Bytes writeNpy(const Tensor &tensor);
/// As numpy.savez writes it (stored, no compression, no time stamps); written aside and renamed.
/// Input error: two arrays of one name.
Expected<void> writeNpzFile(const std::string &path, const NamedTensors &tensors);

} // namespace hornet::formats
