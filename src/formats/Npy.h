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
/// object arrays (pickles), strings, structured types, headers that do not parse, too few bytes.
Expected<Tensor> readNpy(std::span<const std::byte> bytes, const std::string &file);
Expected<Tensor> readNpyFile(const std::string &path);
/// All arrays of a .npz (member names without ".npy").
Expected<NamedTensors> readNpzFile(const std::string &path);

/// Format version 1, C order.
Bytes writeNpy(const Tensor &tensor);
/// As numpy.savez writes it (stored, no compression); written aside and renamed.
Expected<void> writeNpzFile(const std::string &path, const NamedTensors &tensors);

} // namespace hornet::formats
